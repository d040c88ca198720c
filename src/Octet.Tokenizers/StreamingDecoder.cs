using System.Buffers;
using System.Text;
using Octet.Tokenizers.Decoders;

namespace Octet.Tokenizers;

/// <summary>
/// Decodes ids as they come. What <see cref="Append"/> and the final <see cref="Flush"/> return, put together, is what
/// <see cref="Tokenizer.Decode"/> returns for all the ids. For one sequence and one thread at a time.
/// </summary>
public sealed class StreamingDecoder
{
    readonly Tokenizer _tokenizer;
    readonly bool _skipSpecialTokens;
    readonly ArrayBufferWriter<byte> _bytes = new(64);
    DecodeStage? _stage; // null: the text is the tokens' bytes
    TextStage? _text;

    internal StreamingDecoder(Tokenizer tokenizer, bool skipSpecialTokens)
    {
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
        _stage = tokenizer.DecodesBytes ? null : tokenizer.BeginDecoding(out _text);
    }

    /// <summary>Takes the next id and returns the text that became final with it, possibly none.</summary>
    /// <param name="id">A token id; one that no token has adds nothing.</param>
    /// <returns>
    /// Whole characters only. The bytes of a character that later ids may still complete are held back; bytes that can no longer
    /// become valid are U+FFFD. So is what a file's decoder may still change: a run of byte tokens until another token ends it.
    /// </returns>
    public string Append(int id)
    {
        if (_stage is not null)
        {
            _tokenizer.AppendContent(id, _skipSpecialTokens, _stage);
            return _text!.Take();
        }

        _tokenizer.AppendBytes(id, _skipSpecialTokens, _bytes);
        return Take(_bytes.WrittenCount - OpenCharacter.Length(_bytes.WrittenSpan));
    }

    /// <summary>Ends the sequence: returns what was held back and makes the decoder ready for a new sequence.</summary>
    public string Flush()
    {
        if (_stage is not null)
        {
            _stage.End();
            string rest = _text!.Take();
            _stage = _tokenizer.BeginDecoding(out _text);
            return rest;
        }

        return Take(_bytes.WrittenCount);
    }

    string Take(int length)
    {
        if (length == 0)
        {
            return "";
        }

        string text = Encoding.UTF8.GetString(_bytes.WrittenSpan[..length]);
        Span<byte> open = stackalloc byte[3];
        int kept = _bytes.WrittenCount - length;
        _bytes.WrittenSpan[length..].CopyTo(open);
        _bytes.ResetWrittenCount();
        _bytes.Write(open[..kept]);
        return text;
    }
}
