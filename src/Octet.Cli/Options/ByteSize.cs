using System.CommandLine;
using System.Globalization;

namespace Octet.Cli.Options;

/// <summary>An option that takes a number of bytes: <c>5GB</c>, <c>512MiB</c>, <c>1000000</c>.</summary>
static class ByteSize
{
    static readonly (string Unit, long Bytes)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("B", 1),
    ];

    internal static Option<long?> Option(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result =>
        {
            string text = result.Tokens is [{ } token] ? token.Value : "";
            if (Parse(text) is { } bytes)
            {
                return bytes;
            }

            result.AddError($"{name} is '{text}': expected a size such as 5GB, 512MiB or 1000000");
            return null;
        },
    };

    static long? Parse(string text)
    {
        (string unit, long bytes) = s_units.FirstOrDefault(entry => text.EndsWith(entry.Unit, StringComparison.OrdinalIgnoreCase));
        string number = unit is null ? text : text[..^unit.Length].TrimEnd();
        return decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)
            && value > 0 && value < long.MaxValue / Math.Max(bytes, 1) && value * Math.Max(bytes, 1) >= 1
            ? (long)(value * Math.Max(bytes, 1))
            : null;
    }
}
