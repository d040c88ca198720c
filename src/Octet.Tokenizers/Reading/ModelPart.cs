using System.Text;
using System.Text.Json;
using Octet.Tokenizers.Models;

namespace Octet.Tokenizers.Reading;

/// <summary>The <c>model</c> of the file. Streams through its long lists.</summary>
sealed class ModelPart
{
    const int MostAffix = 64; // bytes; published ones have at most 4
    const int LongestToken = 512; // bytes, which every place of a text may be tried with; published ones have fewer than 100
    const string PrefixName = "continuing_subword_prefix";
    const string Supported = "BPE, Unigram, WordPiece, WordLevel";

    readonly string _file;
    readonly Dictionary<string, JsonPlace> _options = new(StringComparer.Ordinal);
    readonly List<double> _scores = [];
    byte[] _content = new byte[1024];
    byte[] _scratch = new byte[1024];
    Vocabulary _vocabulary;
    MergeTable? _merges;
    bool _isList;

    ModelPart(string file, bool byteLevel)
    {
        _file = file;
        _vocabulary = new Vocabulary(byteLevel);
    }

    /// <summary>Reads the model that begins at the reader's token.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="file">What messages call the file.</param>
    /// <param name="byteLevel">Whether the pre-tokenizer gives bytes.</param>
    internal static TokenModel Read(ref Utf8JsonReader reader, string file, bool byteLevel) => new ModelPart(file, byteLevel).Read(ref reader);

    TokenModel Read(ref Utf8JsonReader reader)
    {
        Require(ref reader, JsonTokenType.StartObject, "model", "an object");
        bool hasVocabulary = false;
        Utf8JsonReader merges = default; // where they begin, for a vocabulary or a prefix that stands behind them
        bool hasMerges = false;
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!seen.Add(name))
            {
                throw Problem("model", $"{QuotedText.Of(name)} is there twice");
            }

            reader.Read();
            switch (name)
            {
                case "vocab":
                    ReadVocabulary(ref reader);
                    hasVocabulary = true;
                    break;
                case "merges":
                    merges = reader;
                    hasMerges = true;
                    if (hasVocabulary && !_isList && seen.Contains(PrefixName))
                    {
                        _merges = ReadMerges(ref reader, Encoding.UTF8.GetByteCount(Affix(PrefixName)));
                    }
                    else
                    {
                        reader.Skip();
                    }

                    break;
                case "type" or "unk_token" or "unk_id" or "dropout" or "continuing_subword_prefix" or "end_of_word_suffix" or "fuse_unk" or "byte_fallback"
                    or "ignore_merges" or "max_input_chars_per_word":
                    _options.Add(name, new JsonPlace(JsonElement.ParseValue(ref reader), _file, $"model.{name}"));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (!hasVocabulary)
        {
            throw Problem("model", $"has no \"vocab\"; supported: {Supported}");
        }

        string type = Option("type")?.Text() ?? (hasMerges ? "BPE" : _isList ? "Unigram" : _options.ContainsKey("max_input_chars_per_word") ? "WordPiece" : "WordLevel");
        if (type is "BPE" && !hasMerges)
        {
            throw Problem("model", "has no \"merges\"; expected vocab and merges");
        }

        if (type is "BPE" or "Unigram" or "WordPiece" or "WordLevel" && _isList != (type == "Unigram"))
        {
            throw Problem("model.vocab", type == "Unigram" ? "expected a list of tokens and scores, found an object" : "expected an object of tokens and ids, found an array");
        }

        return type switch
        {
            "BPE" => Pairs(ref merges),
            "Unigram" => Unigram(),
            "WordPiece" => WordPiece(),
            "WordLevel" => new WordLevelModel(_vocabulary, Unknown(required: true)),
            _ => throw Option("type")!.Value.Unsupported(type, Supported),
        };
    }

    TokenModel Pairs(ref Utf8JsonReader reader)
    {
        if (Option("dropout") is { } dropout && !dropout.IsZero)
        {
            throw dropout.Unexpected("null or 0 (dropout is for training)");
        }

        string prefix = Affix(PrefixName);
        string suffix = Affix("end_of_word_suffix");
        MergeTable merges = _merges ?? ReadMerges(ref reader, Encoding.UTF8.GetByteCount(prefix));
        bool ignoresMerges = Option("ignore_merges")?.Flag() ?? false;
        bool fuses = Option("fuse_unk")?.Flag() ?? false;
        bool fallsBack = Option("byte_fallback")?.Flag() ?? false;
        if (_vocabulary.IsByteLevel && prefix.Length + suffix.Length == 0 && !ByteLevelPairModel.LacksBytes(_vocabulary))
        {
            // Every byte has a symbol, so nothing is unknown.
            return new ByteLevelPairModel(_vocabulary, merges, ignoresMerges);
        }

        _vocabulary = _vocabulary.ToVerbatim();
        return new CharacterPairModel(_vocabulary, merges, new CharacterPairOptions(Unknown(required: false), fuses, fallsBack, ignoresMerges, prefix, suffix));
    }

