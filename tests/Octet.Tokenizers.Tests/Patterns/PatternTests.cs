using System.Text;
using Octet.Tokenizers.Patterns;

namespace Octet.Tokenizers.Tests.Patterns;

/// <summary>What patterns mean, construct by construct. Expected values are from Oniguruma's RE document and from Perl's definition of backtracking.</summary>
public class PatternTests
{
    [Theory]
    [InlineData("abc", "xabcabc", "abc|abc")]
    [InlineData(@"\r\n\t\f\v\a\e", "\r\n\t\f\v\a\u001B", "\r\n\t\f\v\a\u001B")]
    [InlineData(@"\.\\\|\{\-\_\é", @".\|{-_é", @".\|{-_é", '#')]
    [InlineData(@"\x41\x{1F600}\u4e2d", "A😀中", "A😀中")]
    [InlineData("中|😀", "a中😀", "中|😀")]
    [InlineData("a{,2}b", "aaab", "aab")]
    [InlineData("a{2}", "aaaaa", "aa|aa")]
    [InlineData("a{2,}", "a aa aaa", "aa|aaa")]
    [InlineData("a{1,2}", "aaa", "aa|a")]
    [InlineData("a{x}{,}{}{", "a{x}{,}{}{", "a{x}{,}{}{")]
    [InlineData("a{2}?b", "aabb", "aab|b")]
    [InlineData("(?:ab){2}+", "abababab", "abababab")]
    [InlineData("a]}", "a]}", "a]}")]
    public void Characters_and_repetitions(string pattern, string text, string matches, char separator = '|')
        => Assert.Equal(matches.Split(separator), PatternMatches.Texts(pattern, text));

    [Theory]
    [InlineData("a|ab|abc", "abc", "a")]
    [InlineData("abc|ab|a", "abcab", "abc|ab")]
    [InlineData("(a|ab)(c|bcd)", "abcd", "abcd")]
    [InlineData("a*?b", "aab", "aab")]
    [InlineData("a+?", "aa", "a|a")]
    [InlineData("a??b", "ab", "ab")]
    [InlineData("(?:a|ab)+?c", "aababc", "aababc")]
    [InlineData("a*+a", "aaa", "")]
    [InlineData("a++b", "aaab", "aaab")]
    [InlineData("a?+a", "aa", "aa")]
    [InlineData("a?+a", "a", "")]
    [InlineData("(?>a|ab)c", "abc", "")]
    [InlineData("(?>ab|a)c", "abcac", "abc|ac")]
    [InlineData("(?:ab|a)*+b", "aab", "b")]
    [InlineData("(?:(?>a*)b)+", "aabab", "aabab")]
    public void What_comes_first_is_taken(string pattern, string text, string matches)
        => Assert.Equal(matches.Split('|', StringSplitOptions.RemoveEmptyEntries), PatternMatches.Texts(pattern, text));

    [Theory]
    [InlineData("[a-c]+", "xabcd", "abc")]
    [InlineData("[^a-c]+", "abxyc", "xy")]
    [InlineData("[]a]+", "a]b", "a]")]
    [InlineData("[^]a]+", "a]b", "b")]
    [InlineData("[a-]+", "b-a", "-a")]
    [InlineData("[-a]+", "b-a", "-a")]
    [InlineData("[a-c-e]+", "ab-ed", "ab-e")]
    [InlineData(@"[\s\-x]+", "a -x", " -x")]
    [InlineData(@"[\]\\\[]+", @"a]\[", @"]\[")]
    [InlineData(@"[\b]", "\b", "\b")]
    [InlineData("[a-z&&[^aeiou]]+", "hello", "h|ll")]
    [InlineData("[a-z&&b-y&&c-x]+", "abcxyz", "cx")]
    [InlineData("[^a-z&&[aeiou]]+", "hello", "h|ll")]
    [InlineData("[a[^b-z]]+", "ab1", "a|1")]
    [InlineData("[[:alpha:]_]+", "a_1é", "a_|é")]
    [InlineData("[[:^digit:]]+", "a1b", "a|b")]
    [InlineData("[[:punct:]]+", "a+!b", "+!")]
    [InlineData("[&a]+", "&a", "&a")]
    [InlineData("[(a|b)]+", "(a|b)c", "(a|b)", '#')]
    [InlineData("[!--]+", "!,-.", "!,-")]
    [InlineData("[一-龥]+", "a中文b", "中文")]
    public void Classes(string pattern, string text, string matches, char separator = '|')
        => Assert.Equal(matches.Split(separator), PatternMatches.Texts(pattern, text));

