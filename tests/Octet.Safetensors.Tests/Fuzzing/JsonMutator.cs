using System.Globalization;
using System.Text;

namespace Octet.Safetensors.Tests.Fuzzing;

/// <summary>
/// Changes to JSON text that know where its numbers, strings and members are, so that most results still parse and fail, if at all,
/// further in than at the first byte. Text that does not parse is changed all the same.
/// </summary>
static class JsonMutator
{
    static readonly string[] s_numbers =
    [
        "0", "1", "2", "3", "7", "8", "255", "65536", "2147483647", "2147483648", "4294967295", "4294967296", "4611686018427387904", "9223372036854775807",
        "9223372036854775808", "18446744073709551608", "18446744073709551615", "18446744073709551616", "-0", "-1", "00", "01", "1.0", "0.5", "1e0", "1E3",
        "1e400", "1e-400", "0x1", "NaN", "+1", "null", "true", "\"1\"", "[]", "{}", "", new('9', 400), "0." + new string('1', 400), "1" + new string('0', 5000),
    ];

    static readonly string[] s_strings =
    [
        "BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "I16", "BF16", "F32", "C64", "F64", "U64", "f32", "F128", "F32 ",
        "dtype", "shape", "data_offsets", "__metadata__", "\\u005f_metadata__", "dtyp\\u0065", "weight_map", "metadata", "", " ", "a", "\\u0061", "\\u0000", "\u0001",
        "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\ude00\\ud83d", "\\uD83D", "\\x41", "\\", "\\u12", "\uFEFF", "\U0001F600", "e\u0301", "\u2028", "model.safetensors",
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "../one", "/etc/passwd", "..", "C:\\\\x", "a/b", new('n', 10_000), new('\u6F22', 3000),
    ];

    static readonly string[] s_space = [" ", "\t", "\n", "\r\n", "  \n  ", "\0", "\u00A0", "\uFEFF", "/**/", "//\n", new(' ', 4096)];

    internal static string Mutate(string json, Random random)
    {
        List<Token> tokens = Tokens(json);
        if (tokens.Count == 0)
        {
            return json + Pick(s_numbers, random);
        }

        Token token = tokens[random.Next(tokens.Count)];
        return random.Next(13) switch
        {
            0 or 1 or 2 => Replace(json, PickKind(tokens, '0', random), Number(random)),
            3 or 4 => Replace(json, PickKind(tokens, '"', random), "\"" + Pick(s_strings, random) + "\""),
            5 => DuplicateMember(json, tokens, random),
            6 => DeleteMember(json, tokens, random),
            7 => SwapValues(json, tokens, random),
            8 => Nest(json, token, random),
            9 => json.Insert(random.Next(2) == 0 ? token.Start : token.End, Pick(s_space, random)),
            10 => EscapeText(json, PickKind(tokens, '"', random)),
            11 => json.Remove(token.Start, token.End - token.Start),
            _ => json.Insert(token.Start, Text(json, tokens[random.Next(tokens.Count)])),
        };
    }

    static string Number(Random random) => random.Next(3) switch
    {
        0 => random.Next(64).ToString(CultureInfo.InvariantCulture),
        1 => ((1UL << random.Next(64)) + (ulong)random.Next(-2, 3)).ToString(CultureInfo.InvariantCulture),
        _ => Pick(s_numbers, random),
    };

    static string DuplicateMember(string json, List<Token> tokens, Random random)
    {
        (int start, int end) = Member(tokens, random);
        if (end < 0)
        {
            return json;
        }

        string member = json[start..end];
        int times = random.Next(8) == 0 ? 50 : 1;
        return json.Insert(start, string.Concat(Enumerable.Repeat(member + ",", times)));
    }

    static string DeleteMember(string json, List<Token> tokens, Random random)
    {
        (int start, int end) = Member(tokens, random);
        if (end < 0)
        {
            return json;
        }

        int comma = json.IndexOf(',', end);
        return json.Remove(start, (comma == end ? comma + 1 : end) - start);
    }

    // Two members' values, whatever they are: dtypes for shapes, entries for numbers.
    static string SwapValues(string json, List<Token> tokens, Random random)
    {
        (int Start, int End) one = Value(tokens, random);
        (int Start, int End) other = Value(tokens, random);
        (one, other) = one.Start < other.Start ? (one, other) : (other, one);
        return one.End < 0 || other.End < 0 || one.End > other.Start
            ? json
            : string.Concat(json[..one.Start], json[other.Start..other.End], json[one.End..other.Start], json[one.Start..one.End], json[other.End..]);
    }

