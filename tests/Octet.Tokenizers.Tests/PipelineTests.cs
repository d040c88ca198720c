namespace Octet.Tokenizers.Tests;

/// <summary>Normalizers, pre-tokenizers, post-processors and decoders, each alone.</summary>
public class PipelineTests
{
    static string Decoded(string normalizer, string text)
    {
        Tokenizer tokenizer = new TinyTokenizer().With("normalizer", normalizer).Build();
        return tokenizer.Decode(tokenizer.Encode(text));
    }

    [Theory]
    [InlineData("NFC", "e\u0301ﬁ", "éﬁ")]
    [InlineData("NFD", "éﬁ", "e\u0301ﬁ")]
    [InlineData("NFKC", "e\u0301ﬁ", "éfi")]
    [InlineData("NFKD", "éﬁ", "e\u0301fi")]
    [InlineData("Lowercase", "ÀİΣ\U00010400", "ài\u0307σ\U00010428")]
    public void A_normalizer_rewrites_the_text(string type, string text, string expected) =>
        Assert.Equal(expected, Decoded($$"""{"type":"{{type}}"}""", text));

    [Fact]
    public void Replace_prepend_and_sequence_rewrite_in_their_order() => Assert.Equal(
        "_a_b",
        Decoded(
            """{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":" "},{"type":"Replace","pattern":{"String":" "},"content":"_"}]}""",
            "a b"));

    [Fact]
    public void Noncharacters_pass_through_normalization() =>
        Assert.Equal("é\uFFFE\uFFFFé", Decoded("""{"type":"NFC"}""", "e\u0301\uFFFE\uFFFFe\u0301"));

    [Fact]
    public void A_lone_surrogate_counts_as_the_replacement_character() =>
        Assert.Equal("\uFFFDé\uFFFD", Decoded("""{"type":"NFC"}""", "\uDC00e\u0301\uD800"));

    [Fact]
    public void Long_runs_of_marks_normalise_as_Unicode_says()
    {
        // Classes 230, 220, 240, 1 and a decomposing mark; a starter in between (U+0903 is a mark of class 0).
        string[] marks = ["\u0301", "\u0316", "\u0345", "\u0334", "\u0344", "\u0302", "\u0323", "\u0903", "\u3099"];
        Random random = new(3);
        for (int round = 0; round < 50; round++)
        {
            string text = "a" + string.Concat(Enumerable.Range(0, 80).Select(_ => marks[random.Next(marks.Length)])) + "e";
            Assert.Equal(text.Normalize(), Decoded("""{"type":"NFC"}""", text));
        }
    }

    [Theory]
    [InlineData("a12345b", new[] { "a", "123", "45", "b" })]
    [InlineData("I'LL don'ſ x", new[] { "I", "'LL", " don", "'ſ", " x" })]
    [InlineData("a  b\n\n c\t", new[] { "a", " ", " b", "\n\n", " c", "\t" })]
    [InlineData("x.y!!\n\nz", new[] { "x", ".y", "!!\n\n", "z" })]
    public void The_llama_pattern_takes_digits_by_threes(string text, string[] expected) =>
        Assert.Equal(expected, Pieces.Of(new TinyTokenizer().WithSplit(TinyTokenizer.LlamaPattern).Build(), text));

    [Theory]
    [InlineData("xⅧy", new[] { "x", "Ⅷ", "y" })] // letter numbers are numbers, not letters
    [InlineData("x〇y", new[] { "x", "〇", "y" })]
    [InlineData("½²Ⅷ7", new[] { "½²Ⅷ", "7" })]
    [InlineData("x\u200Dy", new[] { "x", "\u200Dy" })] // a joiner is neither letter nor mark
    [InlineData("e\u0301x", new[] { "e", "\u0301x" })]
    public void Numbers_letters_and_the_rest_are_Unicode_s(string text, string[] expected) =>
        Assert.Equal(expected, Pieces.Of(new TinyTokenizer().WithSplit(TinyTokenizer.LlamaPattern).Build(), text));

