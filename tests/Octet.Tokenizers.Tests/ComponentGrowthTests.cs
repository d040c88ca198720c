using System.Text;
using System.Text.Json.Nodes;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>
/// Every component takes a time that grows with the text and no faster, for ids, for places and back; and hostile parts of a file end in
/// a <see cref="TokenizerException"/>. OCTET_SLOW=1: more rounds, up to 4 MB.
/// </summary>
public class ComponentGrowthTests
{
    const int Seed = 20261129;

    static readonly bool s_slow = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1";
    static readonly int s_small = s_slow ? (4 << 20) / TimePerByte.Growth : 8 << 10;

    readonly ITestOutputHelper _output;

    public ComponentGrowthTests(ITestOutputHelper output)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("OCTET_MUTANTS") == "1", "time says nothing about a mutant");
        _output = output;
    }

    static readonly string[] s_fragments =
    [
        "a", "b", "ab", "aa", "Z", "é", "e\u0301", "\u0301", "\u0316", "İ", "ß", "中", "ん", "ー", "가", "ᄀ", "ᅡ", "7", "½", " ", "  ", "\t", "\r\n", "\n", "\u00A0", "\u3000", "'", "'s", "!", "...", "_",
        "\u200D", "😀", "👨\u200D👩", "\u0600", "\u2581", "\u2581\u2581", "<0x61>", "<x>", "<x", "|", "##", "\uFFFD", "\uFFFE", "\u00AD", "ﬁ", "\uFDFA", "\u0915\u094D", "\0",
    ];

    static readonly string[] s_normalizers =
    [
        """{"type":"BertNormalizer"}""", """{"type":"BertNormalizer","lowercase":false,"strip_accents":true,"clean_text":false}""", """{"type":"Strip","strip_left":true,"strip_right":true}""",
        """{"type":"StripAccents"}""", """{"type":"Nmt"}""", """{"type":"ByteLevel"}""", """{"type":"NFC"}""", """{"type":"NFKD"}""", """{"type":"Lowercase"}""", """{"type":"Prepend","prepend":"\u2581"}""",
        """{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "}""", """{"type":"Replace","pattern":{"Regex":"a*b|a"},"content":"x"}""", """{"type":"Replace","pattern":{"Regex":"^\\s*|\\s*$"},"content":"_"}""",
        """{"type":"Replace","pattern":{"Regex":"x*"},"content":"-"}""", """{"type":"Replace","pattern":{"String":" "},"content":"\u2581"}""",
    ];

    static readonly string[] s_preTokenizers =
    [
        """{"type":"BertPreTokenizer"}""", """{"type":"Whitespace"}""", """{"type":"WhitespaceSplit"}""", """{"type":"Punctuation","behavior":"Contiguous"}""", """{"type":"Digits","individual_digits":false}""",
        """{"type":"CharDelimiterSplit","delimiter":"|"}""", """{"type":"UnicodeScripts"}""", """{"type":"FixedLength","length":3}""", """{"type":"ByteLevel","add_prefix_space":true,"use_regex":true}""",
        """{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true}""", """{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"first","split":false}""",
        """{"type":"Metaspace","replacement":"_","prepend_scheme":"never","split":true}""",
        """{"type":"Split","pattern":{"String":"ab"},"behavior":"MergedWithPrevious","invert":false}""", """{"type":"Split","pattern":{"Regex":"\\s+(?!\\S)|\\s+"},"behavior":"MergedWithNext","invert":false}""",
        """{"type":"Split","pattern":{"Regex":"a+?b|\\p{L}"},"behavior":"Removed","invert":true}""", """{"type":"Split","pattern":{"Regex":"(?=[A-Z])"},"behavior":"Isolated","invert":false}""",
        """{"type":"Split","pattern":{"Regex":"\\d{1,3}(?=(?:\\d{3})*\\b)"},"behavior":"Contiguous","invert":true}""",
    ];

    static readonly string[] s_decoders =
    [
        """{"type":"ByteLevel"}""", """{"type":"BPEDecoder","suffix":"</w>"}""", """{"type":"ByteFallback"}""", """{"type":"Fuse"}""", """{"type":"Strip","content":" ","start":2,"stop":3}""",
        """{"type":"Strip","content":"a","start":2147483647,"stop":2147483647}""", """{"type":"Replace","pattern":{"String":"\u2581"},"content":" "}""", """{"type":"Replace","pattern":{"Regex":"a*b|a"},"content":"c"}""",
        """{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always"}""", """{"type":"WordPiece","prefix":"##","cleanup":true}""", """{"type":"CTC","pad_token":"<x>","word_delimiter_token":"|","cleanup":true}""",
    ];

    static readonly string[] s_words =
        ["a", "b", "ab", "aa", "aaaa", "abab", "é", "中", "\u2581", "\u2581a", "\u2581\u2581", "Ġ", "Ġa", "##a", "##b", "##ab", "</w>", "a</w>", "!", "7", "|", "_", "Z", "e", "\u0301", new string('a', 100)];

    [Fact]
    public void Random_components_take_linear_time_over_random_texts()
    {
        Random random = new(Seed);
        List<string> growing = [];
        int rounds = s_slow ? 200 : 16;
        for (int round = 0; round < rounds; round++)
        {
            JsonObject json = RandomFile(random);
            Tokenizer tokenizer = Tokenizer.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), "tiny.json");
            string unit = string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => s_fragments[random.Next(s_fragments.Length)]));
            bool places = random.Next(2) == 0;
            if (TimePerByte.Grows(size => Work(tokenizer, Repeat(unit, size), places), s_small) is { } found)
            {
                growing.Add($"{JsonValue.Create(unit).ToJsonString()}: {found}; {places} {json.ToJsonString()}");
            }
        }

        _output.WriteLine($"seed {Seed}: {rounds} rounds up to {s_small * TimePerByte.Growth} bytes");
        Assert.True(growing.Count == 0, string.Join('\n', growing));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("aab")]
    [InlineData("\u2581")]
    [InlineData("e\u0301\u200D")]
    [InlineData("ｶ\uFF9E")]
    public void A_table_of_SentencePiece_takes_linear_time(string unit)
    {
        string normalizer = JsonNode.Parse(File.ReadAllBytes(Fixtures.Path("tokenizers", "components", "norm-precompiled.json")))!["normalizer"]!.ToJsonString();
        Tokenizer tokenizer = Tokenizer.Parse(
            Encoding.UTF8.GetBytes($$$"""{"normalizer":{{{normalizer}}},"model":{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1],["{{{new string('a', 500)}}}b",-1]]}}"""), "tiny.json");
        Assert.Null(TimePerByte.Grows(size => Work(tokenizer, Repeat(unit, size), places: false), s_small / 2));
    }

    [Fact]
    public void Damaged_tables_of_SentencePiece_are_refused_or_serve()
    {
        byte[] intact = Convert.FromBase64String((string)JsonNode.Parse(File.ReadAllBytes(Fixtures.Path("tokenizers", "components", "norm-precompiled.json")))!["normalizer"]!["precompiled_charsmap"]!);
        Random random = new(Seed);
        int refused = 0;
        for (int round = 0; round < 60; round++)
        {
            // Units of the trie point anywhere, also to themselves, and behind the replacements.
            byte[] damaged = [.. intact];
            for (int edits = 0; edits < 1 << random.Next(14); edits++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            damaged = random.Next(3) == 0 ? damaged[..random.Next(damaged.Length)] : damaged;
            try
            {
                Tokenizer tokenizer = Tokenizer.Parse(Encoding.UTF8.GetBytes(
                    $$$"""{"normalizer":{"type":"Precompiled","precompiled_charsmap":"{{{Convert.ToBase64String(damaged)}}}"},"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}"""), "tiny.json");
                foreach (string fragment in s_fragments)
                {
                    _ = tokenizer.Encode(Repeat(fragment, 100));
                }
            }
            catch (TokenizerException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
        }

        Assert.InRange(refused, 10, 60);
    }

    [Theory]
    [InlineData("""{"type":"Unigram","unk_id":0,"vocab":[["a",1e999]]}""", "model.vocab[0]")]
    [InlineData("""{"type":"Unigram","unk_id":0,"vocab":[["a",NaN]]}""", "line 1")]
    [InlineData("""{"type":"Unigram","unk_id":7,"vocab":[["a",1]]}""", "model.unk_id")]
    [InlineData("""{"type":"Unigram","unk_id":-1,"vocab":[["a",1]]}""", "model.unk_id")]
    [InlineData("""{"type":"Unigram","unk_id":0,"vocab":[["a",1,2]]}""", "model.vocab[0]")]
    [InlineData("""{"type":"Unigram","unk_id":0,"vocab":["a"]}""", "model.vocab[0]")]
    [InlineData("""{"type":"Unigram","unk_id":0,"vocab":{"a":0}}""", "model.vocab")]
    [InlineData("""{"type":"WordLevel","unk_token":"a","vocab":[["a",1]]}""", "model.vocab")]
    [InlineData("""{"type":"WordLevel","unk_token":"a","vocab":{"a":2147483648}}""", "model.vocab")]
    [InlineData("""{"type":"WordPiece","unk_token":"a","vocab":{"a":0},"max_input_chars_per_word":-1}""", "max_input_chars_per_word")]
    [InlineData("""{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}""", "model.merges[0]")]
    public void Numbers_that_make_no_sense_are_refused(string model, string place)
    {
        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Parse(Encoding.UTF8.GetBytes($$"""{"model":{{model}}}"""), "tiny.json")).Message;
        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("Unigram")]
    [InlineData("WordPiece")]
    public void A_token_that_every_place_would_be_tried_with_for_long_is_refused(string type)
    {
        string token = new('a', 1000);
        string model = type == "Unigram" ? $$"""{"type":"Unigram","vocab":[["{{token}}",0]]}""" : $$$"""{"type":"WordPiece","unk_token":"a","vocab":{"{{{token}}}":0}}""";
        Assert.Contains("at most 512", Assert.Throws<TokenizerException>(() => Tokenizer.Parse(Encoding.UTF8.GetBytes($$"""{"model":{{model}}}"""), "tiny.json")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pieces_that_come_twice_belong_to_the_later_id()
    {
        Tokenizer tokenizer = Tokenizer.Parse("""{"model":{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1],["a",-5],["b",-1]]}}"""u8.ToArray(), "tiny.json");

        Assert.Equal([2, 3], tokenizer.Encode("ab"));
        Assert.Equal("a", tokenizer.GetToken(1));
    }

    static Action Work(Tokenizer tokenizer, string text, bool places) => () =>
    {
        try
        {
            IReadOnlyList<int> ids = places ? tokenizer.EncodeWithOffsets(text).Ids : tokenizer.Encode(text);
            _ = tokenizer.Decode([.. ids]);
        }
        catch (TokenizerException)
        {
            // A normalizer that makes too much of the text, or no unknown token.
        }
    };

    static JsonObject RandomFile(Random random)
    {
        JsonObject json = [];
        Add("normalizer", "normalizers", s_normalizers, 3);
        Add("pre_tokenizer", "pretokenizers", s_preTokenizers, 3);
        Add("decoder", "decoders", s_decoders, 3);
        json["model"] = Model(random);
        return json;

        void Add(string part, string list, string[] choice, int most)
        {
            int count = random.Next(most + 1);
            if (count > 0)
            {
                json[part] = new JsonObject { ["type"] = "Sequence", [list] = new JsonArray([.. Enumerable.Range(0, count).Select(_ => JsonNode.Parse(choice[random.Next(choice.Length)]))]) };
            }
        }
    }

    static JsonObject Model(Random random)
    {
        string[] words = [.. s_words.Where(_ => random.Next(4) > 0).Prepend("<unk>")];
        string[] bytes = random.Next(2) == 0 ? [.. Enumerable.Range(0, 256).Select(static value => $"<0x{value:X2}>")] : [];
        JsonObject vocabulary = [];
        foreach (string word in words.Concat(bytes))
        {
            vocabulary[word] = vocabulary.Count;
        }

        switch (random.Next(4))
        {
            case 0:
                return new JsonObject { ["type"] = "WordLevel", ["vocab"] = vocabulary, ["unk_token"] = "<unk>" };
            case 1:
                return new JsonObject { ["type"] = "WordPiece", ["vocab"] = vocabulary, ["unk_token"] = "<unk>", ["continuing_subword_prefix"] = random.Next(2) == 0 ? "##" : "", ["max_input_chars_per_word"] = random.Next(2) == 0 ? 100 : int.MaxValue };
            case 2:
                return new JsonObject
                {
                    ["type"] = "Unigram",
                    ["unk_id"] = 0,
                    ["byte_fallback"] = bytes.Length > 0,
                    ["vocab"] = new JsonArray([.. words.Concat(bytes).Select(word => new JsonArray(word, -random.Next(1, 20)))]),
                };
            default:
                JsonArray merges = [];
                foreach ((string left, string right) in ((string, string)[])[("a", "b"), ("a", "a"), ("aa", "aa"), ("ab", "ab"), ("\u2581", "a"), ("\u2581", "\u2581"), ("Ġ", "a")])
                {
                    if (vocabulary.ContainsKey(left) && vocabulary.ContainsKey(right) && vocabulary.ContainsKey(left + right))
                    {
                        merges.Add(new JsonArray(left, right));
                    }
                }

                return new JsonObject
                {
                    ["type"] = "BPE",
                    ["vocab"] = vocabulary,
                    ["merges"] = merges,
                    ["unk_token"] = random.Next(2) == 0 ? "<unk>" : null,
                    ["fuse_unk"] = random.Next(2) == 0,
                    ["byte_fallback"] = bytes.Length > 0,
                    ["end_of_word_suffix"] = random.Next(3) == 0 ? "</w>" : null,
                    ["ignore_merges"] = random.Next(3) == 0,
                };
        }
    }

    static string Repeat(string unit, int bytes) => string.Concat(Enumerable.Repeat(unit, Math.Max(1, bytes / Encoding.UTF8.GetByteCount(unit))));
}
