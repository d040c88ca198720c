using System.Text;
using System.Text.RegularExpressions;
using Octet.Constraints;

namespace Octet.Tests.Constraints;

public class PatternTests
{
    // Patterns whose meaning .NET shares: without classes that it takes from Unicode.
    public static readonly TheoryData<string> Shared =
    [
        "abc", "a|b|", "(ab|c)*d", "a{2,4}b?", "[a-c]+[^a-c]", "x(?:y|z){3}", "\\$\\d{1,3}(,\\d{3})*\\.\\d\\d", "[A-Z.]+@[a-z.]+", "(?<year>[12]\\d{3})-(0[1-9]|1[0-2])",
        "[^\"\\\\]*", "a.c", "\\x41\\u0042\\t?", "[\\]\\-a]+", "[-a]+", "a{,3}", "a{x", "}]", "(a*)*b", "((a|ab)(c|bcd))(d*)", "日本?|[é-ë]", "a+?b*?", "(|a)b", "\\.\\*\\/", "[\\d-x]+",
    ];

    [Theory]
    [MemberData(nameof(Shared))]
    public void A_pattern_allows_what_the_whole_of_matches(string pattern)
    {
        var constraint = OutputConstraint.Regex(pattern);
        var oracle = new Regex($"^(?:{pattern})\\z", RegexOptions.CultureInvariant);
        Random random = new(1);
        string letters = "abcdxyz019-.,$@/*\\\"]}{ \tAB日本éê";
        for (int i = 0; i < 400; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(7)).Select(_ => letters[random.Next(letters.Length)]));
            Assert.Equal(oracle.IsMatch(text), constraint.IsMatch(text));
        }

        CompiledConstraint compiled = Vocabularies.Compile(constraint);
        for (int seed = 0; seed < 20; seed++)
        {
            string written = new RandomWriter(compiled, seed).Write(12);
            Assert.Matches(oracle, written);
            Assert.True(constraint.IsMatch(written));
        }
    }

    [Theory]
    [InlineData("^ab$", "ab", "xab")]
    [InlineData("^a|b$", "b", "xb")]
    [InlineData("(^a$)", "a", "aa")]
    [InlineData("\\Aa\\z", "a", "aa")]
    [InlineData("\\p{Lu}\\P{L}", "É1", "é1")]
    [InlineData("\\p{N}+", "1Ⅷ٣", "a")]
    [InlineData("[^a]", "😀", "a")]
    [InlineData(".", "😀", "\n")]
    [InlineData("\\uD83D\\uDE00", "😀", "\uFFFD")]
    [InlineData("\\u{1F600}", "😀", "1F600")]
    [InlineData("\\w", "_", "é")]
    [InlineData("\\s", "\uFEFF", "_")]
    [InlineData("\\S\\D\\W", "éé!", "é1!")]
    [InlineData("[\\u0800-\\uFFFF]", "\uD7FF", "\u07FF")]
    [InlineData("[\\u{10000}-\\u{10FFFF}]", "\U0010FFFF", "\uFFFF")]
    public void Anchors_and_classes_mean_what_ECMA_says(string pattern, string accepted, string refused)
    {
        var constraint = OutputConstraint.Regex(pattern);
        Assert.True(constraint.IsMatch(accepted));
        Assert.False(constraint.IsMatch(refused));
    }

    [Fact]
    public void A_set_of_characters_is_their_bytes_and_no_others()
    {
        // Of every length of UTF-8, around the edges of the ranges that it has.
        Random random = new(3);
        int[] edges = [0, 1, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x40000, 0x10FFFF];
        for (int i = 0; i < 40; i++)
        {
            (int first, int last) = (edges[random.Next(edges.Length)], edges[random.Next(edges.Length)]);
            (first, last) = (Math.Min(first, last), Math.Max(first, last));
            var constraint = OutputConstraint.Regex($"[\\u{{{first:X}}}-\\u{{{last:X}}}]");
            foreach (int edge in edges)
            {
                foreach (int character in (int[])[edge - 1, edge, edge + 1])
                {
                    if (Rune.IsValid(character))
                    {
                        Assert.Equal(character >= first && character <= last, constraint.IsMatch(new Rune(character).ToString()));
                    }
                }
            }
        }
    }

    [Fact]
    public void A_choice_is_one_of_its_texts()
    {
        var constraint = OutputConstraint.Choice(["yes", "no", "yes please", "no"]);
        Assert.All(["yes", "no", "yes please"], text => Assert.True(constraint.IsMatch(text)));
        Assert.All(["", "y", "yes ", "yesno"], text => Assert.False(constraint.IsMatch(text)));
        ConstraintState state = new(Vocabularies.Compile(constraint));
        foreach (byte value in "yes"u8)
        {
            state.Accept(value);
        }

        Assert.True(state.Accepts);
        Assert.False(state.IsComplete);
        foreach (byte value in " please"u8)
        {
            state.Accept(value);
        }

        Assert.True(state.IsComplete);
    }
}