    [Theory]
    [InlineData(@"\p{L}+", "aé中1", "aé中")]
    [InlineData(@"\p{Lu}", "aÀ", "À")]
    [InlineData(@"\p{^L}+", "a1b", "1")]
    [InlineData(@"\P{L}+", "a1b", "1")]
    [InlineData(@"\P{^L}+", "a1b", "a|b")]
    [InlineData(@"\pL+\PL", "aé1", "aé1")]
    [InlineData(@"\p{Han}+", "a中あ", "中")]
    [InlineData(@"\p{Script=Hiragana}+", "中あい", "あい")]
    [InlineData(@"\p{sc=Hira}+", "中あい", "あい")]
    [InlineData(@"\p{IsHan}+", "a中", "中")]
    [InlineData(@"\p{gc=Nd}+", "a12", "12")]
    [InlineData(@"\p{Uppercase_Letter}", "aB", "B")]
    [InlineData(@"\p{han}", "中", "中")]
    [InlineData(@"\p{Alphabetic}+", "aⓐ1", "aⓐ")]
    [InlineData(@"[\p{L}\p{N}-]+", "a1-_", "a1-")]
    [InlineData(@"\h+\H", "fg", "fg")]
    [InlineData(@"\w+", "a²_b-c", "a²_b|c")]
    [InlineData(@"[\w]+", "a²_b", "a|_b")]
    [InlineData(@"\d+\D", "12a", "12a")]
    [InlineData(@"\p{Extended_Pictographic}", "a😀", "😀")]
    public void Properties(string pattern, string text, string matches)
        => Assert.Equal(matches.Split('|'), PatternMatches.Texts(pattern, text));

    [Theory]
    [InlineData("(?i)ab", "aBAb", "aB|Ab")]
    [InlineData("(?i:a)b", "AbAB", "Ab")]
    [InlineData("(?i:'s|'t)", "'S'ſ'T", "'S|'ſ|'T")]
    [InlineData("(?i)k", "kK\u212A", "k|K|\u212A")]
    [InlineData("(?i)[k-l]+", "KL\u212A", "KL\u212A")]
    [InlineData("(?i)[^k]+", "kaK", "a")]
    [InlineData(@"(?i)\p{Lu}", "aB", "B")]
    [InlineData("(?i)σ", "ΣΣς", "Σ|Σ|ς")]
    [InlineData("a(?i)b|c", "aBacC", "aB|ac")]
    [InlineData("(?-i:a)(?i-m:b)", "aBAB", "aB")]
    [InlineData("(?i)i", "iIİı", "i|I")]
    [InlineData("(?m).", "\n", "\n")]
    [InlineData("(?s).", "\n", "\n")]
    [InlineData(".", "\n\ra", "\r|a")]
    [InlineData("(?x) a  b # c\n c", "abc", "abc")]
    [InlineData("(?x)a +", "aa", "aa")]
    [InlineData("a(?#b)c", "ac", "ac")]
    [InlineData(@"\N\O", "a\n", "a\n")]
    [InlineData(@"\R", "\r\n\n", "\r\n|\n")]
    public void Options_and_case(string pattern, string text, string matches)
        => Assert.Equal(matches.Split('|'), PatternMatches.Texts(pattern, text));

