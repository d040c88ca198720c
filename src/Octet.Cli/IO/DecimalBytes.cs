using System.Globalization;

namespace Octet.Cli.IO;

/// <summary>Bytes on a network, as the hub's pages and other download tools count them: decimal units, three digits.</summary>
static class DecimalBytes
{
    static readonly string[] s_units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

    internal static string Text(double bytes)
    {
        int unit = 0;
        for (; bytes >= 999.5 && unit + 1 < s_units.Length; unit++)
        {
            bytes /= 1000;
        }

        string format = unit == 0 || bytes >= 99.95 ? "0" : bytes >= 9.995 ? "0.0" : "0.00";
        return $"{bytes.ToString(format, CultureInfo.InvariantCulture)} {s_units[unit]}";
    }
}
