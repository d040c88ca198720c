using System.Text;
using Octet.Tokenizers.Cutting;
using Octet.Tokenizers.Decoders;
using Octet.Tokenizers.Models;
using Octet.Tokenizers.Normalizers;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Reading;

/// <summary>Makes a tokenizer of a <c>tokenizer.model</c>.</summary>
/// <remarks>
/// As SentencePiece has it, with two habits of transformers: control pieces are recognised in a text, and each text between special pieces
/// has the mark of a word in front. The file does not say what is put around a text; <c>tokenizer_config.json</c> does.
/// </remarks>
static class SentencePieceTokenizer
{
    const string Mark = "\u2581";

    internal static TokenizerParts Read(ReadOnlySpan<byte> content, string file)
    {
        SentencePiece model = SentencePiece.Parse(content, file);
        if (model.WhitespaceAsSuffix)
        {
            throw new TokenizerException($"{file}: treat_whitespace_as_suffix is not supported");
        }

        if (!model.EscapeWhitespaces)
        {
            throw new TokenizerException($"{file}: escape_whitespaces false is not supported");
        }

        Vocabulary vocabulary = new(byteLevel: false);
        foreach ((byte[] text, _, _) in model.Pieces)
        {
            int id = vocabulary.Count;
            if (text.Length > MergeSplits.Longest)
            {
                throw new TokenizerException($"{file}: piece {id} has {text.Length} bytes, expected at most {MergeSplits.Longest}");
            }

            if (!vocabulary.TryAdd(text, id, []))
            {
                throw new TokenizerException($"{file}: piece {id}, {QuotedText.Of(Encoding.UTF8.GetString(text))}, is there twice");
            }
        }

        Normalizer? normalizer = Normalizer(model, file);
        return new TokenizerParts
        {
            File = file,
            Model = model.ModelType switch
            {
                SentencePiece.Unigram => Unigram(model, vocabulary, file),
                SentencePiece.Pairs => Pairs(model, vocabulary, file),
                _ => throw new TokenizerException($"{file}: model_type {model.ModelType} is not supported; supported: 1 (unigram), 2 (bpe)"),
            },
            Added = new AddedTokens(Added(model), normalizer, file),
            Normalizer = normalizer,
            PreTokenizer = model.ModelType == SentencePiece.Unigram && MarksBegin(model)
                ? new PreTokenizer([static (next, _) => new MetaspaceStep(Mark, PrependScheme.Never, split: true, next)], givesBytes: false, needsOrigins: false, needsNormalizedOrigins: false)
                : PreTokenizer.None,
            Decoder = new TokenDecoder(Decoding(model)),
        };
    }

    static Normalizer? Normalizer(SentencePiece model, string file)
    {
        List<Normalizer> steps = [];
        if (model.CharacterMap.Length > 0)
        {
            try
            {
                steps.Add(PrecompiledNormalizer.Parse(model.CharacterMap));
            }
            catch (FormatException e)
            {
                throw new TokenizerException($"{file}: normalizer_spec.precompiled_charsmap: {e.Message}", e);
            }
        }

        if (model.RemoveExtraWhitespaces)
        {
            steps.Add(new ExtraSpaceNormalizer());
        }

        if (model.AddDummyPrefix)
        {
            steps.Add(new PrependNormalizer(Mark));
        }

        steps.Add(new ReplaceNormalizer(new StringCutter(" "), Mark));
        return steps.Count == 1 ? steps[0] : new SequenceNormalizer([.. steps]);
    }

    static UnigramModel Unigram(SentencePiece model, Vocabulary vocabulary, string file)
    {
        float best = model.Pieces.Max(static piece => piece.Type == PieceType.Normal ? piece.Score : float.MinValue);
        float worst = model.Pieces.Min(static piece => piece.Type == PieceType.Normal ? piece.Score : float.MaxValue);
        double[] scores = [.. model.Pieces.Select(piece => piece.Type == PieceType.UserDefined ? (Characters(piece.Content) * best) - 0.1 : (double)piece.Score)];
        return new UnigramModel(
            vocabulary, scores, Unknown(model, file), model.ByteFallback, worst, id => model.Pieces[id].Type is PieceType.Normal or PieceType.UserDefined);
    }

    static CharacterPairModel Pairs(SentencePiece model, Vocabulary vocabulary, string file)
    {
        // The pair whose joined piece has the best score merges first, and the leftmost of equals.
        int[] order = [.. Enumerable.Range(0, model.Pieces.Count).Where(id => model.Pieces[id].Type is PieceType.Normal).OrderByDescending(id => model.Pieces[id].Score)];
        MergeTable merges = new();
        int rank = 0;
        for (int i = 0; i < order.Length; i++)
        {
            (byte[] content, float score, _) = model.Pieces[order[i]];
            rank = i > 0 && score == model.Pieces[order[i - 1]].Score ? rank : i;
            MergeSplits.Add(vocabulary, content, order[i], rank, merges, id => model.Pieces[id].Type is PieceType.Normal, wholeCharacters: true);
        }

        return new CharacterPairModel(
            vocabulary, merges, new CharacterPairOptions(Unknown(model, file), FuseUnknown: true, model.ByteFallback, IgnoreMerges: false, "", ""));
    }

    static UnknownToken Unknown(SentencePiece model, string file)
    {
        int id = model.Pieces.FindIndex(static piece => piece.Type == PieceType.Unknown);
        return id < 0
            ? throw new TokenizerException($"{file}: has no piece of the type UNKNOWN")
            : new UnknownToken(Encoding.UTF8.GetString(model.Pieces[id].Content), id, file);
    }

    static List<AddedToken> Added(SentencePiece model)
    {
        List<AddedToken> tokens = [];
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            (byte[] content, _, PieceType type) = model.Pieces[id];
            if (type is PieceType.Control or PieceType.UserDefined or PieceType.Unknown && content.Length > 0)
            {
                tokens.Add(new AddedToken(id, Encoding.UTF8.GetString(content), false, false, false, Normalized: false, Special: type != PieceType.UserDefined));
            }
        }

        return tokens;
    }

    static List<Func<DecodeStage, DecodeStage>> Decoding(SentencePiece model)
    {
        List<Func<DecodeStage, DecodeStage>> steps =
        [
            static next => new ReplaceCharacterStage(Mark[0], " ", next), static next => new ByteFallbackStage(next), static next => new FuseStage(next),
        ];
        if (model.AddDummyPrefix)
        {
            steps.Add(static next => new StripStage(new Rune(' '), 1, 0, next));
        }

        return steps;
    }

    /// <summary>Whether no piece has a mark but at its beginning, so that texts can be cut before each.</summary>
    static bool MarksBegin(SentencePiece model)
    {
        byte[] mark = Encoding.UTF8.GetBytes(Mark);
        return model.Pieces.TrueForAll(piece => piece.Content.AsSpan().LastIndexOf(mark) <= 0);
    }

    static int Characters(byte[] content) => content.Count(static value => (value & 0xC0) != 0x80);
}