    [Theory]
    [InlineData("^", "a\nb\n", "0 2")]
    [InlineData("$", "a\nb\n", "1 3 4")]
    [InlineData(@"\A", "a\nb", "0")]
    [InlineData(@"\z", "a\n", "2")]
    [InlineData(@"\Z", "a\n", "1 2")]
    [InlineData(@"\b", "ab c", "0 2 3 4")]
    [InlineData(@"\B", "ab c", "1")]
    [InlineData(@"\b", "", "")]
    [InlineData("(?=[A-Z])", "aBC", "1 2")]
    [InlineData("(?<=a)", "aba", "1 3")]
    [InlineData("(?<!a)", "aba", "0 2")]
    [InlineData("(?<=ab|c)", "abc", "2 3")]
    [InlineData("(?<=a+b)c?", "aabc", "3")]
    [InlineData("(?<!^)(?=b)", "bb", "1")]
    [InlineData("(?<=(?=ab)a)", "abac", "1")]
    [InlineData("(?=(?:ab)+c)", "ababc", "0 2")]
    [InlineData("(?!ab)", "aab", "0 2 3")]
    [InlineData("(?!)", "ab", "")]
    [InlineData("x*", "axb", "0 1 2 3")]
    public void Places(string pattern, string text, string places)
        => Assert.Equal(places, string.Join(' ', PatternMatches.All(pattern, text).Select(static match => match.Start)));

    [Fact]
    public void A_search_begins_at_a_place_and_looks_behind_it()
    {
        Pattern pattern = Pattern.Parse(@"(?<=a)b|\bc");
        Assert.True(pattern.Find("abc"u8, 1, out int start, out int length));
        Assert.Equal((1, 1), (start, length));
        Assert.False(pattern.Find("abc"u8, 2, out start, out length));
        Assert.Equal((3, 0), (start, length));
    }

    [Fact]
    public void What_is_not_UTF8_is_a_replacement_character()
    {
        Pattern pattern = Pattern.Parse(@"\x{FFFD}");
        byte[] text = [0xC3, (byte)'a', 0xED, 0xA0, 0x80, 0xF0];
        List<int> starts = [];
        for (int from = 0; pattern.Find(text, from, out int start, out int length); from = start + length)
        {
            starts.Add(start);
        }

        Assert.Equal([0, 2, 3, 4, 5], starts);
    }

