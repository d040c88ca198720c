using System.Text;
using System.Text.Json;

namespace Octet.Tokenizers.Reading;

/// <summary>The <c>model</c> of the file: type BPE over the byte-level alphabet. Streams through the two long lists.</summary>
sealed class BytePairModel
{
    readonly string _file;
    byte[] _content = new byte[1024];
    byte[] _scratch = new byte[1024];

    BytePairModel(string file) => _file = file;

    internal Vocabulary Vocabulary { get; } = new();

    internal MergeTable Merges { get; } = new();

    internal bool IgnoreMerges { get; private set; }

    /// <summary>Reads the model that begins at the reader's token.</summary>
    internal static BytePairModel Read(ref Utf8JsonReader reader, string file)
    {
        BytePairModel model = new(file);
        model.Read(ref reader);
        model.RequireAllBytes();
        return model;
    }

    void Read(ref Utf8JsonReader reader)
    {
        Require(ref reader, JsonTokenType.StartObject, "model", "an object");
        bool hasVocabulary = false;
        bool hasMerges = false;
        Utf8JsonReader postponed = default; // merges that stand before the vocabulary
        bool isPostponed = false;
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!seen.Add(name))
            {
                throw Problem("model", $"{JsonPlace.Quote(name)} is there twice");
            }

            reader.Read();
            switch (name)
            {
                case "vocab":
                    ReadVocabulary(ref reader);
                    hasVocabulary = true;
                    break;
                case "merges" when hasVocabulary:
                    ReadMerges(ref reader);
                    hasMerges = true;
                    break;
                case "merges":
                    postponed = reader;
                    isPostponed = true;
                    reader.Skip();
                    break;
                case "type" or "ignore_merges" or "dropout" or "continuing_subword_prefix" or "end_of_word_suffix":
                    ReadOption(name, new JsonPlace(JsonElement.ParseValue(ref reader), _file, $"model.{name}"));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (isPostponed && hasVocabulary)
        {
            ReadMerges(ref postponed);
            hasMerges = true;
        }

        if (!hasVocabulary || !hasMerges)
        {
            throw Problem("model", $"has no \"{(hasVocabulary ? "merges" : "vocab")}\"; supported: type BPE with vocab and merges");
        }
    }

    void ReadOption(string name, JsonPlace value)
    {
        switch (name)
        {
            case "type" when value.Text() != "BPE":
                throw value.Unsupported(value.Text(), "BPE");
            case "ignore_merges":
                IgnoreMerges = value.Flag();
                break;
            case "dropout" when !value.IsNull && !value.IsZero:
                throw value.Unexpected("null (dropout is for training)");
            case "continuing_subword_prefix" or "end_of_word_suffix" when !value.IsNull && value.Text().Length > 0:
                throw value.Unexpected("\"\" or null (byte-level models mark no word boundaries)");
        }

        // unk_token, fuse_unk and byte_fallback decide about symbols that the vocabulary lacks; RequireAllBytes sees to it that it
        // lacks none.
    }

    void ReadVocabulary(ref Utf8JsonReader reader)
    {
        Require(ref reader, JsonTokenType.StartObject, "model.vocab", "an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int length = CopyString(ref reader, 0);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id is < 0 or > Vocabulary.MaxId)
            {
                throw Problem(VocabularyPlace(length), $"expected an id from 0 to {Vocabulary.MaxId}, found {Describe(ref reader)}");
            }

            if (!Vocabulary.TryAdd(_content.AsSpan(0, length), id, _scratch))
            {
                throw Problem(VocabularyPlace(length), $"id {id} or the token itself is there twice");
            }
        }
    }

    void ReadMerges(ref Utf8JsonReader reader)
    {
        Require(ref reader, JsonTokenType.StartArray, "model.merges", "an array");
        for (int rank = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; rank++)
        {
            (int leftLength, int rightLength) = ReadMerge(ref reader, rank);
            Span<byte> content = _content;
            int left = Find(content[..leftLength], rank);
            int right = Find(content.Slice(leftLength, rightLength), rank);
            int merged = Find(content[..(leftLength + rightLength)], rank);
            Merges.Set(left, right, rank, merged);
        }
    }

    /// <summary>Puts the two halves of a merge, "left right" or ["left", "right"], side by side into the content buffer.</summary>
    (int LeftLength, int RightLength) ReadMerge(ref Utf8JsonReader reader, int rank)
    {
        const string Expected = "expected \"left right\" or [\"left\", \"right\"]";
        if (reader.TokenType == JsonTokenType.String)
        {
            int length = CopyString(ref reader, 0);
            Span<byte> text = _content.AsSpan(0, length);
            int space = text.IndexOf((byte)' ');
            if (space < 0 || text[(space + 1)..].Contains((byte)' '))
            {
                throw Problem(MergePlace(rank), $"{Expected}, found {JsonPlace.Quote(Encoding.UTF8.GetString(text))}");
            }

            text[(space + 1)..].CopyTo(text[space..]);
            return (space, length - space - 1);
        }

        if (reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            int left = CopyString(ref reader, 0);
            if (reader.Read() && reader.TokenType == JsonTokenType.String)
            {
                int right = CopyString(ref reader, left);
                if (reader.Read() && reader.TokenType == JsonTokenType.EndArray)
                {
                    return (left, right);
                }
            }
        }

        throw Problem(MergePlace(rank), $"{Expected}, found {Describe(ref reader)}");
    }

    int Find(ReadOnlySpan<byte> content, int rank)
    {
        int id = Vocabulary.FindContent(content, _scratch);
        return id >= 0
            ? id
            : throw Problem(MergePlace(rank), $"expected tokens of the vocabulary, found {JsonPlace.Quote(Encoding.UTF8.GetString(content))}, which is not in it");
    }

    // C0, C1 and F5 to FF do not occur in UTF-8. Every other byte may occur in a text, and needs a symbol.
    void RequireAllBytes()
    {
        for (int value = 0; value < 0xF5; value++)
        {
            if (value is not (0xC0 or 0xC1) && Vocabulary.FindBytes([(byte)value]) < 0)
            {
                string symbol = JsonPlace.Quote(ByteLevelAlphabet.ToChar((byte)value).ToString());
                throw Problem("model.vocab", $"has no token {symbol} for byte 0x{value:X2}; supported: byte-level vocabularies, which hold a token for every byte");
            }
        }
    }

    /// <summary>Copies the reader's string to the content buffer at an offset and returns its length.</summary>
    int CopyString(ref Utf8JsonReader reader, int offset)
    {
        int most = offset + reader.ValueSpan.Length;
        if (most > _content.Length)
        {
            Array.Resize(ref _content, most * 2);
            _scratch = new byte[_content.Length];
        }

        return reader.CopyString(_content.AsSpan(offset));
    }

    void Require(ref Utf8JsonReader reader, JsonTokenType wanted, string path, string expected)
    {
        if (reader.TokenType != wanted)
        {
            throw Problem(path, $"expected {expected}, found {Describe(ref reader)}");
        }
    }

    string VocabularyPlace(int length) => $"model.vocab[{JsonPlace.Quote(Encoding.UTF8.GetString(_content, 0, length))}]";

    static string MergePlace(int rank) => $"model.merges[{rank}]";

    static string Describe(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.EndArray => "the end of the array",
        JsonTokenType.String => JsonPlace.Quote(reader.GetString()!),
        _ => JsonPlace.Clip(Encoding.UTF8.GetString(reader.ValueSpan)),
    };

    TokenizerException Problem(string path, string problem) => new($"{_file}: {path}: {problem}");
}
