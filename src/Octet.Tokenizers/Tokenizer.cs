using System.Buffers;
using System.Text;
using Octet.Tokenizers.Decoders;
using Octet.Tokenizers.Models;
using Octet.Tokenizers.PostProcessors;
using Octet.Tokenizers.PreTokenizers;
using Octet.Tokenizers.Reading;

namespace Octet.Tokenizers;

/// <summary>
/// A tokenizer as the files of a model describe it: text to token ids and back, id for id and byte for byte as the reference
/// implementation (Hugging Face tokenizers) computes them. Never changes after loading; safe to share between threads.
/// </summary>
/// <remarks>
/// Understood: every component of a <c>tokenizer.json</c>, patterns in the syntax that published files use, and where a folder has none
/// <c>tokenizer.model</c> of SentencePiece, <c>tekken.json</c> and tiktoken's lists of ranks. What is not supported is refused at load with
/// a <see cref="TokenizerException"/> that names it. The file's <c>truncation</c> and <c>padding</c> are applied only where a caller asks
/// (<see cref="FileOptions"/>).
/// </remarks>
public sealed partial class Tokenizer
{
    readonly TokenizerParts _parts;
    readonly Vocabulary _vocabulary;
    readonly AddedTokens _added;
    readonly PieceStep _first;
    readonly PostProcessor _postProcessor;
    readonly bool _splitsSpecialTokens;
    readonly bool _needsOrigins;