    [Theory]
    [InlineData(@"(a)\1", @"the pattern has \1, a back-reference, at character 4, which is not supported")]
    [InlineData(@"a\k<x>", @"the pattern has \k at character 2, which is not supported")]
    [InlineData(@"\Ka", @"the pattern has \K at character 1, which is not supported")]
    [InlineData("(a", "the pattern has a group that does not end at character 1, which is not supported")]
    [InlineData("a)", "the pattern has a closing parenthesis that no group opens at character 2, which is not supported")]
    [InlineData("[a", "the pattern has a class that does not end at character 1, which is not supported")]
    [InlineData("[]", "the pattern has a class of nothing at character 1, which is not supported")]
    [InlineData("[b-a]", "the pattern has a range of nothing at character 2, which is not supported: expected the smaller character first")]
    [InlineData(@"[\w-a]", "the pattern has a range that begins with a class at character 4, which is not supported")]
    [InlineData(@"[a-\d]", "the pattern has a range that ends in a class at character 2, which is not supported")]
    [InlineData("*a", "the pattern has a quantifier with nothing in front of it at character 1, which is not supported")]
    [InlineData("a|{2}", "the pattern has a quantifier with nothing in front of it at character 3, which is not supported")]
    [InlineData("a{3,2}", "the pattern has a repetition from 3 to 2 at character 2, which is not supported: expected the smaller number first")]
    [InlineData("a{100001}", "the pattern has a repetition at character 2, which is not supported: expected numbers up to 100000")]
    [InlineData(@"\p{Klingon}", "the pattern has the property Klingon at character 1, which is not supported: expected a general category, a script or a property such as Alphabetic")]
    [InlineData(@"\p{Script=L}", "the pattern has the property Script=L at character 1, which is not supported: expected a general category, a script or a property such as Alphabetic")]
    [InlineData("[[:nope:]]", "the pattern has the class nope at character 2, which is not supported: expected alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, punct, space, upper, xdigit or word")]
    [InlineData(@"\x", @"the pattern has \x at character 1, which is not supported: expected \x{...}, or two digits up to 7F")]
    [InlineData(@"\x{D800}", "the pattern has a code point that is none at character 1, which is not supported: expected hexadecimal digits of a character")]
    [InlineData(@"\u12", "the pattern has a code point that is none at character 1, which is not supported: expected hexadecimal digits of a character")]
    [InlineData("a\\", "the pattern has a backslash at the end at character 2, which is not supported")]
    [InlineData("(?P<x>a)", "the pattern has (?P... at character 1, which is not supported: expected (?:), (?=), (?!), (?<=), (?<!), (?>), (?<name>), (?#) or the options i, m, s and x")]
    [InlineData("(?(1)a|b)", "the pattern has (?(... at character 1, which is not supported: expected (?:), (?=), (?!), (?<=), (?<!), (?>), (?<name>), (?#) or the options i, m, s and x")]
    [InlineData("(?", "the pattern has (?... at character 1, which is not supported: expected (?:), (?=), (?!), (?<=), (?<!), (?>), (?<name>), (?#) or the options i, m, s and x")]
    [InlineData("(*FAIL)", "the pattern has (*...), a callout, at character 1, which is not supported")]
    [InlineData("(?<=(?>a|ab))", "the pattern has an atomic group, a possessive quantifier or \\R in a look-behind, which is not supported: expected them elsewhere")]
    [InlineData("(a{100}){1000}", "the pattern takes more than 20000 steps with its repetitions written out, which is not supported: expected smaller numbers")]
    [InlineData("(?:){100000}{100000}", "the pattern takes more than 20000 steps with its repetitions written out, which is not supported: expected smaller numbers")]
    public void What_is_broken_or_not_supported_is_refused_by_name(string pattern, string message)
        => Assert.Equal(message, Assert.Throws<PatternException>(() => Pattern.Parse(pattern)).Message);

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused()
        => Assert.Equal("the pattern has half of a surrogate pair at character 2, which is not supported", Assert.Throws<PatternException>(() => Pattern.Parse("a\uD800")).Message);

    [Theory]
    [InlineData("(", 200_000)]
    [InlineData("(", 60_000)]
    [InlineData("(?:", 20_000)]
    [InlineData("(?=", 20_000)]
    [InlineData("[", 60_000)]
    [InlineData("[^", 30_000)]
    [InlineData("(?i)", 15_000)]
    [InlineData("a|(", 20_000)]
    [InlineData("(?<x>", 10_000)]
    public void Depth_is_bounded(string unit, int count)
        => Assert.Throws<PatternException>(() => Pattern.Parse(string.Concat(Enumerable.Repeat(unit, count))));

    [Fact]
    public void Quantifiers_on_quantifiers_are_bounded()
        => Assert.Throws<PatternException>(() => Pattern.Parse("a" + new string('*', 60_000)));

    [Fact]
    public void Long_patterns_of_one_level_are_read_and_matched()
    {
        string words = string.Join('|', Enumerable.Range(0, 2000).Select(static i => $"w{i}x"));
        Assert.Equal(["w7x", "w1999x"], PatternMatches.Texts(words, "w7x w2000x w1999x"));
    }

    [Fact]
    public void Several_threads_use_one_pattern()
    {
        Pattern pattern = Pattern.Parse(@"\p{L}+|\p{N}{1,3}|\s+(?!\S)|\s+|.");
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 200).Select(static i => $"word{i} é中{i}  \n")));
        int[] counts = new int[8];
        Parallel.For(0, counts.Length, i =>
        {
            PatternMatcher matcher = pattern.CreateMatcher();
            for (int from = 0; matcher.Find(text, from, out int start, out int length); from = start + length)
            {
                counts[i]++;
            }
        });
        Assert.All(counts, count => Assert.Equal(counts[0], count));
    }
}
