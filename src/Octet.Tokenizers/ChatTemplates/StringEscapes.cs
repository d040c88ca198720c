using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The escapes of string literals: Python's <c>unicode-escape</c>, without names of characters.</summary>
static class StringEscapes
{
    /// <summary>The string meant, or <see langword="null"/> where an escape is cut short or too large.</summary>
    internal static string? Decode(string body)
    {
        if (!body.Contains('\\', StringComparison.Ordinal))
        {
            return body;
        }

        StringBuilder into = new(body.Length);
        for (int at = 0; at < body.Length; at++)
        {
            if (body[at] != '\\' || at + 1 == body.Length)
            {
                into.Append(body[at]);
                continue;
            }

            char c = body[++at];
            int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                if (at + digits >= body.Length
                    || !uint.TryParse(body.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint point)
                    || point > 0x10FFFF)
                {
                    return null;
                }

                _ = point > 0xFFFF ? into.Append(char.ConvertFromUtf32((int)point)) : into.Append((char)point);
                at += digits;
            }
            else if (c is >= '0' and <= '7')
            {
                int value = 0;
                int end = Math.Min(at + 3, body.Length);
                for (; at < end && body[at] is >= '0' and <= '7'; at++)
                {
                    value = (value * 8) + (body[at] - '0');
                }

                at--;
                into.Append((char)value);
            }
            else if (c == 'N')
            {
                return null;
            }
            else
            {
                _ = c switch
                {
                    'n' => into.Append('\n'),
                    't' => into.Append('\t'),
                    'r' => into.Append('\r'),
                    'a' => into.Append('\a'),
                    'b' => into.Append('\b'),
                    'f' => into.Append('\f'),
                    'v' => into.Append('\v'),
                    '\n' => into,
                    '\\' or '\'' or '"' => into.Append(c),
                    _ => into.Append('\\').Append(c),
                };
            }
        }

        return into.ToString();
    }
}