    [Theory]
    [InlineData("I'ſx", new[] { "I", "'ſ", "x" })]
    [InlineData("I'Sx", new[] { "I", "'S", "x" })]
    [InlineData("I'ßx", new[] { "I", "'ßx" })]
    [InlineData("I'Kx", new[] { "I", "'Kx" })] // the Kelvin sign folds to k, which is no ending
    [InlineData("I'rEx", new[] { "I", "'rE", "x" })]
    [InlineData("I'Vex", new[] { "I", "'Ve", "x" })]
    [InlineData("I'lLx", new[] { "I", "'lL", "x" })]
    [InlineData("I'lx", new[] { "I", "'lx" })]
    [InlineData("I'rx", new[] { "I", "'rx" })]
    [InlineData("I'Dx", new[] { "I", "'D", "x" })]
    [InlineData("I'Mx", new[] { "I", "'M", "x" })]
    [InlineData("I'Tx", new[] { "I", "'T", "x" })]
    [InlineData("I'", new[] { "I", "'" })]
    [InlineData("I'r", new[] { "I", "'r" })]
    public void Endings_are_cut_off_whatever_their_case(string text, string[] expected) =>
        Assert.Equal(expected, Pieces.Of(new TinyTokenizer().WithSplit(TinyTokenizer.QwenPattern).Build(), text));

    [Theory]
    [InlineData("I'ſx", new[] { "I", "'", "ſx" })]
    [InlineData("I'sx", new[] { "I", "'s", "x" })]
    [InlineData("I'LLx", new[] { "I", "'", "LLx" })]
    [InlineData("I'vex", new[] { "I", "'ve", "x" })]
    public void The_pattern_of_gpt2_cuts_off_small_endings_only(string text, string[] expected) =>
        Assert.Equal(expected, Pieces.Of(new TinyTokenizer().With("pre_tokenizer", """{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}""").Build(), text));

    [Fact]
    public void Of_nested_post_processors_the_first_is_the_innermost()
    {
        static string Around(int before, int after) => $$$$"""
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"b"}},{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"e"}}],
              "special_tokens":{"b":{"ids":[{{{{before}}}}]},"e":{"ids":[{{{{after}}}}]}}}
            """;

        // tokenizers' Sequence applies its processors one after the other, each to what the one before has made.
        Tokenizer tokenizer = new TinyTokenizer().With("post_processor", $$"""
            {"type":"Sequence","processors":[{{Around('1', '2')}},{"type":"Sequence","processors":[{{Around('3', '4')}},{{Around('5', '6')}}]},{{Around('7', '8')}}]}
            """).Build();
        Assert.Equal(['7', '5', '3', '1', 'a', '2', '4', '6', '8'], tokenizer.Encode("a"));
    }

    [Fact]
    public void A_template_keeps_the_order_of_its_tokens_and_of_their_ids()
    {
        Tokenizer tokenizer = new TinyTokenizer().With("post_processor", """
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"b"}},{"SpecialToken":{"id":"c"}},{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"c"}},{"SpecialToken":{"id":"b"}}],
              "special_tokens":{"b":{"ids":[1,2]},"c":{"ids":[3]}}}
            """).Build();
        Assert.Equal([1, 2, 3, 'a', 3, 1, 2], tokenizer.Encode("a"));
    }

    [Fact]
    public void Halfwidth_voiced_marks_in_a_long_run_normalise_as_Unicode_says()
    {
        string[] marks = ["\uFF9E", "\u0316", "\uFF9F", "\u0301", "\u0345"];
        Random random = new(9);
        foreach ((string type, System.Text.NormalizationForm form) in ((string, System.Text.NormalizationForm)[])[("NFKC", System.Text.NormalizationForm.FormKC), ("NFKD", System.Text.NormalizationForm.FormKD), ("NFC", System.Text.NormalizationForm.FormC)])
        {
            for (int round = 0; round < 20; round++)
            {
                string text = "ｶ" + string.Concat(Enumerable.Range(0, 100).Select(_ => marks[random.Next(marks.Length)])) + "e";
                Assert.Equal(text.Normalize(form), Decoded($$"""{"type":"{{type}}"}""", text));
            }
        }
    }

