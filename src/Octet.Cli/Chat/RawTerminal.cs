using System.Runtime.InteropServices;
using Octet.Cli.IO;

namespace Octet.Cli.Chat;

/// <summary>
/// The terminal without its own line editing, whose lines end at 4,095 bytes and know nothing of pastes: every key comes as it is typed,
/// Ctrl+C as a byte, and a paste comes between marks. Whoever disposes of it, or ends the process in order, leaves the terminal as it was. Linux and macOS.
/// </summary>
sealed partial class RawTerminal : IDisposable
{
    const int Input = 0;
    const int OwnGroup = 0;
    const string MarkPastes = "\e[?2004h";

    // No marks, and the cursor keys and the keypad as they are by default: .NET's console sets both otherwise, and leaves them so.
    const string LeaveModes = "\e[?2004l\e[?1l\e>";

    // TCSADRAIN, the same on both systems: what was written is shown first, what was typed meanwhile is kept.
    const int AfterOutput = 1;

    // Larger than any system's struct termios, which is handed on as it came.
    const int StateSize = 256;

    static readonly byte[] s_asFound = new byte[StateSize];
    static int s_changed;

    RawTerminal()
    {
    }

    /// <summary>Whether the input is a terminal that can do this.</summary>
    internal static bool IsSupported => !OperatingSystem.IsWindows() && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb") && GetAttributes(Input, new byte[StateSize]) == 0;

    /// <summary>Null where the input is no terminal that can do this.</summary>
    internal static RawTerminal? TryEnter()
    {
        if (!IsSupported || GetAttributes(Input, s_asFound) != 0)
        {
            return null;
        }

        byte[] raw = [.. s_asFound];
        MakeRaw(raw);
        AppDomain.CurrentDomain.ProcessExit += Restore;
        Volatile.Write(ref s_changed, 1);
        if (SetAttributes(Input, AfterOutput, raw) != 0)
        {
            Restore(null, EventArgs.Empty);
            return null;
        }

        try
        {
            Standard.Output.Write(MarkPastes);
            Standard.Output.Flush();
        }
        catch
        {
            Restore(null, EventArgs.Empty);
            throw;
        }

        return new RawTerminal();
    }

    public void Dispose() => Restore(null, EventArgs.Empty);

    /// <summary>Puts the job aside as Ctrl+Z does, whatever other processes it has with this one; returns when it goes on.</summary>
    internal static void Suspend() => _ = Signal(OwnGroup, OperatingSystem.IsMacOS() ? 18 : 20);

    static void Restore(object? sender, EventArgs e)
    {
        if (Interlocked.Exchange(ref s_changed, 0) == 1)
        {
            AppDomain.CurrentDomain.ProcessExit -= Restore;
            try
            {
                Standard.Output.Write(LeaveModes);
                Standard.Output.Flush();
            }
            catch (IOException)
            {
                // The output has gone, as it may without the input; at the end of a process an exception would be a crash.
            }
            finally
            {
                _ = SetAttributes(Input, AfterOutput, s_asFound);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    private static partial int GetAttributes(int descriptor, [Out] byte[] state);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    private static partial int SetAttributes(int descriptor, int when, [In] byte[] state);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw([In, Out] byte[] state);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);
}
