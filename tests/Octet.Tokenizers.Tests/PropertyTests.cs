using System.Diagnostics;
using System.Text;
using CsCheck;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

public class PropertyTests
{
    static readonly string[] s_telling =
        ["\n", "\r\n", "\t", "  ", "'s", "é", "e\u0301", "\u0316", "中", "😀", "١", "<|", "'LL", "\u00A0"];

    static readonly Gen<string> s_text = Gen.Frequency(
            (4, Gen.Char[' ', '~'].Select(value => value.ToString())),
            (2, Gen.Int[0, 0x10FFFF].Where(value => value is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)),
            (1, Gen.Int[0, s_telling.Length - 1].Select(i => s_telling[i])))
        .Array[0, 60].Select(string.Concat);

    static readonly Lazy<Tokenizer> s_builtIn = new(() => Tokenizer.Load(Path.Combine(Fixtures.Repository, "models", "octet-tiny")));

    /// <summary>The built-in model's tokenizer, which every clone has, and that of Qwen3, which it was modelled on; that test skips without it.</summary>
    static Tokenizer Published(string name) => name == "octet-tiny" ? s_builtIn.Value : Qwen3.Tokenizer;

    [Theory]
    [InlineData("octet-tiny")]
    [InlineData("qwen3")]
    public void Decoding_what_was_encoded_gives_the_normal_form(string name)
    {
        Tokenizer tokenizer = Published(name);
        s_text.Where(text => !text.Contains('\uFFFE', StringComparison.Ordinal)).Sample(
            text => Assert.Equal(text.Normalize(), tokenizer.Decode(tokenizer.Encode(text))), seed: "0000KOIKe0K0", iter: 5000, threads: 1);
    }

    [Fact]
    public void The_pieces_make_up_the_text()
    {
        Tokenizer[] tokenizers =
        [
            new TinyTokenizer().WithSplit(TinyTokenizer.QwenPattern).Build(),
            new TinyTokenizer().WithSplit(TinyTokenizer.LlamaPattern).Build(),
            new TinyTokenizer().With("pre_tokenizer", """{"type":"ByteLevel","add_prefix_space":false}""").Build(),
        ];
        s_text.Sample(
            text => Assert.All(tokenizers, tokenizer =>
            {
                string[] pieces = Pieces.Of(tokenizer, text);
                Assert.DoesNotContain("", pieces);
                Assert.Equal(text, string.Concat(pieces));
            }),
            seed: "0000KOIKe0K0", iter: 3000, threads: 1);
    }

    [Theory]
    [InlineData("octet-tiny", false)]
    [InlineData("octet-tiny", true)]
    [InlineData("qwen3", false)]
    [InlineData("qwen3", true)]
    public void Streaming_gives_what_decoding_the_whole_gives(string name, bool skipSpecialTokens)
    {
        Tokenizer tokenizer = Published(name);
        int added = tokenizer.GetId("<|endoftext|>")!.Value; // the first of the added tokens, which come last

        // Bytes alone (0 to 255), any tokens, added tokens, and ids that no token has.
        Gen.Frequency((5, Gen.Int[0, 255]), (2, Gen.Int[0, added - 1]), (1, Gen.Int[added, tokenizer.VocabularySize + 30])).Array[0, 40].Sample(
            ids =>
            {
                StreamingDecoder decoder = tokenizer.CreateDecoder(skipSpecialTokens);
                StringBuilder text = new();
                foreach (int id in ids)
                {
                    text.Append(decoder.Append(id));
                }

                text.Append(decoder.Flush());
                Assert.Equal(tokenizer.Decode(ids, skipSpecialTokens), text.ToString());
            },
            seed: "0000KOIKe0K0", iter: 5000, threads: 1);
    }

    [Fact]
    public void A_stream_holds_back_a_character_until_it_is_whole()
    {
        StreamingDecoder decoder = new TinyTokenizer().Build().CreateDecoder();

        Assert.Equal(["", "", "", "😀"], "😀"u8.ToArray().Select(value => decoder.Append(value)));
        Assert.Equal("", decoder.Append(0xE2));
        Assert.Equal("\uFFFDa", decoder.Append('a'));
        Assert.Equal("", decoder.Append(0xE0));
        Assert.Equal("\uFFFD\uFFFD", decoder.Append(0x80)); // E0 80 begins no character
        Assert.Equal("", decoder.Append(0xC3));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("a", decoder.Append('a'));
    }

    [Fact]
    public void Threads_that_share_a_tokenizer_get_the_same_ids()
    {
        Tokenizer tokenizer = new TinyTokenizer("a b", "b c", "ab c", "Ġ a", "Ġa b").WithSplit(TinyTokenizer.QwenPattern).Build();
        string[] texts = [.. Enumerable.Range(0, 200).Select(seed => RandomWords(new Random(seed), 200))];
        int[][] expected = [.. texts.Select(text => new TinyTokenizer("a b", "b c", "ab c", "Ġ a", "Ġa b").WithSplit(TinyTokenizer.QwenPattern).Build().Encode(text))];

        Parallel.For(0, 4 * texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
            Assert.Equal(expected[i % texts.Length], tokenizer.Encode(texts[i % texts.Length])));
    }

    public static TheoryData<string, string> Heavy => new()
    {
        { "a letter", "a" },
        { "a digit", "7" },
        { "an emoji", "😀" },
        { "a space", " " },
        { "spaces and line breaks", " \n" },
        { "the beginning of a special token", "<|im_star" },
        { "marks out of order", "\u0301\u0316" },
    };

    [Theory]
    [MemberData(nameof(Heavy))]
    public void A_megabyte_of_one_thing_takes_linear_time(string what, string unit)
    {
        Tokenizer tokenizer = Qwen3.Tokenizer;
        string text = "x" + string.Concat(Enumerable.Repeat(unit, (1 << 20) / Encoding.UTF8.GetByteCount(unit)));
        long start = Stopwatch.GetTimestamp();

        int[] ids = tokenizer.Encode(text);

        // A quadratic step would take minutes; a busy machine takes a second.
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(15), what);
        Assert.Equal(what == "marks out of order" ? text.Length : text.Normalize().Length, tokenizer.Decode(ids).Length);
    }

    static string RandomWords(Random random, int count) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => " " + new string([.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => (char)('a' + random.Next(3)))])));
}
