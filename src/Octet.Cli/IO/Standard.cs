using System.Text;

namespace Octet.Cli.IO;

/// <summary>The process's own streams: UTF-8 without a mark whatever the locale says, output written only when it is flushed.</summary>
static class Standard
{
    static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);
    static readonly Lazy<TextWriter> s_output = new(() => Writer(OpenOutput()));
    static readonly Lazy<TextWriter> s_error = new(() => Prompt(OpenError()));
    static readonly AsyncLocal<Pipes?> s_pipes = new();
    static readonly AsyncLocal<CancellationToken> s_interrupted = new();

    internal static TextWriter Output => s_pipes.Value?.Output ?? s_output.Value;

    internal static TextWriter Error => s_pipes.Value?.Error ?? s_error.Value;

    internal static bool InputIsTerminal => s_pipes.Value is null && !Console.IsInputRedirected;

    internal static bool OutputIsTerminal => s_pipes.Value is null && !Console.IsOutputRedirected;

    internal static bool ErrorIsTerminal => s_pipes.Value is null && !Console.IsErrorRedirected;

    /// <summary>Gives what the caller calls other streams, as pipes are: several runs of the tool in one process.</summary>
    internal static void Redirect(Stream input, Stream output, Stream error) => s_pipes.Value = new Pipes(input, Writer(output), Prompt(error));

    /// <summary>Gives what the caller calls a signal to hear while it waits for input.</summary>
    internal static void ListenTo(CancellationToken interrupted) => s_interrupted.Value = interrupted;

    /// <summary>
    /// Waits for what another may never give, and for a signal. A thread that reads a pipe or a terminal hears of none, so another one reads: it is left
    /// behind where a signal comes, and what the caller has half-written is cleared away as it is for any other error.
    /// </summary>
    /// <exception cref="OperationCanceledException">A signal came.</exception>
    internal static T Await<T>(Func<T> read)
    {
        CancellationToken interrupted = s_interrupted.Value;
        return interrupted.CanBeCanceled ? Task.Run(read, CancellationToken.None).WaitAsync(interrupted).GetAwaiter().GetResult() : read();
    }

    /// <summary>What a model wrote, as a stream takes it: whole, but a terminal is not steered by it.</summary>
    internal static string Readable(string text, bool terminal) => terminal ? Visible.Lines(text) : text;

    /// <summary>The bytes that come in. <see cref="TextInput"/> makes text of them.</summary>
    internal static Stream OpenInput()
    {
        if (s_pipes.Value is { } pipes)
        {
            return pipes.Input;
        }

        if (!OperatingSystem.IsWindows() || !InputIsTerminal)
        {
            return new AwaitedStream(Console.OpenStandardInput());
        }

        SetWindowsInput();
        return new AwaitedStream(Encoding.CreateTranscodingStream(Console.OpenStandardInput(), Encoding.Unicode, s_utf8));
    }

    /// <summary>What is typed at the terminal.</summary>
    internal static TextReader OpenTerminal()
    {
        if (OperatingSystem.IsWindows())
        {
            SetWindowsInput();
        }
        else
        {
            Console.InputEncoding = s_utf8;
        }

        return Console.In;
    }

    // .NET then reads characters (ReadConsoleW). As bytes, the console gives those that its code page lacks as '?', and in UTF-8 as NUL.
    static void SetWindowsInput() => Console.InputEncoding = Encoding.Unicode;

    static Stream OpenOutput()
    {
        if (!OperatingSystem.IsWindows())
        {
            // A long generation for nobody must not go on.
            return new DescriptorStream(1, mayBeGone: false);
        }

        SetWindowsOutput();
        return Console.OpenStandardOutput();
    }

    // One code page of the console for both streams, whichever is written first.
    static void SetWindowsOutput() => Console.OutputEncoding = s_utf8;

    // What goes wrong is told here; that it could not be told is not worth another error.
    static Stream OpenError()
    {
        if (!OperatingSystem.IsWindows())
        {
            return new DescriptorStream(2, mayBeGone: true);
        }

        SetWindowsOutput();
        return Console.OpenStandardError();
    }

    static StreamWriter Writer(Stream stream) => new(stream, s_utf8, 16384) { NewLine = "\n" };

    static StreamWriter Prompt(Stream stream) => new(stream, s_utf8) { AutoFlush = true, NewLine = "\n" };

    sealed record Pipes(Stream Input, TextWriter Output, TextWriter Error);
}
