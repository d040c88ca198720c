using System.Text;
using Octet.Tokenizers.Patterns;

namespace Octet.Tokenizers.Tests.Patterns;

/// <summary>All matches of a text take a time that grows with the text and no faster, whatever the pattern and the text. OCTET_SLOW=1: up to 4 MB.</summary>
public class PatternGrowthTests
{
    static readonly bool s_slow = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1";

    public PatternGrowthTests() => Assert.SkipWhen(Environment.GetEnvironmentVariable("OCTET_MUTANTS") == "1", "time says nothing about a mutant");

    [Theory]
    [InlineData("a*b|a", "a")]
    [InlineData("(a|a)*c", "a")]
    [InlineData("(a*)*b", "a")]
    [InlineData("(?:a|b|ab)*c|.", "ab")]
    [InlineData("(?:a?){20}b|a", "a")]
    [InlineData("(?:(?:a|b)*c)*d|.", "ab")]
    [InlineData(@"\s+(?!\S)|\s+", " ")]
    [InlineData(@"\s+$|.", " ")]
    [InlineData("(?=.*x)a", "a")]
    [InlineData("(?!.*x)a", "a")]
    [InlineData("(?=(a|a)*b)a|a", "a")]
    [InlineData("(?=(?:a*c)?)a", "a")]
    [InlineData("(?>a*)b|a", "a")]
    [InlineData("(?>(?:a|ab)*)c|a|b", "ab")]
    [InlineData("(?>(?>a|b)*c|(?>a|b))", "ab")]
    [InlineData("a*+b|a", "a")]
    [InlineData("(?:aa)*+b|a", "a")]
    [InlineData("(?<=(?:a|b)*c.*)a|a", "ab")]
    [InlineData("(?<!x.*)a", "a")]
    [InlineData("(?:a|b)*a(?:a|b){12}c|a|b", "ab")]
    [InlineData("(?:a|b)*a(?:a|b){12}c|a|b", "aab")]
    [InlineData(@"\d{1,3}(?=(?:\d{3})*\b)", "1")]
    [InlineData(@"(?:\r?\n)+(?!\r?\n)", "\r\n")]
    [InlineData("[^a]*x|a", "b")]
    [InlineData("a{1,50}b|a", "a")]
    [InlineData("(?i:(?:é|É)*z)|.", "é")]
    [InlineData("x", "a")]
    [InlineData("(?:.*,){3}y|.", "a,")]
    [InlineData("(?=((?=((?=.*x)a)*b)a)*c)a", "a")]
    public void All_matches_take_linear_time(string pattern, string unit)
    {
        Pattern compiled = Pattern.Parse(pattern);
        Assert.Null(TimePerByte.Grows(
            size =>
            {
                byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(unit, size / Encoding.UTF8.GetByteCount(unit))));
                return () => Count(compiled, text);
            },
            s_slow ? (4 << 20) / TimePerByte.Growth : 8 << 10));
    }

    [Fact]
    public void Random_patterns_take_linear_time()
    {
        Random random = new(20261129);
        List<string> growing = [];
        for (int round = 0; round < (s_slow ? 300 : 100); round++)
        {
            string pattern = Part(random, 4) + "|.";
            string unit = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(2) == 0 ? "a" : "b"));
            Pattern compiled = Pattern.Parse(pattern);
            if (TimePerByte.Grows(
                size =>
                {
                    byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(unit, size / unit.Length)));
                    return () => Count(compiled, text);
                },
                s_slow ? 1 << 16 : 1 << 13) is { } found)
            {
                growing.Add($"{pattern} in ({unit})*: {found}");
            }
        }

        Assert.True(growing.Count == 0, string.Join('\n', growing));
    }

    static string Part(Random random, int depth)
    {
        if (depth == 0)
        {
            return Pick(random, ["a", "b", ".", "[ab]", "c", "a"]);
        }

        string a = Part(random, depth - 1);
        return random.Next(11) switch
        {
            0 or 1 => $"(?:{a})*",
            2 => $"(?:{a})+",
            3 => $"(?:{a})?{Part(random, depth - 1)}",
            4 => $"(?:{a}|{Part(random, depth - 1)})",
            5 => $"(?={a})",
            6 => $"(?!{a})",
            7 => $"(?>{a})",
            8 => $"(?:{a}){{1,3}}",
            _ => a + Part(random, depth - 1),
        };
    }

    static string Pick(Random random, string[] choices) => choices[random.Next(choices.Length)];

    static int Count(Pattern pattern, byte[] text)
    {
        PatternMatcher matcher = pattern.CreateMatcher();
        int count = 0;
        for (int from = 0; from <= text.Length && matcher.Find(text, from, out int start, out int length); count++)
        {
            from = start + length;
            if (length == 0)
            {
                do
                {
                    from++;
                }
                while (from < text.Length && (text[from] & 0xC0) == 0x80);
            }
        }

        return count;
    }
}
