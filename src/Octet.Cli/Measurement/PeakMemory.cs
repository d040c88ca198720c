using System.Diagnostics;
using System.Globalization;

namespace Octet.Cli.Measurement;

/// <summary>The most memory that this process has had resident, mapped weights included.</summary>
static class PeakMemory
{
    const string Key = "VmHWM:";

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
