using Octet.Constraints.Patterns;

namespace Octet.Constraints.Schemas;

/// <summary>The formats of strings that are held to: of RFC 3339 and others what JSON Schema refers to, days of a month included.</summary>
static class SchemaFormats
{
    const string Month31 = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])";
    const string Month30 = "(0[469]|11)-(0[1-9]|[12][0-9]|30)";
    const string February = "02-(0[1-9]|1[0-9]|2[0-8])";
    const string Year = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])";
    const string LeapYear = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)";
    const string Date = $"({Year}-({Month31}|{Month30}|{February})|{LeapYear}-02-29)";

    // No leap seconds, and offsets as far as they are in use: what programs read.
    const string Time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,7})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)";
    const string Atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    const string Label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    const string Octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

    /// <summary>The texts of a format; null where it is not held to.</summary>
    internal static Expression? Find(string name)
    {
        string? pattern = name switch
        {
            "date" => Date,
            "time" => Time,
            "date-time" => $"{Date}T{Time}",
            "uuid" => "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
            "email" => $"{Atom}(\\.{Atom})*@{Label}(\\.{Label})+",
            "hostname" => $"{Label}(\\.{Label})*",
            "ipv4" => $"{Octet}(\\.{Octet}){{3}}",
            _ => null,
        };
        return pattern is null ? null : PatternReader.Read(pattern, name);
    }
}
