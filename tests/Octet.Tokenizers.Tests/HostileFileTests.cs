using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace Octet.Tokenizers.Tests;

/// <summary>Files from strangers are refused in one line or serve, soon, and never end the process.</summary>
public class HostileFileTests
{
    static string Refusal(TinyTokenizer tiny)
    {
        string message = tiny.Refusal();
        Assert.DoesNotContain('\n', message);
        Assert.True(message.Length < 2000, $"{message.Length} characters");
        return message;
    }

    static string Sequence(string list, string step, int count) =>
        $$"""{"type":"Sequence","{{list}}":[{{string.Join(',', Enumerable.Repeat(step, count))}}]}""";

    [Theory]
    [InlineData("pre_tokenizer", "pretokenizers", """{"type":"Digits"}""")]
    [InlineData("normalizer", "normalizers", """{"type":"NFC"}""")]
    [InlineData("normalizer", "normalizers", """{"type":"Sequence","normalizers":[]}""")]
    [InlineData("post_processor", "processors", """{"type":"ByteLevel"}""")]
    [InlineData("post_processor", "processors", """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}],"special_tokens":{}}""")]
    public void A_part_of_200_000_steps_is_refused(string part, string list, string step) =>
        Assert.Contains("at most 100 steps", Refusal(new TinyTokenizer().With(part, Sequence(list, step, 200_000))), StringComparison.Ordinal);

    [Theory]
    [InlineData(197)]
    [InlineData(198)]
    [InlineData(199)]
    [InlineData(200)]
    public void A_long_string_in_a_message_is_cut_between_characters(int before)
    {
        string message = Refusal(new TinyTokenizer().With("normalizer", $$"""{"type":"{{new string('n', before)}}😀😀😀"}"""));
        Assert.Contains("...\"", message, StringComparison.Ordinal);
        Assert.DoesNotContain(message.EnumerateRunes(), static rune => rune == Rune.ReplacementChar);

        message = Refusal(new TinyTokenizer().With("normalizer", $$"""{"type":"\u0001{{new string('n', before - 6)}}😀😀😀"}"""));
        Assert.Contains("...\"", message, StringComparison.Ordinal);
        Assert.DoesNotContain(message.EnumerateRunes(), static rune => rune == Rune.ReplacementChar);
    }

    [Fact]
    public void Ninety_steps_serve()
    {
        string digits = string.Join(',', Enumerable.Repeat("""{"type":"Digits","individual_digits":true}""", 90));
        Tokenizer tokenizer = new TinyTokenizer().With(
            "pre_tokenizer", $$"""{"type":"Sequence","pretokenizers":[{{digits}},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}""").Build();
        Assert.Equal(["a", "1", "2"], Pieces.Of(tokenizer, "a12"));
    }