    UnigramModel Unigram()
    {
        int unknown = -1;
        if (Option("unk_id") is { } place)
        {
            unknown = place.Id();
            if (unknown >= _scores.Count)
            {
                throw place.Unexpected($"an id of the vocabulary, which has {_scores.Count}");
            }
        }

        string? content = unknown < 0 ? null : _vocabulary.Content(unknown);
        UnigramModel model = new(_vocabulary, [.. _scores], new UnknownToken(content, unknown, _file), Option("byte_fallback")?.Flag() ?? false);
        return model.Longest <= LongestToken ? model : throw Problem("model.vocab", $"has a token of {model.Longest} bytes, expected at most {LongestToken}");
    }

    WordPieceModel WordPiece()
    {
        _vocabulary = _vocabulary.ToVerbatim();
        string prefix = Option("continuing_subword_prefix")?.Text() ?? "##";
        int most = Option("max_input_chars_per_word")?.Number(0, int.MaxValue) ?? 100;
        WordPieceModel model = new(_vocabulary, Unknown(required: true), prefix, most);
        return model.Longest <= LongestToken ? model : throw Problem("model.vocab", $"has a token of {model.Longest} bytes, expected at most {LongestToken}");
    }

    UnknownToken Unknown(bool required)
    {
        string? content = Option("unk_token")?.Text();
        return content is null && required
            ? throw Problem("model", "has no \"unk_token\"")
            : new UnknownToken(content, content is null ? -1 : _vocabulary.FindContent(content), _file);
    }

    string Affix(string name)
    {
        string affix = Option(name)?.Text() ?? "";
        return Encoding.UTF8.GetByteCount(affix) <= MostAffix ? affix : throw Option(name)!.Value.Problem($"expected at most {MostAffix} bytes");
    }

    /// <summary>An option that is there and not null.</summary>
    JsonPlace? Option(string name) => _options.TryGetValue(name, out JsonPlace place) && !place.IsNull ? place : null;

    void ReadVocabulary(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            _vocabulary = new Vocabulary(byteLevel: false);
            _isList = true;
            ReadList(ref reader);
            return;
        }

        Require(ref reader, JsonTokenType.StartObject, "model.vocab", "an object of tokens and ids, or a list of tokens and scores");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int length = CopyString(ref reader, 0);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id is < 0 or > Vocabulary.MaxId)
            {
                throw Problem(VocabularyPlace(length), $"expected an id from 0 to {Vocabulary.MaxId}, found {Describe(ref reader)}");
            }

            if (!_vocabulary.TryAdd(_content.AsSpan(0, length), id, _scratch))
            {
                throw Problem(VocabularyPlace(length), $"id {id} or the token itself is there twice");
            }
        }
    }

    void ReadList(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int length = -1;
            double score = double.NaN;
            if (reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.String)
            {
                length = CopyString(ref reader, 0);
                if (!(reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out score) && double.IsFinite(score)
                    && reader.Read() && reader.TokenType == JsonTokenType.EndArray))
                {
                    length = -1;
                }
            }

            if (length < 0 || _scores.Count > Vocabulary.MaxId)
            {
                throw Problem($"model.vocab[{_scores.Count}]", length < 0 ? $"expected [\"token\", score], found {Describe(ref reader)}" : $"expected at most {Vocabulary.MaxId + 1} tokens");
            }

            _vocabulary.Add(_content.AsSpan(0, length));
            _scores.Add(score);
        }
    }

    MergeTable ReadMerges(ref Utf8JsonReader reader, int prefix)
    {
        MergeTable merges = new();
        Require(ref reader, JsonTokenType.StartArray, "model.merges", "an array");
        for (int rank = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; rank++)
        {
            (int leftLength, int rightLength) = ReadMerge(ref reader, rank);
            Span<byte> content = _content;
            int left = Find(content[..leftLength], rank);
            int right = Find(content.Slice(leftLength, rightLength), rank);

            // What continues a word loses its prefix where it is joined to what is before, as in the reference by its length.
            if (prefix > 0)
            {
                if (rightLength < prefix)
                {
                    throw Problem(MergePlace(rank), $"expected a right side that begins with the prefix, found {QuotedText.Of(Encoding.UTF8.GetString(content.Slice(leftLength, rightLength)))}");
                }

                content.Slice(leftLength + prefix, rightLength - prefix).CopyTo(content[leftLength..]);
                rightLength -= prefix;
            }

            int merged = Find(content[..(leftLength + rightLength)], rank);
            merges.Set(left, right, rank, merged);
        }

        return merges;
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
                throw Problem(MergePlace(rank), $"{Expected}, found {QuotedText.Of(Encoding.UTF8.GetString(text))}");
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
        int id = _vocabulary.FindContent(content, _scratch);
        return id >= 0
            ? id
            : throw Problem(MergePlace(rank), $"expected tokens of the vocabulary, found {QuotedText.Of(Encoding.UTF8.GetString(content))}, which is not in it");
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

    string VocabularyPlace(int length) => $"model.vocab[{QuotedText.Of(Encoding.UTF8.GetString(_content, 0, length))}]";

    static string MergePlace(int rank) => $"model.merges[{rank}]";

    static string Describe(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.EndArray => "the end of the array",
        JsonTokenType.String => QuotedText.Of(reader.GetString()!),
        _ => QuotedText.Clip(Encoding.UTF8.GetString(reader.ValueSpan)),
    };

    TokenizerException Problem(string path, string problem) => new($"{_file}: {path}: {problem}");
}
