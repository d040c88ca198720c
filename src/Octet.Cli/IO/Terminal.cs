using Spectre.Console;

namespace Octet.Cli.IO;

/// <summary>Tables, trees and progress bars. Colours only on a terminal, and not where <c>NO_COLOR</c> is set.</summary>
static class Terminal
{
    // Wide enough for any line: what is piped is never folded.
    const int Unfolded = 100_000;

    internal static IAnsiConsole Output() => Create(Standard.Output, Standard.OutputIsTerminal);

    internal static IAnsiConsole Error() => Create(Standard.Error, Standard.ErrorIsTerminal);

    static IAnsiConsole Create(TextWriter writer, bool terminal)
    {
        bool plain = !terminal || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = terminal ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = terminal ? Width() : Unfolded;
        console.Profile.Capabilities.Unicode = true;
        return console;
    }

    internal static int Width() => Size(static () => Console.WindowWidth, 80);

    internal static int Height() => Size(static () => Console.WindowHeight, 24);

    static int Size(Func<int> measured, int otherwise)
    {
        try
        {
            return measured() is > 0 and int size ? size : otherwise;
        }
        catch (IOException)
        {
            return otherwise;
        }
    }
}
