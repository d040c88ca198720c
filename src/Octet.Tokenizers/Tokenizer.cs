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
    readonly string _file;
    readonly Vocabulary _vocabulary;
    readonly AddedTokens _added;
    readonly Normalizer? _normalizer;
    readonly PreTokenizer _preTokenizer;
    readonly BytePairEncoder _encoder;
    readonly Template _template;
    readonly bool _decodesBytes;
    readonly bool _splitsSpecialTokens;

    internal Tokenizer(
        string file,
        Vocabulary vocabulary,
        AddedTokens added,
        Normalizer? normalizer,
        PreTokenizer preTokenizer,
        BytePairEncoder encoder,
        Template template,
        bool decodesBytes)
    {
        _file = file;
        _vocabulary = vocabulary;
        _added = added;
        _normalizer = normalizer;
        _preTokenizer = preTokenizer;
        _encoder = encoder;
        _template = template;
        _decodesBytes = decodesBytes;
        VocabularySize = Math.Max(vocabulary.Size, added.Size);
    }

    /// <summary>A tokenizer with what the other files of its folder say; the two share their tables.</summary>
    Tokenizer(Tokenizer alone, TokenizerConfig config)
        : this(
            alone._file,
            alone._vocabulary,
            alone._added,
            alone._normalizer,
            alone._preTokenizer,
            alone._encoder,
            ClassTemplate.Of(config, alone.GetId) ?? alone._template,
            alone._decodesBytes)
    {
        BosTokenId = config.Token("bos_token") is { } bos ? GetId(bos) : null;
        EosTokenId = config.Token("eos_token") is { } eos ? GetId(eos) : null;
        _splitsSpecialTokens = config.File?.Flag("split_special_tokens") ?? false;
    }

    /// <summary>The highest token id plus one, added tokens included.</summary>
    public int VocabularySize { get; }

    /// <summary>The id of <c>bos_token</c>, which begins a text; null where the folder names none, or no folder was read.</summary>
    public int? BosTokenId { get; }

    /// <summary>The id of <c>eos_token</c>, which ends a text or an answer; null where the folder names none, or no folder was read.</summary>
    public int? EosTokenId { get; }

    internal PreTokenizer PreTokenizer => _preTokenizer;

    /// <summary>Reads a tokenizer from a file, or from a model's folder with what its other files say of it.</summary>
    /// <param name="path">
    /// A <c>tokenizer.json</c>, or a folder that holds one. Of a folder <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> are
    /// read too: which tokens begin and end a text, <c>split_special_tokens</c>, and, for the classes of transformers that make their own
    /// template of them, <c>add_bos_token</c> and <c>add_eos_token</c>, which then stand for the post-processor of <c>tokenizer.json</c>
    /// (LlamaTokenizer, CodeLlamaTokenizer, GemmaTokenizer, CohereTokenizer, GPTNeoXTokenizer, with <c>Fast</c> or without, in
    /// transformers 4; no other class heeds them, and transformers 5 no longer writes them).
    /// </param>
    /// <exception cref="TokenizerException">A file cannot be read, is malformed, or asks for something that is not supported.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
        {
            TokenizerConfig config = TokenizerConfig.Read(path, static (file, reason, inner) => new TokenizerException($"{file}: {reason}", inner));
            return new Tokenizer(Load(Path.Combine(path, "tokenizer.json")), config);
        }

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
    /// <param name="splitSpecialTokens">
    /// Whether special tokens in the text are text like any other, so that nobody who writes <c>&lt;|im_end|&gt;</c> ends a turn. Added tokens
    /// that are not special are recognised still. Null: as <c>split_special_tokens</c> of <c>tokenizer_config.json</c> says, or false.
    /// </param>
    /// <exception cref="TokenizerException">The file's normalizer makes a text more than 64 times longer.</exception>
    public int[] Encode(string text, bool addSpecialTokens = true, bool? splitSpecialTokens = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool splitSpecial = splitSpecialTokens ?? _splitsSpecialTokens;
        List<int> ids = new(text.Length / 3 + 8);
        if (addSpecialTokens)
        {
            ids.AddRange(_template.Before);
        }

        byte[] utf8 = Encoding.UTF8.GetBytes(text); // replaces lone surrogates
        AddedTokenMatcher.Splits splits = _added.Raw.Split(utf8, splitSpecial);
        while (splits.MoveNext())
        {
            if (splits.Token is { } token)
            {
                ids.Add(token.Id);
            }
            else
            {
                EncodePlain(splits.Plain, splitSpecial, ids);
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

    void EncodePlain(ReadOnlySpan<byte> text, bool splitSpecial, List<int> ids)
    {
        PieceEncoder pieces = new(_encoder, ids);
        AddedTokenMatcher.Splits splits = _added.Normalized.Split(Normalize(text), splitSpecial);
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

    ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text)
    {
        try
        {
            return _normalizer is null ? text : _normalizer.Apply(text);
        }
        catch (TokenizerException e)
        {
            throw new TokenizerException($"{_file}: normalizer: {e.Message}", e);
        }
    }

    readonly struct PieceEncoder(BytePairEncoder encoder, List<int> ids) : IPieceSink
    {
        public void Add(ReadOnlySpan<byte> piece) => encoder.Encode(piece, ids);
    }
}
