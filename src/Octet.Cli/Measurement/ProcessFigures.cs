using System.Globalization;

namespace Octet.Cli.Measurement;

/// <summary>What Linux tells of this process, in files with lines such as <c>VmHWM:     12345 kB</c> or <c>read_bytes: 4096</c>.</summary>
static class ProcessFigures
{
    const string Kibibytes = "kB";

    /// <summary>Bytes; null where the system has no such file or line, or does not show it.</summary>
    internal static long? Bytes(string file, string key)
    {
        try
        {
            if (!OperatingSystem.IsLinux() || File.ReadLines($"/proc/self/{file}").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is not { } line)
            {
                return null;
            }

            string value = line[key.Length..].Trim();
            return value.EndsWith(Kibibytes, StringComparison.Ordinal)
                ? long.Parse(value[..^Kibibytes.Length].Trim(), CultureInfo.InvariantCulture) * 1024
                : long.Parse(value, CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
