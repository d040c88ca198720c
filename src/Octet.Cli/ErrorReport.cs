using System.Text;
using Octet.Cli.IO;
using Octet.Cli.Options;
using Octet.Safetensors;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Cli;

/// <summary>What an error becomes: one line on the error stream, and an exit code. <c>OCTET_DEBUG=1</c> adds where it came from.</summary>
static class ErrorReport
{
    const int Failure = 1;
    const int WrongUsage = 2;

    // As a shell reports a program that SIGPIPE ended.
    const int ReaderGone = 128 + 13;

    // EPIPE, on Linux and macOS.
    const int BrokenPipe = 32;

    internal static int Write(Exception error, Interruption interruption)
    {
        if (IsBrokenPipe(error))
        {
            return ReaderGone;
        }

        try
        {
            Standard.Output.Flush();
        }
        catch (IOException unwritten) when (IsBrokenPipe(unwritten))
        {
            return ReaderGone;
        }
        catch (IOException)
        {
            // The first error is the one to tell.
        }

        if (error is OperationCanceledException && interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }

        WriteLine(Describe(error));
        if (Environment.GetEnvironmentVariable("OCTET_DEBUG") is "1")
        {
            Standard.Error.WriteLine(error);
        }

        return error is UsageException ? WrongUsage : Failure;
    }

    /// <summary>Writes <c>octet: error: ...</c>, always one line.</summary>
    internal static void WriteLine(string message) => Standard.Error.WriteLine($"octet: error: {OneLine(message)}");

    /// <summary>Writes <c>octet: warning: ...</c>, always one line: what is worth knowing, and stops nothing.</summary>
    internal static void Warn(string message) => Standard.Error.WriteLine($"octet: warning: {OneLine(message)}");

    internal static string Describe(Exception error) => error switch
    {
        ModelException model => OptionNames.Translate(error.Message, model.Path),
        CommandException or ModelHubException or SafetensorsException or TokenizerException or ChatTemplateException => error.Message,
        ArgumentException { ParamName: { Length: > 0 } name } => OptionNames.Translate(error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)),
        IOException or UnauthorizedAccessException => error.Message,
        OutOfMemoryException => "memory is used up: choose a smaller model, a shorter --context or fewer --threads",
        _ => $"unexpected {error.GetType().Name}: {error.Message} (OCTET_DEBUG=1 shows where)",
    };

    internal static bool IsBrokenPipe(Exception error) => !OperatingSystem.IsWindows() && error is IOException { HResult: BrokenPipe };

    static string OneLine(string message)
    {
        var line = new StringBuilder(message.Length);
        foreach (char c in message.Trim())
        {
            bool blank = char.IsControl(c) || char.IsWhiteSpace(c);
            if (!blank)
            {
                line.Append(c);
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }
        }

        return line.ToString();
    }
}
