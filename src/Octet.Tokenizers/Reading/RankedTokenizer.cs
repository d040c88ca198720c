using Octet.Tokenizers.Cutting;
using Octet.Tokenizers.Decoders;
using Octet.Tokenizers.Models;
using Octet.Tokenizers.Normalizers;
using Octet.Tokenizers.Patterns;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Reading;

/// <summary>
/// A tokenizer of tokens that are bytes with ranks, as tiktoken keeps them: of two neighbours those merge first whose joined bytes have the
/// lowest rank.
/// </summary>
static class RankedTokenizer
{
    /// <summary>Makes the tokenizer.</summary>
    /// <param name="file">What messages call the file.</param>
    /// <param name="ranked">The tokens in the order of their ranks.</param>
    /// <param name="firstId">The id of the first.</param>
    /// <param name="special">The tokens that texts are searched for.</param>
    /// <param name="pattern">What cuts a text into pieces.</param>
    /// <param name="normalizer">What rewrites a text first.</param>
    internal static TokenizerParts Make(
        string file, IReadOnlyList<byte[]> ranked, int firstId, IReadOnlyList<AddedToken> special, string pattern, Normalizer? normalizer = null)
    {
        Vocabulary vocabulary = new(byteLevel: true);
        for (int rank = 0; rank < ranked.Count; rank++)
        {
            if (ranked[rank].Length is 0 or > MergeSplits.Longest)
            {
                throw new TokenizerException($"{file}: the token of rank {rank} has {ranked[rank].Length} bytes, expected 1 to {MergeSplits.Longest}");
            }

            if (firstId + rank > Vocabulary.MaxId || !vocabulary.TryAddBytes(ranked[rank], firstId + rank))
            {
                throw new TokenizerException($"{file}: the token of rank {rank} is there twice, or its id is above {Vocabulary.MaxId}");
            }
        }

        if (ByteLevelPairModel.LacksBytes(vocabulary))
        {
            throw new TokenizerException($"{file}: lacks a token for a byte; expected one for each of the 256");
        }

        MergeTable merges = new();
        for (int rank = 0; rank < ranked.Count; rank++)
        {
            MergeSplits.Add(vocabulary, ranked[rank], firstId + rank, rank, merges, static _ => true, wholeCharacters: false);
        }

        return new TokenizerParts
        {
            File = file,
            Model = new ByteLevelPairModel(vocabulary, merges, ignoreMerges: true),
            Added = new AddedTokens(special, normalizer, file),
            Normalizer = normalizer,
            PreTokenizer = new PreTokenizer([Cut(pattern, file)], givesBytes: true, needsOrigins: false, needsNormalizedOrigins: false),
            Decoder = new TokenDecoder([static next => new ByteLevelStage(next)]),
            DecodesBytes = true,
        };
    }

    static MakeStep Cut(string pattern, string file)
    {
        if (KnownPatterns.Find(pattern) is { } known)
        {
            return (next, _) => new ScanStep(known, next);
        }

        try
        {
            var parsed = Pattern.Parse(pattern);
            return (next, _) => new SplitStep(new PatternCutter(parsed), SplitBehavior.Removed, invert: true, next);
        }
        catch (PatternException e)
        {
            throw new TokenizerException($"{file}: pattern {QuotedText.Of(pattern)}: {e.Message}", e);
        }
    }
}
