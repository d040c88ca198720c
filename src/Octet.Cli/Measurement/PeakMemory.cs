using System.Diagnostics;

namespace Octet.Cli.Measurement;

/// <summary>The most memory that this process has had resident, mapped weights included.</summary>
static class PeakMemory
{
    /// <summary>Begins anew with what is resident now; false where the system has no such thing (Linux has: 5 to clear_refs).</summary>
    internal static bool Reset()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    internal static long Bytes()
    {
        if (ProcessFigures.Bytes("status", "VmHWM:") is { } peak)
        {
            return peak;
        }

        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
