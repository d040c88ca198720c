using System.Text;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

public class TextBytesTests
{
    [Theory]
    [InlineData("llama-2", "▁the", " the")]
    [InlineData("llama-2", "<0xC3>", null)]
    [InlineData("llama-2", "é", "é")]
    [InlineData("gpt-2", "Ġthe", " the")]
    public void A_token_adds_to_a_text_what_decoding_it_in_the_middle_adds(string name, string content, string? expected)
    {
        var tokenizer = Tokenizer.Load(Fixtures.Path("tokenizers", name, "tokenizer.json"));
        byte[] bytes = expected is null ? [0xC3] : Encoding.UTF8.GetBytes(expected);
        Assert.Equal(bytes, tokenizer.GetTextBytes(tokenizer.GetId(content)!.Value));
    }

    [Theory]
    [InlineData("llama-2")]
    [InlineData("llama-3.1")]
    [InlineData("mistral-0.3")]
    public void The_bytes_of_all_tokens_are_the_text_behind_its_first(string name)
    {
        var tokenizer = Tokenizer.Load(Fixtures.Path("tokenizers", name, "tokenizer.json"));
        const string Text = "Größe: {\"a\": [1, 2.5]}\n\tif x == 日本語 😀";
        int[] ids = tokenizer.Encode("a" + Text, addSpecialTokens: false);
        Assert.EndsWith(Text, Encoding.UTF8.GetString([.. ids.SelectMany(id => tokenizer.GetTextBytes(id)!)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Added_tokens_and_ids_without_a_token_are_no_text()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Path("tokenizers", "llama-3.1", "tokenizer.json"));
        Assert.Null(tokenizer.GetTextBytes(tokenizer.GetId("<|eot_id|>")!.Value));
        Assert.Null(tokenizer.GetTextBytes(-1));
        Assert.Null(tokenizer.GetTextBytes(tokenizer.VocabularySize));
    }
}
