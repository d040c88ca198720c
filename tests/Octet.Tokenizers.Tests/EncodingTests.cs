using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>Encoding into the caller's memory, counting, places, pairs, truncation, padding and batches.</summary>
public class EncodingTests
{
    static readonly Tokenizer s_words = Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes("""
        {"added_tokens":[{"id":0,"content":"[UNK]","special":true},{"id":1,"content":"[CLS]","special":true},{"id":2,"content":"[SEP]","special":true},{"id":3,"content":"[PAD]","special":true}],
         "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
         "pre_tokenizer":{"type":"BertPreTokenizer"},
         "post_processor":{"type":"BertProcessing","cls":["[CLS]",1],"sep":["[SEP]",2]},
         "truncation":{"direction":"Right","max_length":5,"strategy":"LongestFirst","stride":0},
         "padding":{"strategy":{"Fixed":6},"direction":"Right","pad_to_multiple_of":null,"pad_id":3,"pad_type_id":0,"pad_token":"[PAD]"},
         "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
         "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
           "vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"[PAD]":3,"cafe":4,"##s":5,"中":6,"!":7,"a":8,"b":9,"c":10,"d":11,"e":12,"f":13,"##b":14}}}
        """), "words.json");

    // What a step puts in front of the text is dropped by the next; what is behind it still begins the text (the Rust library gives the mark again).
    [Theory]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":false}""")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true,"use_regex":false},{"type":"Split","pattern":{"String":"Ġ"},"behavior":"Removed"}""")]
    public void The_begin_of_a_text_is_known_with_offsets_and_without(string before)
    {
        const string Behind = """{"type":"UnicodeScripts"},{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":true}""";
        Tokenizer tokenizer = new TinyTokenizer().With("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[" + before + "," + Behind + "]}").Build();

        int[] ids = tokenizer.Encode("ab b");

        Assert.Equal(tokenizer.EncodeWithOffsets("ab b").Ids, ids);
        Assert.Equal(tokenizer.GetId("_"), ids[0]);
    }

    [Fact]
    public void Ids_go_into_memory_of_the_caller_where_it_is_long_enough()
    {
        int[] memory = new int[4];

        Assert.True(s_words.TryEncode("a b", memory, out int written));
        Assert.Equal(4, written);
        Assert.Equal([1, 8, 9, 2], memory);
        Assert.False(s_words.TryEncode("a b c", memory, out written));
        Assert.Equal(5, written);
        Assert.Equal([1, 8, 9, 2], memory);
    }

    [Fact]
    public void Counting_allocates_nothing_for_the_tokens()
    {
        string text = string.Concat(Enumerable.Repeat("a b c !", 1000));
        Assert.Equal(s_words.Encode(text).Length, s_words.CountTokens(text));
        int[] memory = new int[10_000];
        _ = s_words.TryEncode(text, memory, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = s_words.CountTokens(text);
        _ = s_words.TryEncode(text, memory, out _);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 512);
    }

    [Fact]
    public void Places_are_those_of_the_original_text_also_where_it_was_normalised()
    {
        const string Text = "  CAFÉs 中!😀";
        TokenEncoding encoding = s_words.EncodeWithOffsets(Text);

        Assert.Equal([1, 4, 5, 6, 7, 0, 2], encoding.Ids);
        Assert.Equal([0..0, 2..6, 6..7, 8..9, 9..10, 10..12, 0..0], encoding.Offsets);
        Assert.Equal("CAFÉ", Text[encoding.Offsets[1]]);
        Assert.Equal([1, 0, 0, 0, 0, 0, 1], encoding.SpecialTokensMask);
    }

    [Fact]
    public void Places_of_a_byte_level_tokenizer_leave_the_white_space_out_that_the_file_trims()
    {
        TinyTokenizer tiny = new TinyTokenizer("Ġ a").With("pre_tokenizer", """{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}""");

        Assert.Equal([0..1, 1..3, 3..4, 3..4], tiny.Build().EncodeWithOffsets("b aé").Offsets);
        Assert.Equal([0..1, 2..3, 3..4, 3..4], tiny.With("post_processor", """{"type":"ByteLevel","trim_offsets":true,"add_prefix_space":true}""").Build().EncodeWithOffsets("b aé").Offsets);
    }

    [Fact]
    public void Two_texts_are_told_apart_by_their_types()
    {
        TokenEncoding pair = s_words.EncodePair("a b", "c");

        Assert.Equal([1, 8, 9, 2, 10, 2], pair.Ids);
        Assert.Equal([0, 0, 0, 0, 1, 1], pair.TypeIds);
        Assert.Equal([1, 1, 1, 1, 1, 1], pair.AttentionMask);
        Assert.Equal([1, 0, 0, 1, 0, 1], pair.SpecialTokensMask);
        Assert.Empty(pair.Offsets);
    }

    [Theory]
    [InlineData(TruncationStrategy.LongestFirst, TokenSide.Right, "1 8 9 2 10 11 2")]
    [InlineData(TruncationStrategy.LongestFirst, TokenSide.Left, "1 8 9 2 12 13 2")]
    [InlineData(TruncationStrategy.OnlySecond, TokenSide.Right, "1 8 9 2 10 11 2")]
    public void A_pair_is_cut_as_asked(TruncationStrategy strategy, TokenSide side, string expected)
    {
        EncodingOptions options = new() { Truncation = new TruncationOptions(7) { Strategy = strategy, Side = side } };

        Assert.Equal(expected, string.Join(' ', s_words.EncodePair("a b", "c d e f", options).Ids));
    }

    [Fact]
    public void Of_two_long_texts_each_keeps_half()
    {
        EncodingOptions options = new() { Truncation = new TruncationOptions(8) };

        Assert.Equal([1, 8, 9, 2, 8, 9, 10, 2], s_words.EncodePair("a b c d e", "a b c d e f", options).Ids);
    }

    [Fact]
    public void What_is_cut_off_overflows_in_parts_that_overlap_by_the_stride()
    {
        TokenEncoding encoding = s_words.EncodeWithOffsets("a b c d e f", new() { Truncation = new TruncationOptions(5) { Stride = 1 } });

        Assert.Equal([1, 8, 9, 10, 2], encoding.Ids);
        Assert.Equal([[1, 10, 11, 12, 2], [1, 12, 13, 2]], encoding.Overflowing.Select(static part => part.Ids));
        Assert.Equal(10..11, encoding.Overflowing[1].Offsets[2]);
    }

    [Fact]
    public void A_text_that_cannot_be_cut_as_asked_is_refused()
    {
        Assert.Throws<TokenizerException>(() => s_words.EncodePair("a", "b c d e f", new() { Truncation = new TruncationOptions(5) { Strategy = TruncationStrategy.OnlyFirst } }));
        Assert.Throws<TokenizerException>(() => s_words.EncodeWithOffsets("a b c d e f", new() { Truncation = new TruncationOptions(5) { Stride = 3 } }));
        Assert.Equal([1, 2], s_words.EncodeWithOffsets("a b", new() { Truncation = new TruncationOptions(1) }).Ids);
    }

    [Fact]
    public void Batches_are_filled_up_to_their_longest_text()
    {
        TokenEncoding[] batch = s_words.EncodeBatch(["a", "a b c", ""], new() { Padding = new PaddingOptions(3) { MultipleOf = 4, Side = TokenSide.Left, TypeId = 7 } });

        Assert.Equal([3, 3, 3, 3, 3, 1, 8, 2], batch[0].Ids);
        Assert.Equal([3, 3, 3, 1, 8, 9, 10, 2], batch[1].Ids);
        Assert.Equal([0, 0, 0, 0, 0, 1, 1, 1], batch[0].AttentionMask);
        Assert.Equal([7, 7, 7, 7, 7, 0, 0, 0], batch[0].TypeIds);
        Assert.Equal([1, 1, 1, 1, 1, 1, 0, 1], batch[0].SpecialTokensMask);
        Assert.Empty(s_words.EncodeBatch([]));
    }

    [Fact]
    public void What_the_file_says_of_length_counts_where_it_is_asked_for()
    {
        Assert.Equal([1, 8, 9, 10, 11, 12, 2], s_words.Encode("a b c d e"));
        Assert.Equal([1, 8, 9, 10, 2, 3], s_words.EncodeBatch(["a b c d e"], s_words.FileOptions)[0].Ids);
    }

    [Fact]
    public void A_batch_gives_what_its_texts_give_one_by_one()
    {
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Repository, "models", "octet-tiny"));
        string[] texts = [.. Enumerable.Range(0, 200).Select(static i => $"{i} texts, é and {new string('x', i)} 中文")];

        Assert.Equal(texts.Select(text => tokenizer.Encode(text)), tokenizer.EncodeBatch(texts).Select(static encoding => encoding.Ids.ToArray()));
    }

    [Fact]
    public void What_fails_in_a_batch_comes_out_as_it_does_alone()
    {
        Tokenizer tokenizer = Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes("""{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"?"}}"""), "one.json");

        Assert.Throws<TokenizerException>(() => tokenizer.EncodeBatch(["a", "b"]));
    }
}