    [Theory]
    [InlineData("a12 345", new[] { "a", "1", "2", " ", "3", "4", "5" })]
    [InlineData("a\U00020000b", new[] { "a\U00020000b" })]
    [InlineData("x \U0001D7D8y", new[] { "x", " ", "\U0001D7D8", "y" })]
    [InlineData("a\u0085b\u180Ec\u200Bd\uFEFFe", new[] { "a", "\u0085b", "\u180Ec", "\u200Bd", "\uFEFFe" })]
    public void The_qwen_pattern_takes_digits_one_by_one(string text, string[] expected) =>
        Assert.Equal(expected, Pieces.Of(new TinyTokenizer().WithSplit(TinyTokenizer.QwenPattern).Build(), text));

    [Theory]
    [InlineData("Hello world's 123!! ok  ", new[] { "Hello", " world", "'s", " 123", "!!", " ok", "  " })]
    [InlineData("a'S  b\n\nc", new[] { "a", "'", "S", " ", " b", "\n", "\n", "c" })]
    public void Byte_level_with_use_regex_cuts_with_the_pattern_of_gpt2(string text, string[] expected) => Assert.Equal(
        expected,
        Pieces.Of(new TinyTokenizer().With("pre_tokenizer", """{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}""").Build(), text));

    [Fact]
    public void A_prefix_space_is_added_where_the_text_does_not_begin_with_one()
    {
        Tokenizer tokenizer = new TinyTokenizer().With("pre_tokenizer", """{"type":"ByteLevel","add_prefix_space":true,"use_regex":true}""").Build();

        Assert.Equal([" a", " b"], Pieces.Of(tokenizer, "a b"));
        Assert.Equal([" a"], Pieces.Of(tokenizer, " a"));
        Assert.Equal([" ", "\n", "a"], Pieces.Of(tokenizer, "\na"));
    }

    [Theory]
    [InlineData("true", new[] { "ab", "1", "²", " c" })]
    [InlineData("false", new[] { "ab", "1²", " c" })]
    public void Digits_stand_apart(string individual, string[] expected) => Assert.Equal(expected, Pieces.Of(
        new TinyTokenizer().With(
            "pre_tokenizer",
            $$"""
            {"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":{{individual}}},
              {"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}
            """).Build(),
        "ab1² c"));

    [Fact]
    public void A_template_puts_its_tokens_around_the_text_unless_told_not_to()
    {
        Tokenizer tokenizer = new TinyTokenizer().WithToken(300, "<s>", special: true).WithToken(301, "</s>", special: true).With(
            "post_processor",
            """
            {"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing",
              "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
              "pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[300],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[301],"tokens":["</s>"]}}}]}
            """).Build();

        Assert.Equal([300, 'a', 301], tokenizer.Encode("a"));
        Assert.Equal([300, 301], tokenizer.Encode(""));
        Assert.Equal(['a'], tokenizer.Encode("a", addSpecialTokens: false));
    }

    [Fact]
    public void Without_a_decoder_the_contents_are_joined_by_spaces()
    {
        Tokenizer tokenizer = new TinyTokenizer("Ġ a").With("decoder", "null").Build();
        StreamingDecoder decoder = tokenizer.CreateDecoder();

        Assert.Equal("Ġa b", tokenizer.Decode([256, 'b', 9999]));
        Assert.Equal("Ġa b", decoder.Append(256) + decoder.Append(9999) + decoder.Append('b') + decoder.Flush());
    }

    [Fact]
    public void The_byte_level_post_processor_and_a_sequence_of_one_decoder_change_nothing()
    {
        Tokenizer tokenizer = new TinyTokenizer()
            .With("post_processor", """{"type":"ByteLevel"}""")
            .With("decoder", """{"type":"Sequence","decoders":[{"type":"ByteLevel"}]}""").Build();

        Assert.Equal("é", tokenizer.Decode(tokenizer.Encode("é")));
    }
}
