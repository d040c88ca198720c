namespace Octet.Tokenizers.Tests;

public class AddedTokenTests
{
    const int Tag = 300;

    [Fact]
    public void An_added_token_is_matched_inside_text() =>
        Assert.Equal(['a', Tag, 'b'], new TinyTokenizer().WithToken(Tag, "<x>").Build().Encode("a<x>b"));

    [Fact]
    public void The_longest_of_those_that_begin_leftmost_is_taken()
    {
        Tokenizer tokenizer = new TinyTokenizer().WithToken(300, "<x").WithToken(301, "<x>>").WithToken(302, ">>!").Build();

        Assert.Equal([301, '!'], tokenizer.Encode("<x>>!"));
        Assert.Equal(['<', 302], tokenizer.Encode("<>>!"));
        Assert.Equal([300, '>', '!'], tokenizer.Encode("<x>!"));
    }

    [Fact]
    public void Left_strip_takes_the_white_space_before()
    {
        Tokenizer tokenizer = new TinyTokenizer().WithToken(Tag, "<x>", lstrip: true).Build();

        Assert.Equal(['a', Tag, ' ', 'b'], tokenizer.Encode("a \u00A0\n<x> b"));
        Assert.Equal([Tag, Tag], tokenizer.Encode("  <x>  <x>"));
    }

    [Fact]
    public void Right_strip_takes_the_white_space_after()
    {
        Tokenizer tokenizer = new TinyTokenizer().WithToken(Tag, "<x>", rstrip: true).Build();

        Assert.Equal(['a', ' ', Tag, 'b'], tokenizer.Encode("a <x> \u3000\tb"));
        Assert.Equal([Tag, Tag], tokenizer.Encode("<x>  <x>  "));
    }

    [Fact]
    public void White_space_that_a_token_has_taken_is_no_token_again_unless_only_what_follows_is_taken()
    {
        // As tokenizers 0.22.2 has it, where a match begins inside of what the one before took with it.
        Assert.Equal([Tag, 'x'], new TinyTokenizer().WithToken(Tag, "  ", lstrip: true, rstrip: true).Build().Encode("      x"));
        Assert.Equal([Tag, Tag, Tag, 'x'], new TinyTokenizer().WithToken(Tag, "  ", rstrip: true).Build().Encode("      x"));
        Assert.Equal([Tag, Tag, Tag, 'x'], new TinyTokenizer().WithToken(Tag, "  ", lstrip: true).Build().Encode("      x"));
    }

    [Theory]
    [InlineData("a <x> b", true)]
    [InlineData("<x>", true)]
    [InlineData("-<x>-", true)]
    [InlineData("a<x> b", false)]
    [InlineData("a <x>b", false)]
    [InlineData("é<x>", false)]
    [InlineData("<x>_", false)]
    [InlineData("<x>7", false)]
    [InlineData("<x>\u0301", false)]
    [InlineData("<x>\U00020000", false)]
    [InlineData("<x>²", true)]
    [InlineData("<x>\u200D", false)] // the two joiners
    [InlineData("\u200C<x>", false)]
    [InlineData("<x>\u200B", true)]
    [InlineData("<x>\u200E", true)]
    [InlineData("<x>Ⅷ", false)] // a letter number
    [InlineData("<x>〇", false)]
    [InlineData("<x>½", true)] // a number of another kind
    [InlineData("<x>Ⓐ", false)] // circled and squared letters are alphabetic
    [InlineData("<x>ⓩ", false)]
    [InlineData("<x>⓪", true)]
    [InlineData("<x>\u24B5", true)]
    [InlineData("<x>\U0001F130", false)]
    [InlineData("<x>\U0001F149", false)]
    [InlineData("<x>\U0001F14A", true)]
    [InlineData("<x>\U0001F150", false)]
    [InlineData("<x>\U0001F169", false)]
    [InlineData("<x>\U0001F170", false)]
    [InlineData("<x>\U0001F189", false)]
    [InlineData("<x>\U0001F18A", true)]
    [InlineData("<x>\u203F", false)] // connector punctuation
    [InlineData("<x>\u0903", false)] // a spacing mark
    [InlineData("<x>\u20DD", false)] // an enclosing mark
    [InlineData("<x>ǅ", false)] // a titlecase letter
    [InlineData("<x>ʰ", false)] // a modifier letter
    [InlineData("<x>٣", false)] // a digit of another script
    public void Single_word_tokens_do_not_touch_word_characters(string text, bool matches) =>
        Assert.Equal(matches, new TinyTokenizer().WithToken(Tag, "<x>", singleWord: true).Build().Encode(text).Contains(Tag));

    [Fact]
    public void Raw_tokens_are_matched_before_and_normalized_ones_after_normalization()
    {
        Tokenizer raw = new TinyTokenizer().With("normalizer", """{"type":"Lowercase"}""").WithToken(Tag, "Tag").Build();
        Tokenizer normalized = new TinyTokenizer().With("normalizer", """{"type":"Lowercase"}""").WithToken(Tag, "Tag", normalized: true).Build();

        Assert.Equal([Tag, 't', 'a', 'g'], raw.Encode("TagTAG"));
        Assert.Equal([Tag, Tag], normalized.Encode("TagTAG"));
    }

    [Fact]
    public void Normalization_does_not_reach_across_an_added_token()
    {
        Tokenizer tokenizer = new TinyTokenizer().With("normalizer", """{"type":"NFC"}""").WithToken(Tag, "<x>").Build();

        Assert.Equal(['e', Tag, 0xCC, 0x81], tokenizer.Encode("e<x>\u0301"));
        Assert.Equal([0xC3, 0xA9, Tag], tokenizer.Encode("e\u0301<x>"));
    }

    [Fact]
    public void Special_tokens_are_left_out_on_request_and_other_added_tokens_stay()
    {
        Tokenizer tokenizer = new TinyTokenizer().WithToken(300, "<s>", special: true).WithToken(301, "<t>").Build();

        Assert.Equal("<s>a<t>", tokenizer.Decode([300, 'a', 301]));
        Assert.Equal("a<t>", tokenizer.Decode([300, 'a', 301], skipSpecialTokens: true));
        Assert.True(tokenizer.IsSpecial(300));
        Assert.False(tokenizer.IsSpecial(301));
    }

    [Fact]
    public void Contents_outside_the_byte_alphabet_decode_as_they_are()
    {
        Tokenizer tokenizer = new TinyTokenizer().WithToken(Tag, "<你 好>").Build();

        Assert.Equal([Tag], tokenizer.Encode("<你 好>"));
        Assert.Equal("<你 好>", tokenizer.Decode([Tag]));
        Assert.Equal(Tag, tokenizer.GetId("<你 好>"));
        Assert.Equal(301, tokenizer.VocabularySize);
    }

    [Fact]
    public void Ids_are_the_model_s_or_follow_it_whatever_the_file_says()
    {
        // As in the reference: "a" is a token of the model, and <x> is the first that is not.
        Tokenizer tokenizer = Tokenizer.Parse(
            System.Text.Encoding.UTF8.GetBytes("""{"added_tokens":[{"id":7,"content":"<x>"},{"id":9,"content":"a"}],"model":{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"b"}}"""), "tiny.json");

        Assert.Equal([2, 0], tokenizer.Encode("<x>a"));
        Assert.Equal(3, tokenizer.VocabularySize);
    }
}
