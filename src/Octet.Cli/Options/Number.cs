using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Octet.Cli.Options;

/// <summary>Options that take numbers: checked against their range while the command line is read.</summary>
static class Number
{
    internal static Option<int?> Integer(string name, string description, int minimum, int maximum = int.MaxValue, params string[] aliases)
    {
        string expected = maximum == int.MaxValue ? $"a whole number from {minimum}" : $"a whole number from {minimum} to {maximum}";
        return new Option<int?>(name, aliases)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result => int.TryParse(Only(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= minimum && value <= maximum
                ? value
                : Refuse<int?>(result, name, expected),
        };
    }

    internal static Option<long?> Seed(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => long.TryParse(Only(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : Refuse<long?>(result, name, "a whole number"),
    };

    internal static Option<float?> Real(string name, string description, string expected, Func<float, bool> valid) => new(name)
    {
        Description = description,
        HelpName = "X",
        CustomParser = result => float.TryParse(Only(result), NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && valid(value)
            ? value
            : Refuse<float?>(result, name, expected),
    };

    /// <summary>Whole numbers from <paramref name="minimum"/>, separated by commas or blanks.</summary>
    internal static Option<int[]?> List(string name, string description, int minimum, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = "N,N,...",
        CustomParser = result =>
        {
            string[] parts = Only(result).Split([',', ' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            int[] values = new int[parts.Length];
            for (int i = 0; i < parts.Length; i++)
            {
                if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out values[i]) || values[i] < minimum)
                {
                    result.AddError($"{name}: '{parts[i]}' is not a whole number from {minimum}");
                    return null;
                }
            }

            return values.Length > 0 ? values : Refuse<int[]?>(result, name, $"whole numbers from {minimum}, separated by commas");
        },
    };

    /// <summary>The numbers of a list; null where the option is not there (its own value would be an empty list).</summary>
    internal static int[]? Given(ParseResult parsed, Option<int[]?> list) => parsed.GetResult(list) is null ? null : parsed.GetValue(list);

    static string Only(ArgumentResult result) => result.Tokens is [{ } token] ? token.Value : "";

    static T? Refuse<T>(ArgumentResult result, string name, string expected)
    {
        result.AddError($"{name} is '{Only(result)}': expected {expected}");
        return default;
    }
}
