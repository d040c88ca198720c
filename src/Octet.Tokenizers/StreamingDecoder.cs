using System.Buffers;
using System.Text;

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
    bool _any;

    internal StreamingDecoder(Tokenizer tokenizer, bool skipSpecialTokens)
    {
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
    }

    /// <summary>Takes the next id and returns the text that became final with it, possibly none.</summary>
    /// <param name="id">A token id; one that no token has adds nothing.</param>
    /// <returns>
    /// Whole characters only. The bytes of a character that later ids may still complete are held back; bytes that can no longer
    /// become valid are U+FFFD.
    /// </returns>
    public string Append(int id)
    {
        _any |= _tokenizer.Append(id, _skipSpecialTokens, _any, _bytes);
        return Take(_bytes.WrittenCount - OpenLength(_bytes.WrittenSpan));
    }

    /// <summary>Ends the sequence: returns what was held back and makes the decoder ready for a new sequence.</summary>
    public string Flush()
    {
        _any = false;
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

    /// <summary>The length of the unfinished character at the end of the bytes, 0 to 3.</summary>
    static int OpenLength(ReadOnlySpan<byte> bytes)
    {
        for (int length = 1; length <= 3 && length <= bytes.Length; length++)
        {
            byte value = bytes[^length];
            if ((value & 0xC0) != 0x80)
            {
                return Rune.DecodeFromUtf8(bytes[^length..], out _, out _) == OperationStatus.NeedMoreData ? length : 0;
            }
        }

        return 0;
    }
}
