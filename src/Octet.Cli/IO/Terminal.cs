using System.Runtime.InteropServices;
using Spectre.Console;

namespace Octet.Cli.IO;

/// <summary>Tables, trees and progress bars. Colours only on a terminal, and not where <c>NO_COLOR</c> is set.</summary>
static partial class Terminal
{
    // Wide enough for any line: what is piped is never folded.
    const int Unfolded = 100_000;

    // TIOCGWINSZ.
    const int GetWindowSize = 0x5413;

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

    internal static int Width() => Size(static size => size.Columns, static () => Console.WindowWidth, 80);

    internal static int Height() => Size(static size => size.Rows, static () => Console.WindowHeight, 24);

    static int Size(Func<WindowSize, int> asked, Func<int> measured, int otherwise)
    {
        try
        {
            // .NET's console switches the cursor keys and the keypad of a terminal that it measures, for good.
            return (TryAsk(out WindowSize size) ? asked(size) : measured()) is > 0 and int found ? found : otherwise;
        }
        catch (IOException)
        {
            return otherwise;
        }
    }

    /// <summary>Asks the first standard stream that is a terminal. Only on Linux: elsewhere a function with a variable number of arguments may be called otherwise.</summary>
    static bool TryAsk(out WindowSize size)
    {
        size = default;
        return OperatingSystem.IsLinux() && (Control(1, GetWindowSize, out size) == 0 || Control(2, GetWindowSize, out size) == 0 || Control(0, GetWindowSize, out size) == 0);
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(int descriptor, nuint request, out WindowSize size);

    /// <summary>Linux's <c>struct winsize</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    readonly struct WindowSize
    {
        internal readonly ushort Rows;
        internal readonly ushort Columns;
        readonly ushort _width;
        readonly ushort _height;
    }
}