    [Theory]
    [InlineData("pre_tokenizer", "pretokenizers")]
    [InlineData("normalizer", "normalizers")]
    [InlineData("post_processor", "processors")]
    [InlineData("decoder", "decoders")]
    public void Sequences_in_sequences_are_refused_where_they_nest_too_deep(string part, string list)
    {
        const int Depth = 100_000;
        string open = string.Concat(Enumerable.Repeat($$"""{"type":"Sequence","{{list}}":[""", Depth));
        string nested = open + """{"type":"ByteLevel"}""" + string.Concat(Enumerable.Repeat("]}", Depth));
        string json = Encoding.UTF8.GetString(new TinyTokenizer().With(part, "\"here\"").Json()).Replace("\"here\"", nested, StringComparison.Ordinal);
        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json), "tiny.json")).Message;
        Assert.Contains("deeper than 64", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Twenty_four_steps_that_double_a_text_are_refused_at_load_and_with_a_text()
    {
        string doubling = Sequence("normalizers", """{"type":"Replace","pattern":{"String":"a"},"content":"aa"}""", 24);
        Assert.Contains("64 bytes for each", Refusal(new TinyTokenizer().With("normalizer", doubling).WithToken(300, "aaaa", normalized: true)), StringComparison.Ordinal);

        Tokenizer tokenizer = new TinyTokenizer().With("normalizer", doubling).Build();
        Assert.Equal(['b'], tokenizer.Encode("b"));
        TokenizerException error = Assert.Throws<TokenizerException>(() => tokenizer.Encode(new string('a', 1000)));
        Assert.StartsWith("tiny.json: normalizer: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Replace")]
    [InlineData("Prepend")]
    public void One_step_that_writes_a_megabyte_is_refused(string type)
    {
        string long_ = new('x', 1 << 20);
        string step = type == "Replace" ? $$"""{"type":"Replace","pattern":{"String":"a"},"content":"{{long_}}"}""" : $$"""{"type":"Prepend","prepend":"{{long_}}"}""";
        Tokenizer tokenizer = new TinyTokenizer().With("normalizer", step).Build();
        Assert.Throws<TokenizerException>(() => tokenizer.Encode(new string('a', 1000)));
    }

    [Fact]
    public void A_replacement_is_found_as_in_the_definition_where_its_pattern_repeats_itself()
    {
        Random random = new(5);
        for (int round = 0; round < 300; round++)
        {
            string pattern = RandomText(random, random.Next(1, 6));
            string content = RandomText(random, random.Next(0, 4));
            string text = RandomText(random, random.Next(1, 60));
            Tokenizer tokenizer = new TinyTokenizer().With("normalizer", new JsonObject
            {
                ["type"] = "Replace",
                ["pattern"] = new JsonObject { ["String"] = pattern },
                ["content"] = content,
            }.ToJsonString()).Build();
            Assert.Equal(text.Replace(pattern, content, StringComparison.Ordinal), tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Fact]
    public void Added_tokens_of_more_than_four_megabytes_are_refused()
    {
        TinyTokenizer tiny = new TinyTokenizer().With("normalizer", """{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}""");
        for (int id = 0; id < 8; id++)
        {
            tiny.WithToken(300 + id, id + new string('a', 20_000), normalized: true);
        }

        Assert.Contains("added_tokens", Refusal(tiny), StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_of_a_million_ids_is_refused()
    {
        string pieces = string.Join(',', Enumerable.Repeat("""{"SpecialToken":{"id":"s"}}""", 5000));
        string ids = string.Join(',', Enumerable.Repeat("97", 5000));
        Assert.Contains("at most 1000", Refusal(new TinyTokenizer().With(
            "post_processor", $$$$"""{"type":"TemplateProcessing","single":[{{{{pieces}}}},{"Sequence":{"id":"A"}}],"special_tokens":{"s":{"ids":[{{{{ids}}}}]}}}""")), StringComparison.Ordinal);
        Assert.Contains("at most 1000", Refusal(new TinyTokenizer().With(
            "post_processor", $$$$"""{"type":"TemplateProcessing","single":[{{{{pieces}}}},{"Sequence":{"id":"A"}}],"special_tokens":{"s":{"ids":[]}}}""")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("added_tokens", """[{"id":300,"id":301,"content":"x"}]""")]
    [InlineData("normalizer", """{"type":"NFC","type":"NFD"}""")]
    [InlineData("pre_tokenizer", """{"type":"ByteLevel","use_regex":false,"use_regex":true}""")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}],"special_tokens":{"a":{"ids":[]},"a":{"ids":[97]}}}""")]
    [InlineData("decoder", """{"type":"ByteLevel","type":"ByteLevel"}""")]
    public void A_key_that_is_there_twice_is_refused_wherever_it_stands(string part, string value)
    {
        string json = Encoding.UTF8.GetString(new TinyTokenizer().With(part, "\"here\"").Json()).Replace("\"here\"", value, StringComparison.Ordinal);
        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json), "tiny.json")).Message;
        Assert.StartsWith($"tiny.json: {part}: a key is there twice", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("""{"model":{"vocab":{"\ud800":1}}}""")]
    [InlineData("""{"model":{"merges":["\udc00 a"],"vocab":{}}}""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"added_tokens":[{"\ud800":1}]}""")]
    public void Half_of_a_surrogate_pair_is_refused_in_one_line(string json)
    {
        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json), "tiny.json")).Message;
        Assert.Contains("not valid Unicode", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Messages_quote_no_more_than_a_line_of_the_file()
    {
        string digits = new('7', 1 << 20);
        Refusal(new TinyTokenizer().WithModel("ignore_merges", digits));
        Refusal(new TinyTokenizer().With("added_tokens", $$"""[{"id":{{digits}},"content":"x"}]"""));
        Refusal(new TinyTokenizer().With("normalizer", $$"""{"type":"{{digits}}"}"""));
        TinyTokenizer tiny = new();
        tiny.Model["vocab"]!["x"] = JsonNode.Parse(digits);
        Refusal(tiny);
    }

    [Fact]
    public void Keys_that_collided_in_an_unkeyed_hash_load_as_fast_as_others()
    {
        // ByteHash as it was: two words whose top bits differ cancelled out whatever came before, so pairs of words gave 2^k collisions.
        double hostile = LoadSeconds(Colliding);
        double plain = LoadSeconds(static i => i.ToString("x16", System.Globalization.CultureInfo.InvariantCulture) + new string('q', 240));
        Assert.True(hostile < 20 * plain + 0.5, $"{hostile:f2} s for keys that collide, {plain:f2} s for others");

        // 16 pairs of words, each as it is or with the top bit of the first word and bits 63 and 31 of the second turned over.
        static string Colliding(int i)
        {
            StringBuilder text = new(256);
            for (int pair = 0; pair < 16; pair++)
            {
                bool flipped = ((i >> pair) & 1) != 0;
                byte high = flipped ? (byte)0xC1 : (byte)0x41;
                byte middle = flipped ? (byte)0xC2 : (byte)0x42;
                byte[] words = [.. "aaaaaaa"u8, high, .. "bbb"u8, middle, .. "bbb"u8, high];
                foreach (byte value in words)
                {
                    text.Append(TinyTokenizer.Symbol(value));
                }
            }

            return text.ToString();
        }

        static double LoadSeconds(Func<int, string> key)
        {
            TinyTokenizer tiny = new();
            JsonObject vocabulary = tiny.Model["vocab"]!.AsObject();
            for (int i = 0; i < 40_000; i++)
            {
                vocabulary[key(i)] = 256 + i;
            }

            byte[] json = tiny.Json();
            long start = Stopwatch.GetTimestamp();
            Tokenizer.Parse(json, "tiny.json");
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }

    static string RandomText(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => random.Next(4) == 0 ? 'b' : 'a'));
}
