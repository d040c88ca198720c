using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>The example of docs/text.md, run as it is printed but for the folder.</summary>
public class DocumentationTests
{
    [Fact]
    public void A_tokenizer_is_used_as_a_library()
    {
        string folder = Path.Combine(Fixtures.Repository, "models", "octet-tiny");
        ReadOnlySpan<char> span = "Hello, world!";
        int[] memory = new int[100];
        (string question, string answer, string[] texts) = ("What is E4M3?", "A format.", ["one", "and one more"]);

        // <library>
        var tokenizer = Tokenizer.Load(folder);              // or a file; Tokenizer.Parse(bytes, name)
        int[] ids = tokenizer.Encode("Hello, world!");               // with what the post-processor adds; addSpecialTokens: false without
        bool fits = tokenizer.TryEncode(span, memory, out int n);    // into memory of the caller
        int count = tokenizer.CountTokens(span);                     // allocates nothing for the tokens
        string text = tokenizer.Decode(ids, skipSpecialTokens: true);
        StreamingDecoder decoder = tokenizer.CreateDecoder();        // Append(id) returns the text that is final

        TokenEncoding places = tokenizer.EncodeWithOffsets(text);    // text[places.Offsets[i]] is what token i comes from
        TokenEncoding pair = tokenizer.EncodePair(question, answer); // TypeIds, AttentionMask, SpecialTokensMask
        TokenEncoding[] batch = tokenizer.EncodeBatch(texts, new EncodingOptions
        {
            Truncation = new TruncationOptions(512) { Stride = 64 },  // Overflowing holds the rest
            Padding = new PaddingOptions(tokenizer.PadTokenId ?? 0),  // to the longest of the batch, or a Length
        });

        // </library>
        Assert.Equal("Hello, world!", text);
        Assert.True(fits);
        Assert.Equal((ids.Length, ids.Length), (n, count));
        Assert.Equal(text, string.Concat(ids.Select(decoder.Append)) + decoder.Flush());
        Assert.Equal("Hello", text[places.Offsets[0]]);
        Assert.Equal(pair.Ids.Count, pair.TypeIds.Count);
        Assert.Equal(batch[0].Ids.Count, batch[1].Ids.Count);
        Assert.Contains($"```csharp\n{Fixtures.Example("library").Replace("Load(folder)", "Load(\"model-folder\")", StringComparison.Ordinal)}```", Fixtures.Page("docs", "text.md"), StringComparison.Ordinal);
    }
}
