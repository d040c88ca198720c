using System.Globalization;

namespace Octet.Cli.Measurement;

/// <summary>What the system fetched from storage for this process, mapped files included.</summary>
static class DiskReads
{
    const string Key = "read_bytes:";

    /// <summary>Bytes since the process began, 0 where all was in the system's cache; null where the system does not count them (Linux does).</summary>
    internal static long? Bytes()
    {
        try
        {
            return OperatingSystem.IsLinux() && File.ReadLines("/proc/self/io").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) is { } line
                ? long.Parse(line[Key.Length..].Trim(), CultureInfo.InvariantCulture)
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