    internal Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _vocabulary = parts.Model.Vocabulary;
        _added = parts.Added;
        _first = parts.PreTokenizer.Before(parts.Model);
        _postProcessor = parts.PostProcessor;
        _needsOrigins = parts.PreTokenizer.NeedsOrigins(normalized: parts.Normalizer is not null);
        VocabularySize = Math.Max(_vocabulary.Size, _added.Size);
    }

    /// <summary>A tokenizer with what the other files of its folder say; the two share their tables.</summary>
    internal Tokenizer(Tokenizer alone, TokenizerConfig config)
        : this(alone._parts with { PostProcessor = ClassTemplate.Of(config, alone.GetId) ?? alone._postProcessor })
    {
        BosTokenId = Id("bos_token");
        EosTokenId = Id("eos_token");
        PadTokenId = Id("pad_token");
        UnknownTokenId = Id("unk_token");
        ClassTokenId = Id("cls_token");
        SeparatorTokenId = Id("sep_token");
        MaskTokenId = Id("mask_token");
        _splitsSpecialTokens = config.File?.Flag("split_special_tokens") ?? false;

        int? Id(string name) => config.Token(name) is { } token ? GetId(token) : null;
    }

    /// <summary>The highest token id plus one, added tokens included.</summary>
    public int VocabularySize { get; }

    /// <summary>The id of <c>bos_token</c>, which begins a text; null where the folder names none, or no folder was read.</summary>
    public int? BosTokenId { get; }

    /// <summary>The id of <c>eos_token</c>, which ends a text or an answer; null where the folder names none, or no folder was read.</summary>
    public int? EosTokenId { get; }

    /// <summary>The id of <c>pad_token</c>, which fills up short texts; null where the folder names none, or no folder was read.</summary>
    public int? PadTokenId { get; }

    /// <summary>The id of <c>unk_token</c>, for what the vocabulary lacks; null where the folder names none, or no folder was read.</summary>
    public int? UnknownTokenId { get; }

    /// <summary>The id of <c>cls_token</c>, whose state stands for a text; null where the folder names none, or no folder was read.</summary>
    public int? ClassTokenId { get; }

    /// <summary>The id of <c>sep_token</c>, which stands between two texts; null where the folder names none, or no folder was read.</summary>
    public int? SeparatorTokenId { get; }

    /// <summary>The id of <c>mask_token</c>, in whose place a model guesses; null where the folder names none, or no folder was read.</summary>
    public int? MaskTokenId { get; }

    /// <summary>The sections <c>truncation</c> and <c>padding</c> of the file as options, for a caller that wants them applied.</summary>
    public EncodingOptions FileOptions => new() { Truncation = _parts.Truncation, Padding = _parts.Padding };

    internal PreTokenizer PreTokenizer => _parts.PreTokenizer;

    internal Normalizers.Normalizer? Normalizer => _parts.Normalizer;

    /// <summary>Reads a tokenizer from a file, or from a model's folder with what its other files say of it.</summary>
    /// <param name="path">
    /// A file, or a folder that holds one: the first there is of <c>tokenizer.json</c>, <c>tekken.json</c> (Mistral), <c>tokenizer.model</c>
    /// (SentencePiece), and <c>tiktoken.model</c> or <c>*.tiktoken</c> (only in a folder, for their <c>tokenizer_class</c> decides what they
    /// mean). Of a folder <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> are
    /// read too: which tokens begin and end a text, <c>split_special_tokens</c>, and, for the classes of transformers that make their own
    /// template of them, <c>add_bos_token</c> and <c>add_eos_token</c>, which then stand for the post-processor of <c>tokenizer.json</c>
    /// (LlamaTokenizer, CodeLlamaTokenizer, GemmaTokenizer, CohereTokenizer, GPTNeoXTokenizer, with <c>Fast</c> or without, in
    /// transformers 4; no other class heeds them, and transformers 5 no longer writes them).
    /// </param>
    /// <exception cref="TokenizerException">A file cannot be read, is malformed, or asks for something that is not supported.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Directory.Exists(path) ? TokenizerFolder.Load(path) : TokenizerFolder.LoadFile(path);
    }

    /// <summary>Whether a folder holds a file that <see cref="Load"/> reads.</summary>
    /// <param name="directory">A folder.</param>
    public static bool Exists(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return Directory.Exists(directory) && TokenizerFolder.Find(directory) is not null;
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

    /// <summary>Turns token ids into text; bytes that are not UTF-8 become U+FFFD, one per maximal subpart.</summary>
    /// <param name="ids">Token ids. Ids that no token has contribute nothing.</param>
    /// <param name="skipSpecialTokens">Whether to leave out the tokens that the file marks as special.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        if (_parts.DecodesBytes)
        {
            ArrayBufferWriter<byte> bytes = new(Math.Max(16, ids.Length * 4));
            foreach (int id in ids)
            {
                AppendBytes(id, skipSpecialTokens, bytes);
            }

            return Encoding.UTF8.GetString(bytes.WrittenSpan);
        }

        DecodeStage stage = _parts.Decoder.Begin(out TextStage text);
        foreach (int id in ids)
        {
            AppendContent(id, skipSpecialTokens, stage);
        }

        stage.End();
        return text.Take();
    }

    /// <summary>Makes a decoder that takes ids one at a time.</summary>
    /// <param name="skipSpecialTokens">Whether to leave out the tokens that the file marks as special.</param>
    public StreamingDecoder CreateDecoder(bool skipSpecialTokens = false) => new(this, skipSpecialTokens);

    /// <summary>The id of the token with this content as in the file, or null.</summary>
    /// <param name="token">The content; in the byte-level alphabet for tokens of such a model (a leading space is <c>U+0120</c>).</param>
    public int? GetId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (_added.Find(token) is { } added)
        {
            return added.Id;
        }

        int id = _vocabulary.FindContent(token);
        return id < 0 ? null : id;
    }

    /// <summary>The token's content as in the file, or null where no token has this id.</summary>
    /// <param name="id">Any number.</param>
    public string? GetToken(int id) => _added.Find(id)?.Content ?? _vocabulary.Content(id);

    /// <summary>Whether the file marks this token as special.</summary>
    /// <param name="id">Any number.</param>
    public bool IsSpecial(int id) => _added.Find(id) is { Special: true };

    /// <summary>
    /// The bytes that a token stands for, which need not be whole UTF-8 characters. Of a vocabulary that is not byte-level the content, in
    /// which marks of words stay.
    /// </summary>
    /// <param name="id">Any number; the result is empty where no token has this id.</param>
    public ReadOnlySpan<byte> GetBytes(int id) => _vocabulary.Contains(id) ? _vocabulary.Bytes(id) : _added.Bytes(id);

    /// <summary>The bytes that a token adds to a text in whose middle it stands: what <see cref="Decode"/> makes of it there.</summary>
    /// <param name="id">Any number.</param>
    /// <returns>
    /// Not always whole UTF-8 characters. Null where no token has this id, and for tokens that the file adds to its vocabulary (special ones and
    /// others): they are marks, and no text.
    /// </returns>
    public byte[]? GetTextBytes(int id)
    {
        if (IsAdded(id) || !_vocabulary.Contains(id))
        {
            return null;
        }

        if (_parts.DecodesBytes)
        {
            return _vocabulary.Bytes(id).ToArray();
        }

        // Some decoders strip the first token of a text: one letter stands in front.
        const string Before = "a";
        string content = _vocabulary.Content(id)!;
        DecodeStage stage = _parts.Decoder.Begin(out TextStage text);
        stage.Append(Before);
        stage.EndToken();
        stage.Append(content);
        stage.EndToken();
        stage.End();
        string decoded = text.Take();
        int value = ByteTokens.Parse(content);
        return value >= 0 && !decoded.EndsWith(content, StringComparison.Ordinal) ? [(byte)value] : Encoding.UTF8.GetBytes(decoded[Math.Min(Before.Length, decoded.Length)..]);
    }

    internal bool IsAdded(int id) => _added.Find(id) is not null;

    internal bool DecodesBytes => _parts.DecodesBytes;

    internal DecodeStage BeginDecoding(out TextStage text) => _parts.Decoder.Begin(out text);

    /// <summary>Appends what a token adds to the bytes of the text.</summary>
    internal void AppendBytes(int id, bool skipSpecialTokens, IBufferWriter<byte> destination)
    {
        if (!(skipSpecialTokens && IsSpecial(id)))
        {
            destination.Write(GetBytes(id));
        }
    }

    /// <summary>Hands a token's content to the stages that make text of it.</summary>
    internal void AppendContent(int id, bool skipSpecialTokens, DecodeStage stage)
    {
        if (!(skipSpecialTokens && IsSpecial(id)) && GetToken(id) is { } content)
        {
            stage.Append(content);
            stage.EndToken();
        }
    }
}
