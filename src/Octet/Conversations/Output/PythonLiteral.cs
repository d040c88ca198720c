using System.Globalization;
using System.Numerics;

namespace Octet.Output;

/// <summary>What Python writes as one word: numbers, and the three constants.</summary>
static class PythonLiteral
{
    /// <summary>The JSON of a word; null where it is no literal, or a number that JSON has not.</summary>
    internal static string? ToJson(string word) => word switch
    {
        // Models write JSON's own words too.
        "True" or "true" => "true",
        "False" or "false" => "false",
        "None" or "null" => "null",
        _ => Number(word),
    };

    static string? Number(string word)
    {
        string sign = word.StartsWith('-') ? "-" : "";
        ReadOnlySpan<char> rest = word.AsSpan(word is ['-' or '+', ..] ? 1 : 0);
        if (rest is ['_', ..] or [.., '_'])
        {
            return null;
        }

        string body = rest.ToString().Replace("_", "", StringComparison.Ordinal);
        int radix = body is ['0', 'x' or 'X', ..] ? 16 : body is ['0', 'o' or 'O', ..] ? 8 : body is ['0', 'b' or 'B', ..] ? 2 : 10;
        return (radix == 10 ? Decimal(body) : Integer(body[2..], radix)) is { } number ? sign + number : null;
    }

    static string? Integer(string digits, int radix)
    {
        BigInteger value = 0;
        foreach (char digit in digits)
        {
            int next = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : radix;
            if (next >= radix)
            {
                return null;
            }

            value = (value * radix) + next;
        }

        return digits.Length == 0 ? null : value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Python allows what JSON does not: nothing before or behind the point. Zeros in front models write against both.</summary>
    static string? Decimal(string body)
    {
        int exponentAt = body.AsSpan().IndexOfAny('e', 'E');
        string mantissa = exponentAt < 0 ? body : body[..exponentAt];
        string exponent = exponentAt < 0 ? "" : body[(exponentAt + 1)..];
        int pointAt = mantissa.IndexOf('.', StringComparison.Ordinal);
        string whole = pointAt < 0 ? mantissa : mantissa[..pointAt];
        string fraction = pointAt < 0 ? "" : mantissa[(pointAt + 1)..];
        string power = exponent is ['-' or '+', ..] ? exponent[1..] : exponent;
        if (whole.Length + fraction.Length == 0 || !IsDigits(whole) || !IsDigits(fraction) || !IsDigits(power) || (exponentAt >= 0 && power.Length == 0))
        {
            return null;
        }

        whole = whole.TrimStart('0') is { Length: > 0 } digits ? digits : "0";
        string number = whole + (pointAt < 0 ? "" : "." + (fraction.Length == 0 ? "0" : fraction)) + (exponentAt < 0 ? "" : "e" + exponent);
        bool isInteger = pointAt < 0 && exponentAt < 0;
        return isInteger || double.IsFinite(double.Parse(number, CultureInfo.InvariantCulture)) ? number : null;
    }

    static bool IsDigits(string text) => text.All(char.IsAsciiDigit);
}
