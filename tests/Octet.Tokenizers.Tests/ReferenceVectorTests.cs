using System.Text;
using System.Text.Json;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Tests;

/// <summary>The Qwen3 tokenizer against the reference implementations: every id, every byte.</summary>
public class ReferenceVectorTests
{
    [Fact]
    public void Encoding_gives_the_reference_ids()
    {
        List<string> wrong = [];
        foreach (JsonElement vector in Qwen3.Vectors("encode.jsonl"))
        {
            string text = Qwen3.Text(vector, "text");
            int[] ids = Qwen3.Tokenizer.Encode(text);
            if (!ids.SequenceEqual(Qwen3.Ids(vector)))
            {
                wrong.Add($"{JsonSerializer.Serialize(text)}: {string.Join(',', ids)} for {string.Join(',', Qwen3.Ids(vector))}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Decoding_what_was_encoded_gives_the_reference_text()
    {
        foreach (JsonElement vector in Qwen3.Vectors("encode.jsonl"))
        {
            Assert.Equal(Qwen3.Text(vector, "decoded"), Qwen3.Tokenizer.Decode(Qwen3.Ids(vector)));
        }
    }

    [Fact]
    public void Decoding_any_ids_gives_the_reference_text()
    {
        foreach (JsonElement vector in Qwen3.Vectors("decode.jsonl"))
        {
            Assert.Equal(Qwen3.Text(vector, "decoded"), Qwen3.Tokenizer.Decode(Qwen3.Ids(vector)));
        }
    }

    [Fact]
    public void Decoding_without_special_tokens_gives_the_reference_text()
    {
        foreach (JsonElement vector in Qwen3.Vectors("decode.jsonl"))
        {
            Assert.Equal(Qwen3.Text(vector, "decoded_skip_special"), Qwen3.Tokenizer.Decode(Qwen3.Ids(vector), skipSpecialTokens: true));
        }
    }

    [Fact]
    public void The_pre_tokenizer_cuts_as_the_reference_does()
    {
        foreach (JsonElement vector in Qwen3.Vectors("pretokens.jsonl"))
        {
            string[] expected = [.. vector.GetProperty("pieces").EnumerateArray().Select(piece => piece.GetString()!)];
            Assert.Equal(expected, Pieces.Of(Qwen3.Tokenizer, Qwen3.Text(vector, "text")));
        }
    }

    [Fact]
    public void The_vocabulary_has_the_published_size_and_special_tokens()
    {
        Tokenizer tokenizer = Qwen3.Tokenizer;

        Assert.Equal(151669, tokenizer.VocabularySize);
        Assert.Equal(151645, tokenizer.GetId("<|im_end|>"));
        Assert.Equal("</think>", tokenizer.GetToken(151668));
        Assert.True(tokenizer.IsSpecial(151643));
        Assert.False(tokenizer.IsSpecial(151667)); // <think> is added but not special
        Assert.False(tokenizer.IsSpecial(0));
        Assert.Null(tokenizer.GetToken(151669));
        Assert.True(tokenizer.GetBytes(151669).IsEmpty);
    }

    [Fact]
    public void Every_token_of_the_vocabulary_is_found_by_its_content()
    {
        Tokenizer tokenizer = Qwen3.Tokenizer;
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            Assert.Equal(id, tokenizer.GetId(tokenizer.GetToken(id)!));
        }
    }
}

/// <summary>The pieces of a text, as strings.</summary>
static class Pieces
{
    internal static string[] Of(Tokenizer tokenizer, string text) => new PieceCollector(tokenizer.PreTokenizer).Of(text);

    /// <summary>With the last ByteLevel step writing its alphabet, which in a byte-level tokenizer leaves the bytes as they are.</summary>
    internal static string[] OfCharacters(Tokenizer tokenizer, string text) => new PieceCollector(tokenizer.PreTokenizer.ToCharacters()).Of(text);
}

/// <summary>Takes the pieces of texts in the model's place.</summary>
sealed class PieceCollector : PieceStep
{
    readonly List<string> _pieces = [];
    readonly PieceStep _first;

    internal PieceCollector(PreTokenizer preTokenizer) => _first = preTokenizer.Before(this);

    internal string[] Of(string text)
    {
        _pieces.Clear();
        TokenWriter writer = TokenWriter.Rent(tracks: false);
        AlignedText utf8 = writer.Begin(text);
        if (utf8.Length > 0)
        {
            _first.Take(utf8.Bytes, 0, writer);
        }

        writer.Return();
        return [.. _pieces];
    }

    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer) => _pieces.Add(Encoding.UTF8.GetString(piece));
}
