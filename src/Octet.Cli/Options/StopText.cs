using System.Globalization;
using System.Text;

namespace Octet.Cli.Options;

/// <summary>A text on the command line in which a backslash begins an escape, for characters that a shell makes hard to type.</summary>
static class StopText
{
    internal const string Escapes = @"\n, \r, \t, \\, \xHH, \uXXXX";

    /// <summary>The text that is meant; null where an escape is unknown, or the text is not Unicode.</summary>
    internal static string? Parse(string text)
    {
        var result = new StringBuilder(text.Length);
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] != '\\')
            {
                result.Append(text[at]);
                continue;
            }

            int digits = 0;
            switch (++at < text.Length ? text[at] : '\0')
            {
                case 'n':
                    result.Append('\n');
                    break;
                case 'r':
                    result.Append('\r');
                    break;
                case 't':
                    result.Append('\t');
                    break;
                case '\\':
                    result.Append('\\');
                    break;
                case 'x':
                    digits = 2;
                    break;
                case 'u':
                    digits = 4;
                    break;
                default:
                    return null;
            }

            if (digits > 0)
            {
                if (at + digits >= text.Length || !ushort.TryParse(text.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit))
                {
                    return null;
                }

                result.Append((char)unit);
                at += digits;
            }
        }

        return HasLoneSurrogate(result) ? null : result.ToString();
    }

    static bool HasLoneSurrogate(StringBuilder text)
    {
        for (int at = 0; at < text.Length; at++)
        {
            if (char.IsSurrogate(text[at]) && (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[++at])))
            {
                return true;
            }
        }

        return false;
    }
}
