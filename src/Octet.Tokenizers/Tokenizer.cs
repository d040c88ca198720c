using System.Buffers;
using System.Text;
using Octet.Tokenizers.Normalizers;
using Octet.Tokenizers.PreTokenizers;
using Octet.Tokenizers.Reading;

namespace Octet.Tokenizers;

/// <summary>
/// A byte-level BPE tokenizer as a <c>tokenizer.json</c> describes it: text to token ids and back, id for id and byte for byte as
/// the reference implementation (Hugging Face tokenizers) computes them. Never changes after loading; safe to share between threads.
/// </summary>
/// <remarks>
/// Understood: model BPE; normalizers NFC, NFD, NFKC, NFKD, Lowercase, Replace (string), Prepend, Sequence; pre-tokenizers ByteLevel,
/// Split with the patterns of GPT-2, Qwen2/Qwen3 and Llama 3, Digits, Sequence; post-processors ByteLevel, TemplateProcessing,
/// Sequence; decoders ByteLevel, or none; added tokens with all their flags. Anything else is refused at load with a
/// <see cref="TokenizerException"/>. The file's <c>truncation</c> and <c>padding</c> are not applied.
/// </remarks>
public sealed class Tokenizer
{
    readonly Vocabulary _vocabulary;
    readonly AddedTokens _added;
    readonly Normalizer? _normalizer;
    readonly PreTokenizer _preTokenizer;
    readonly BytePairEncoder _encoder;
    readonly Template _template;
    readonly bool _decodesBytes;

    internal Tokenizer(
        Vocabulary vocabulary,
        AddedTokens added,
        Normalizer? normalizer,
        PreTokenizer preTokenizer,
        BytePairEncoder encoder,
        Template template,
        bool decodesBytes)
    {
        _vocabulary = vocabulary;
        _added = added;
        _normalizer = normalizer;
        _preTokenizer = preTokenizer;
        _encoder = encoder;
        _template = template;
        _decodesBytes = decodesBytes;
        VocabularySize = Math.Max(vocabulary.Size, added.Size);
    }

    /// <summary>The highest token id plus one, added tokens included.</summary>
    public int VocabularySize { get; }

    internal PreTokenizer PreTokenizer => _preTokenizer;

    /// <summary>Reads a tokenizer from a file.</summary>
    /// <param name="path">The path of a <c>tokenizer.json</c>.</param>
    /// <exception cref="TokenizerException">The file cannot be read, is malformed, or asks for something that is not supported.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            // Not a managed array: published files have 11 MB, which the garbage collector would keep long after they are read.
            using var json = new NativeFile(path);
            return TokenizerJson.Read(json.Bytes, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new TokenizerException($"{path}: cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Reads a tokenizer from the content of a <c>tokenizer.json</c>.</summary>
    /// <param name="utf8Json">The file's bytes; not kept.</param>
    /// <param name="name">What to call the file in messages.</param>
    /// <exception cref="TokenizerException">The content is malformed or asks for something that is not supported.</exception>
    public static Tokenizer Parse(ReadOnlyMemory<byte> utf8Json, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TokenizerJson.Read(utf8Json.Span, name);
    }

    /// <summary>Turns text into token ids.</summary>
    /// <param name="text">Any text. A lone surrogate counts as U+FFFD. Added tokens are recognised wherever they stand.</param>
    /// <param name="addSpecialTokens">Whether to add what the post-processor's template puts around a text.</param>
    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> ids = new(text.Length / 3 + 8);
        if (addSpecialTokens)
        {
            ids.AddRange(_template.Before);
        }

        byte[] utf8 = Encoding.UTF8.GetBytes(text); // replaces lone surrogates
        AddedTokenMatcher.Splits splits = _added.Raw.Split(utf8);
        while (splits.MoveNext())
        {
            if (splits.Token is { } token)
            {
                ids.Add(token.Id);
            }
            else
            {
                EncodePlain(splits.Plain, ids);
            }
        }

        if (addSpecialTokens)
        {
            ids.AddRange(_template.After);
        }

        return [.. ids];
    }

    /// <summary>Turns token ids into text; bytes that are not UTF-8 become U+FFFD, one per maximal subpart.</summary>
    /// <param name="ids">Token ids. Ids that no token has contribute nothing.</param>
    /// <param name="skipSpecialTokens">Whether to leave out the tokens that the file marks as special.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        ArrayBufferWriter<byte> bytes = new(Math.Max(16, ids.Length * 4));
        bool any = false;
        foreach (int id in ids)
        {
            any |= Append(id, skipSpecialTokens, any, bytes);
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>Makes a decoder that takes ids one at a time.</summary>
    /// <param name="skipSpecialTokens">Whether to leave out the tokens that the file marks as special.</param>
    public StreamingDecoder CreateDecoder(bool skipSpecialTokens = false) => new(this, skipSpecialTokens);

    /// <summary>The id of the token with this content as in the file, or null.</summary>
    /// <param name="token">The content; in the byte-level alphabet for tokens of the model (a leading space is <c>U+0120</c>).</param>
    public int? GetId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (_added.Find(token) is { } added)
        {
            return added.Id;
        }

        byte[] content = Encoding.UTF8.GetBytes(token);
        int id = _vocabulary.FindContent(content, new byte[content.Length]);
        return id < 0 ? null : id;
    }

    /// <summary>The token's content as in the file, or null where no token has this id.</summary>
    /// <param name="id">Any number.</param>
    public string? GetToken(int id) => _added.Find(id)?.Content ?? _vocabulary.Content(id);

    /// <summary>Whether the file marks this token as special.</summary>
    /// <param name="id">Any number.</param>
    public bool IsSpecial(int id) => _added.Find(id) is { Special: true };

    /// <summary>The bytes that a token stands for, which need not be whole UTF-8 characters.</summary>
    /// <param name="id">Any number; the result is empty where no token has this id.</param>
    public ReadOnlySpan<byte> GetBytes(int id) => _vocabulary.Contains(id) ? _vocabulary.Bytes(id) : _added.Bytes(id);

    /// <summary>Appends what a token adds to the text, and tells whether it takes part in it.</summary>
    internal bool Append(int id, bool skipSpecialTokens, bool follows, IBufferWriter<byte> destination)
    {
        if ((!_vocabulary.Contains(id) && _added.Find(id) is null) || (skipSpecialTokens && IsSpecial(id)))
        {
            return false;
        }

        if (_decodesBytes)
        {
            destination.Write(GetBytes(id));
            return true;
        }

        // Without a decoder the contents themselves are the text, with spaces between them.
        if (follows)
        {
            destination.Write(" "u8);
        }

        destination.Write(Encoding.UTF8.GetBytes(GetToken(id)!));
        return true;
    }

    void EncodePlain(ReadOnlySpan<byte> text, List<int> ids)
    {
        PieceEncoder pieces = new(_encoder, ids);
        AddedTokenMatcher.Splits splits = _added.Normalized.Split(_normalizer is null ? text : _normalizer.Apply(text));
        while (splits.MoveNext())
        {
            if (splits.Token is { } token)
            {
                ids.Add(token.Id);
            }
            else
            {
                _preTokenizer.Split(splits.Plain, ref pieces);
            }
        }
    }

    readonly struct PieceEncoder(BytePairEncoder encoder, List<int> ids) : IPieceSink
    {
        public void Add(ReadOnlySpan<byte> piece) => encoder.Encode(piece, ids);
    }
}
