using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Octet.Cli.IO;

/// <summary>The process's own streams: UTF-8 without a mark whatever the locale says, output written only when it is flushed.</summary>
static class Standard
{
    static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);
    static readonly Lazy<TextWriter> s_output = new(() => new StreamWriter(OpenOutput(), s_utf8, 16384) { NewLine = "\n" });
    static readonly Lazy<TextWriter> s_error = new(() => new StreamWriter(Console.OpenStandardError(), s_utf8) { AutoFlush = true, NewLine = "\n" });

    internal static TextWriter Output => s_output.Value;

    internal static TextWriter Error => s_error.Value;

    internal static bool InputIsTerminal => !Console.IsInputRedirected;

    internal static bool OutputIsTerminal => !Console.IsOutputRedirected;

    internal static bool ErrorIsTerminal => !Console.IsErrorRedirected;

    /// <summary>The bytes that come in. <see cref="TextInput"/> makes text of them.</summary>
    internal static Stream OpenInput()
    {
        if (!OperatingSystem.IsWindows() || !InputIsTerminal)
        {
            return Console.OpenStandardInput();
        }

        SetWindowsInput();
        return Encoding.CreateTranscodingStream(Console.OpenStandardInput(), Encoding.Unicode, s_utf8);
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

    // .NET's console stream takes a reader that has gone for success, and a long generation would go on for nobody.
    static Stream OpenOutput()
    {
        if (OperatingSystem.IsWindows())
        {
            Console.OutputEncoding = s_utf8;
            return Console.OpenStandardOutput();
        }

        try
        {
            var pipe = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);

            // A file would be written at a position of the stream's own, over what the error stream wrote to the same file.
            return pipe.CanSeek ? Console.OpenStandardOutput() : pipe;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Console.OpenStandardOutput();
        }
    }
}
