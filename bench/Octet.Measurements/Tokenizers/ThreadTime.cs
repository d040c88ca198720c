using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Octet.Measurements.Tokenizers;

/// <summary>The time that this thread has had of a processor, which other work on the machine does not lengthen; elsewhere than on Linux, time as it passes.</summary>
static class ThreadTime
{
    const int ThreadProcessorTime = 3;

    internal static double Seconds => OperatingSystem.IsLinux() && clock_gettime(ThreadProcessorTime, out Timespec time) == 0
        ? time.Seconds + (time.Nanoseconds * 1e-9)
        : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int clock_gettime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    readonly struct Timespec
    {
        internal readonly nint Seconds;
        internal readonly nint Nanoseconds;
    }
}
