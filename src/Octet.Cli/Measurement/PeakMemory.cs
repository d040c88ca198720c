using System.Diagnostics;
using System.Globalization;

namespace Octet.Cli.Measurement;

/// <summary>The most memory that this process has had resident, mapped weights included.</summary>
static class PeakMemory
{
    const string Key = "VmHWM:";

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
        if (OperatingSystem.IsLinux() && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) is { } line)
        {
            // "VmHWM:     12345 kB"
            string kibibytes = line[Key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
            return long.Parse(kibibytes, CultureInfo.InvariantCulture) * 1024;
        }

        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