    static string Nest(string json, Token token, Random random)
    {
        int depth = Pick([1, 2, 63, 64, 65, 126, 127, 128, 129, 1000, 20_000], random);
        (string open, string close) = random.Next(2) == 0 ? ("[", "]") : ("{\"a\":", "}");
        string deep = string.Concat(Enumerable.Repeat(open, depth)) + "0" + string.Concat(Enumerable.Repeat(close, random.Next(4) == 0 ? depth - 1 : depth));
        return random.Next(2) == 0 ? Replace(json, token, deep) : json.Insert(token.Start, $"\"x\":{deep},");
    }

    static string EscapeText(string json, Token token)
    {
        StringBuilder escaped = new();
        foreach (char unit in Text(json, token).Trim('"'))
        {
            escaped.Append(unit == '\\' ? "\\" : $"\\u{(int)unit:x4}");
        }

        return Replace(json, token, $"\"{escaped}\"");
    }

    static (int Start, int End) Member(List<Token> tokens, Random random)
    {
        int name = PickMember(tokens, random);
        return name < 0 ? (-1, -1) : (tokens[name].Start, EndOfValue(tokens, name + 2));
    }

    static (int Start, int End) Value(List<Token> tokens, Random random)
    {
        int name = PickMember(tokens, random);
        return name < 0 ? (-1, -1) : (tokens[name + 2].Start, EndOfValue(tokens, name + 2));
    }

    // The first at or after a random token.
    static int PickMember(List<Token> tokens, Random random)
    {
        int from = random.Next(tokens.Count);
        for (int i = 0; i < tokens.Count; i++)
        {
            int at = (from + i) % tokens.Count;
            if (at + 2 < tokens.Count && tokens[at].Kind == '"' && tokens[at + 1].Kind == ':')
            {
                return at;
            }
        }

        return -1;
    }

    static int EndOfValue(List<Token> tokens, int at)
    {
        int depth = 0;
        for (; at < tokens.Count; at++)
        {
            depth += tokens[at].Kind is '{' or '[' ? 1 : tokens[at].Kind is '}' or ']' ? -1 : 0;
            if (depth <= 0)
            {
                return tokens[at].End;
            }
        }

        return -1;
    }

    // The first of the kind at or after a random token; else that one.
    static Token PickKind(List<Token> tokens, char kind, Random random)
    {
        int from = random.Next(tokens.Count);
        int at = tokens.FindIndex(from, token => token.Kind == kind);
        at = at < 0 ? tokens.FindIndex(token => token.Kind == kind) : at;
        return tokens[at < 0 ? from : at];
    }

    static string Text(string json, Token token) => json[token.Start..token.End];

    static string Replace(string json, Token token, string by) => string.Concat(json.AsSpan(0, token.Start), by, json.AsSpan(token.End));

    static T Pick<T>(T[] choices, Random random) => choices[random.Next(choices.Length)];

    // What is no string, number or mark of JSON belongs to no token.
    static List<Token> Tokens(string json)
    {
        List<Token> tokens = [];
        for (int start = 0, end; start < json.Length; start = end)
        {
            char first = json[start];
            end = start + 1;
            if (first == '"')
            {
                while (end < json.Length && json[end] != '"')
                {
                    end += json[end] == '\\' ? 2 : 1;
                }

                end = Math.Min(end + 1, json.Length);
                tokens.Add(new Token(first, start, end));
            }
            else if (char.IsAsciiLetterOrDigit(first))
            {
                while (end < json.Length && char.IsAsciiLetterOrDigit(json[end]))
                {
                    end++;
                }

                tokens.Add(new Token(char.IsAsciiDigit(first) ? '0' : 'a', start, end));
            }
            else if (first is '{' or '}' or '[' or ']' or ':' or ',')
            {
                tokens.Add(new Token(first, start, end));
            }
        }

        return tokens;
    }

    /// <param name="Kind">The first character; <c>0</c> for any number, <c>a</c> for any word.</param>
    /// <param name="Start">Where it begins.</param>
    /// <param name="End">Where the next character is.</param>
    readonly record struct Token(char Kind, int Start, int End);
}
