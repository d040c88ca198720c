using System.Globalization;

namespace Octet.Cli.IO;

/// <summary>Bytes for people: exact up to a kibibyte, then three or four digits and a binary unit.</summary>
static class ByteCount
{
    static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    internal static string Text(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (value >= 1024)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 || value >= 100 ? value.ToString("0", CultureInfo.InvariantCulture) : value.ToString("0.0", CultureInfo.InvariantCulture))} {s_units[unit]}");
    }
}
