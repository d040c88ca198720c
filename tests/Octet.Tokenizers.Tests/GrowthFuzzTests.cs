using System.Text;
using System.Text.Json.Nodes;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>
/// A fuzzer that grows its inputs: random tokenizers over random texts that repeat, and files whose parts are long, each at two sizes.
/// The time per byte stays flat, and nothing but a <see cref="TokenizerException"/> comes out. OCTET_SLOW=1: more rounds, up to 4 MB.
/// </summary>
public class GrowthFuzzTests
{
    const int Seed = 20261129;

    readonly ITestOutputHelper _output;

    public GrowthFuzzTests(ITestOutputHelper output)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("OCTET_MUTANTS") == "1", "time says nothing about a mutant");
        _output = output;
    }

    static readonly bool s_slow = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1";
    static readonly int s_small = s_slow ? (4 << 20) / TimePerByte.Growth : 16 << 10;

    // Every kind of character that a step tells apart, what nearly is an added token, and what normalization works on.
    static readonly string[] s_fragments =
    [
        "a", "b", "ab", "Z", "é", "e\u0301", "ſ", "İ", "ß", "中", "ん", "ｶ\uFF9E", "\uFF9E", "\uFF9F", "가", "ᄀ", "ᅡ", "ᆨ", "\u0301", "\u0316", "\u0345", "\u0334", "\u0344", "\u0903", "\u3099", "\U0001D165",
        "7", "١", "²", "Ⅷ", "½", " ", "  ", "\t", "\n", "\r\n", "\u0085", "\u00A0", "\u2028", "\u3000", "'", "'s", "'LL", "'ſ", "'r", "!", "...", "_", "-", "\u200D", "\u200C", "😀", "👨\u200D👩",
        "<|im_start|>", "<|im_end|>", "<|im_en", "<|im_", "<|", "<", "|>", ">", "<x>", "<x", "<<x>>", "\uFDFA", "\uFFFE", "\uFFFF", "\0", "\u00AD", "ﬁ", "\u1E9B\u0323", "\uD7A3", "\U0001F1E9", "\U0010FFFF",
    ];

    static readonly string[] s_normalizers =
    [
        "NFC", "NFD", "NFKC", "NFKD", "Lowercase",
        """{"type":"Replace","pattern":{"String":" "},"content":"\u2581"}""",
        """{"type":"Replace","pattern":{"String":"aabaa"},"content":"b"}""",
        """{"type":"Replace","pattern":{"String":"a"},"content":"aab"}""",
        """{"type":"Prepend","prepend":"\u2581"}""",
    ];

    public static TheoryData<string> Texts => [.. s_fragments];

    [Theory]
    [MemberData(nameof(Texts))]
    public void One_thing_over_and_over_takes_linear_time(string unit)
    {
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Repository, "models", "octet-tiny"));
        Assert.Null(TimePerByte.Grows(size => Encoding_(tokenizer, Repeat(unit, size)), s_small));
    }

    [Fact]
    public void Random_tokenizers_take_linear_time_over_random_texts()
    {
        Random random = new(Seed);
        List<string> growing = [];
        int rounds = s_slow ? 100 : 75;
        for (int round = 0; round < rounds; round++)
        {
            byte[] json = RandomTokenizer(random).Json();
            Tokenizer tokenizer = Tokenizer.Parse(json, "tiny.json");
            string unit = string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => Pick(random)));
            string head = random.Next(3) == 0 ? Pick(random) : "";
            string tail = random.Next(3) == 0 ? Pick(random) : "";
            if (TimePerByte.Grows(size => Encoding_(tokenizer, head + Repeat(unit, size) + tail), s_small) is { } found)
            {
                growing.Add($"{Escaped(head + "(" + unit + ")*" + tail)}: {found}; {Encoding.UTF8.GetString(json)}");
            }
        }

        _output.WriteLine($"seed {Seed}: {rounds} rounds up to {s_small * TimePerByte.Growth} bytes");
        Assert.True(growing.Count == 0, string.Join('\n', growing));
    }

    [Fact]
    public void Random_tokenizers_give_back_the_text_that_they_normalise_to()
    {
        Random random = new(Seed + 1);
        for (int round = 0; round < (s_slow ? 20_000 : 1000); round++)
        {
            // Without a normalizer, a prefix space or stripped spaces every text comes back as it was.
            Tokenizer tokenizer = RandomTokenizer(random, faithful: true).Build();
            string text = string.Concat(Enumerable.Range(0, random.Next(0, 30)).Select(_ => Pick(random)));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, splitSpecialTokens: true)));
        }
    }

    public static TheoryData<string> Files => [.. s_files.Keys];

    static readonly Dictionary<string, Func<int, byte[]>> s_files = new(StringComparer.Ordinal)
    {
        ["a vocabulary"] = size => Vocabulary(size / 16, static i => $"k{i:x8}"),
        ["a vocabulary of long tokens"] = size => Vocabulary(size / 1024, static i => $"{i:x8}" + new string('a', 1000)),
        ["a vocabulary outside of the alphabet"] = size => Vocabulary(size / 20, static i => $"中{i:x8}"),
        ["a token of one letter"] = size => Vocabulary(1, _ => new string('a', size)),
        ["merges"] = Merges,
        ["added tokens"] = size => Added(size / 64, static i => $"<{i:x8}>"),
        ["added tokens that begin alike"] = size => Added((int)Math.Sqrt(size), static i => "<" + new string('a', i)),
        ["added tokens that end alike"] = size => Added((int)Math.Sqrt(size), static i => new string('a', i) + ">"),
        ["an added token of one letter"] = size => Added(1, _ => new string('a', size) + "b"),
        ["added tokens of every letter"] = size => Added(size / 80, static i => char.ConvertFromUtf32(0x10000 + i)),
        ["steps"] = size => Part("pre_tokenizer", $$"""{"type":"Sequence","pretokenizers":[{{Repeat("{\"type\":\"Digits\"},", size)}}{"type":"ByteLevel"}]}"""),
        ["empty sequences"] = size => Part("normalizer", $$"""{"type":"Sequence","normalizers":[{{Repeat("{\"type\":\"Sequence\",\"normalizers\":[]},", size)}}{"type":"NFC"}]}"""),
        ["a long pattern"] = size => Part("normalizer", $$"""{"type":"Replace","pattern":{"String":"{{Repeat("aab", size)}}"},"content":""}"""),
        ["a long replacement"] = size => Part("normalizer", $$"""{"type":"Replace","pattern":{"String":"a"},"content":"{{Repeat("b", size)}}"}"""),
        ["a long prefix"] = size => Part("normalizer", $$"""{"type":"Prepend","prepend":"{{Repeat("b", size)}}"}"""),
        ["a long template"] = size => Part("post_processor", $$$$"""{"type":"TemplateProcessing","single":[{{{{Repeat("{\"SpecialToken\":{\"id\":\"a\"}},", size)}}}}{"Sequence":{"id":"A"}}],"special_tokens":{"a":{"ids":[97]}}}"""),
        ["many special tokens"] = size => Part(
            "post_processor",
            """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}],"special_tokens":{"""
                + string.Join(',', Enumerable.Range(0, size / 32).Select(static i => $"\"{i:x8}\":{{\"ids\":[97]}}")) + "}}"),
        ["keys that nobody reads"] = size => Part("padding", $"{{{string.Join(',', Enumerable.Range(0, size / 16).Select(static i => $"\"{i:x8}\":1"))}}}"),
        ["brackets"] = size => Part("added_tokens", new string('[', size)),
        ["an unfinished string"] = size => Part("decoder", "\"" + new string('a', size)),
        ["escapes"] = size => Part("decoder", $$"""{"type":"{{Repeat("\\u0041", size)}}"}"""),
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_of_one_long_part_takes_linear_time(string kind) => Assert.Null(TimePerByte.Grows(
        size =>
        {
            byte[] json = s_files[kind](size);
            return () =>
            {
                try
                {
                    Tokenizer tokenizer = Tokenizer.Parse(json, "tiny.json");
                    _ = tokenizer.Encode(Repeat("aab<aaa", Math.Min(size, 1 << 16)));
                }
                catch (TokenizerException e)
                {
                    Assert.DoesNotContain('\n', e.Message);
                }
            };
        },
        s_small));

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void White_space_around_a_token_is_walked_once(bool left, bool right)
    {
        Tokenizer tokenizer = new TinyTokenizer().WithToken(300, "\t", lstrip: left, rstrip: right).WithToken('x', "x", lstrip: left, rstrip: right, singleWord: true).Build();
        foreach (string unit in (string[])["\t", "\t ", " \t", "  ", " x", "x ", "_x ", " \u3000"])
        {
            Assert.Null(TimePerByte.Grows(size => Encoding_(tokenizer, Repeat(unit, size)), s_small));
        }
    }

    [Fact]
    public void A_long_token_that_almost_matches_everywhere_is_not_tried_everywhere()
    {
        Tokenizer tokenizer = new TinyTokenizer().WithToken(300, new string('a', 50_000) + "b").WithToken('a', "a").WithToken(302, "b" + new string('a', 50_000)).Build();
        Assert.Null(TimePerByte.Grows(size => Encoding_(tokenizer, Repeat("a", size)), s_small));
        Assert.Null(TimePerByte.Grows(size => Encoding_(tokenizer, Repeat("a", 49_999) + "c" + Repeat("a", size)), s_small));
    }

    static Action Encoding_(Tokenizer tokenizer, string text) => () =>
    {
        try
        {
            _ = tokenizer.Encode(text);
        }
        catch (TokenizerException)
        {
            // A normalizer that makes too much of the text.
        }
    };

    static TinyTokenizer RandomTokenizer(Random random, bool faithful = false)
    {
        string[] merges = [.. Enumerable.Range(0, random.Next(8)).Select(_ => Merge(random)).Distinct()];
        TinyTokenizer tiny = new(merges);
        HashSet<string> contents = [];
        for (int id = 1000; id < 1000 + random.Next(6); id++)
        {
            string content = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pick(random)));

            // The ByteLevel decoder reads the characters of its alphabet as bytes in added tokens too, so those do not come back.
            if (contents.Add(content) && !(faithful && content.Any(static letter => letter is >= '\u00A1' and <= '\u0143')))
            {
                bool strips = !faithful && random.Next(2) == 0;
                tiny.WithToken(Known(tiny, content) ?? id, content, singleWord: random.Next(3) == 0, lstrip: strips && random.Next(2) == 0, rstrip: strips && random.Next(2) == 0,
                    normalized: random.Next(2) == 0, special: random.Next(2) == 0);
            }
        }

        if (!faithful && random.Next(3) > 0)
        {
            string[] steps = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => s_normalizers[random.Next(s_normalizers.Length)])
                .Select(static step => step.StartsWith('{') ? step : $$"""{"type":"{{step}}"}""")];
            tiny.With("normalizer", $$"""{"type":"Sequence","normalizers":[{{string.Join(',', steps)}}]}""");
        }

        string prefix = faithful || random.Next(3) > 0 ? "false" : "true";
        string split(string pattern) => new JsonObject
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { ["Regex"] = pattern },
            ["behavior"] = "Isolated",
            ["invert"] = false,
        }.ToJsonString();
        string[] cuts = [.. Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(3) switch
        {
            0 => split(TinyTokenizer.QwenPattern),
            1 => split(TinyTokenizer.LlamaPattern),
            _ => $$"""{"type":"Digits","individual_digits":{{(random.Next(2) == 0 ? "true" : "false")}}}""",
        })];
        return tiny.With("pre_tokenizer", $$"""
            {"type":"Sequence","pretokenizers":[{{string.Concat(cuts.Select(static cut => cut + ","))}}
              {"type":"ByteLevel","add_prefix_space":{{prefix}},"use_regex":{{(random.Next(2) == 0 ? "true" : "false")}}}]}
            """);
    }

    static int? Known(TinyTokenizer tiny, string content) => (int?)tiny.Model["vocab"]![content];

    static string Merge(Random random) => random.Next(6) switch
    {
        0 => "a b",
        1 => "a a",
        2 => "b a",
        3 => "Ġ a",
        4 => "Ġ Ġ",
        _ => "Ì ģ", // the two bytes of U+0301
    };

    static string Pick(Random random) => s_fragments[random.Next(s_fragments.Length)];

    static string Repeat(string unit, int bytes) => string.Concat(Enumerable.Repeat(unit, Math.Max(1, bytes / Encoding.UTF8.GetByteCount(unit))));

    static string Escaped(string text) => JsonValue.Create(text).ToJsonString();

    static byte[] Vocabulary(int count, Func<int, string> content)
    {
        TinyTokenizer tiny = new();
        JsonObject vocabulary = tiny.Model["vocab"]!.AsObject();
        for (int i = 0; i < count; i++)
        {
            vocabulary[content(i)] = 256 + i;
        }

        return tiny.Json();
    }

    static byte[] Merges(int size)
    {
        // Every pair of tokens of the level below, so that the same merge table is asked for all of them.
        List<string> merges = [];
        string letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        int count = Math.Min(size / 24, letters.Length * letters.Length * letters.Length);
        for (int i = 0; i < count; i++)
        {
            char a = letters[i / letters.Length % letters.Length];
            char b = letters[i % letters.Length];
            merges.Add(i < letters.Length * letters.Length ? $"{a} {b}" : $"{a}{b} {letters[i / letters.Length / letters.Length]}");
        }

        return new TinyTokenizer([.. merges]).Json();
    }

    static byte[] Added(int count, Func<int, string> content)
    {
        TinyTokenizer tiny = new();
        for (int i = 1; i <= count; i++)
        {
            tiny.WithToken(1000 + i, content(i), normalized: i % 2 == 0);
        }

        return tiny.Json();
    }

    static byte[] Part(string part, string json) =>
        Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(new TinyTokenizer().With(part, "\"here\"").Json()).Replace("\"here\"", json, StringComparison.Ordinal));
}
