using System.Text;
using System.Text.RegularExpressions;
using Octet.Tokenizers.Patterns;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Tests.Patterns;

/// <summary>Random patterns over random texts, beside .NET's Regex where both mean the same, and beside the hand-written scanners.</summary>
public class PatternPropertyTests
{
    const int Seed = 20261129;

    static readonly bool s_slow = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1";

    // Without what the two engines see differently: surrogate pairs, case variants outside of ASCII, and ² as \w.
    static readonly string[] s_letters = ["a", "b", "c", "A", "é", "中", "1", "2", " ", "\t", "\n", "_", "-", "."];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Matches_are_those_of_another_engine(int part)
    {
        Random random = new(Seed + part);
        int rounds = s_slow ? 50_000 : 400;
        for (int round = 0; round < rounds; round++)
        {
            string pattern = Choice(random, 2, part);
            string text = string.Concat(Enumerable.Range(0, random.Next(0, 16)).Select(_ => Pick(random, s_letters)));

            // Oniguruma sees no line begin behind the last line break of a text.
            text = text.EndsWith('\n') ? text + "a" : text;
            if (Other(pattern, text) is not { } expected)
            {
                continue;
            }

            foreach (PatternMatches.Machine machine in Enum.GetValues<PatternMatches.Machine>())
            {
                string found = string.Join(' ', PatternMatches.All(pattern, text, machine).Select(static match => $"{match.Start}+{match.Length}"));
                Assert.True(expected == found, $"{machine}: {pattern} in {System.Text.Json.JsonSerializer.Serialize(text)}: expected {expected}, found {found}");
            }
        }
    }

    [Theory]
    [InlineData(Gpt2Pattern.Text)]
    [InlineData(WordPattern.QwenText)]
    [InlineData(WordPattern.LlamaText)]
    [InlineData(@"\p{N}|\P{N}+")]
    [InlineData(@"\p{N}+|\P{N}+")]
    public void Pieces_are_those_of_the_hand_written_scanners(string pattern)
    {
        SplitPattern scanner = pattern switch
        {
            Gpt2Pattern.Text => new Gpt2Pattern(),
            WordPattern.QwenText => new WordPattern(1),
            WordPattern.LlamaText => new WordPattern(3),
            _ => new DigitsPattern(individual: pattern[5] == '|'),
        };
        string[] fragments =
        [
            "a", "Word", "é", "e\u0301", "ſ", "中文", "ｶﾞ", "가", "7", "12", "1234", "١", "²", "Ⅷ", " ", "  ", "\t", "\n", "\r\n", "\n\n ", "\u0085", "\u00A0", "\u2028", "\u3000", "'", "'s", "'LL", "'ſ", "'r", "'re", "!",
            "...", "_", "-", "\u200D", "😀", "👩", "\uFFFE", "\0", "\U0010FFFF", "\U0001D7D8", "\U00020000", "🄀",
        ];
        Random random = new(Seed);
        Pattern compiled = Pattern.Parse(pattern);
        for (int round = 0; round < (s_slow ? 100_000 : 3000); round++)
        {
            byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(1, 20)).Select(_ => Pick(random, fragments))));
            PatternMatcher matcher = compiled.CreateMatcher();
            for (int at = 0; at < text.Length;)
            {
                int length = scanner.Match(text.AsSpan(at));
                Assert.True(matcher.Find(text, at, out int start, out int found));
                Assert.Equal((at, length), (start, found));
                at += length;
            }
        }
    }

    /// <summary>What .NET finds; null where it takes too long, or fails: some loops of nothing are too much for it.</summary>
    static string? Other(string pattern, string text)
    {
        try
        {
            Regex regex = new(pattern, RegexOptions.Multiline | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(0.05));
            return string.Join(' ', regex.Matches(text).Select(static match => $"{match.Index}+{match.Length}"));
        }
        catch (Exception e) when (e is RegexMatchTimeoutException or OverflowException)
        {
            return null;
        }
    }

    static string Choice(Random random, int depth, int part)
        => string.Join('|', Enumerable.Range(0, random.Next(4) == 0 ? random.Next(2, 4) : 1).Select(_ => Sequence(random, depth, part)));

    static string Sequence(Random random, int depth, int part) => string.Concat(Enumerable.Range(0, random.Next(0, 4)).Select(_ => Quantified(random, depth, part)));

    static string Quantified(Random random, int depth, int part)
    {
        string atom = Atom(random, depth, part, out bool isPlace);
        if (isPlace)
        {
            return atom;
        }

        string quantifier = random.Next(8) switch
        {
            0 => "*",
            1 => "+",
            2 => "?",
            3 => "{1,2}",
            4 => "{0,2}",
            5 => "{2,}",
            _ => "",
        };
        // .NET gets some loops of nothing wrong, and loops of atomic groups: (?>\S+){2,} is (?>\S{2,}) to it.
        bool isNullable = PatternParser.Parse(atom).IsNullable;
        if (quantifier.Length == 0 || atom.Contains("(?>", StringComparison.Ordinal) || (isNullable && quantifier is not ("*" or "?")))
        {
            return atom;
        }

        if (isNullable)
        {
            return atom + quantifier;
        }

        // .NET has possessive quantifiers by another name, and lazy ones of every kind.
        return random.Next(4) == 0 ? atom + quantifier + "?" : part == 3 && random.Next(4) == 0 ? $"(?>{atom}{quantifier})" : atom + quantifier;
    }

    static string Atom(Random random, int depth, int part, out bool isPlace)
    {
        isPlace = false;
        if (depth == 0 || random.Next(3) == 0)
        {
            return random.Next(12) switch
            {
                0 => ".",
                1 => "[ab]",
                2 => "[^a]",
                3 => @"\s",
                4 => @"\S",
                5 => @"\d",
                6 => @"\p{L}",
                7 => @"\w",
                8 => "[a-cA1-2]",
                _ => Regex.Escape(Pick(random, s_letters)),
            };
        }

        string inner = Choice(random, depth - 1, part);
        switch (random.Next(part == 0 ? 3 : 10))
        {
            case 3 when part > 1:
                isPlace = true;
                return $"(?={inner})";
            case 4 when part > 1:
                isPlace = true;
                return $"(?!{inner})";
            case 5 when part == 3:
                return $"(?>{inner})";
            case 6 when part == 2:
                isPlace = true;
                return $"(?<={inner})";
            case 7 when part == 2:
                isPlace = true;
                return $"(?<!{inner})";
            case 8:
                isPlace = true;
                return Pick(random, ["^", "$", @"\A", @"\z", @"\b", @"\B", @"(?!\S)", "(?<=a)", "(?<!b)", @"(?=\s)"]);
            case 9:
                return $"(?i:{inner})";
            default:
                return $"(?:{inner})";
        }
    }

    static string Pick(Random random, string[] choices) => choices[random.Next(choices.Length)];
}
