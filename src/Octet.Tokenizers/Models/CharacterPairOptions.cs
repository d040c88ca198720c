namespace Octet.Tokenizers.Models;

/// <summary>What a BPE model says beside its tokens and merges; the names are those of tokenizer.json.</summary>
/// <param name="Unknown">The token for a character that is none.</param>
/// <param name="FuseUnknown">Whether unknown characters that touch are one token.</param>
/// <param name="ByteFallback">Whether bytes stand for a character that is no token.</param>
/// <param name="IgnoreMerges">Whether a piece that is a token is that token, whatever the merges say.</param>
/// <param name="Prefix">Put in front of every character but the first (<c>continuing_subword_prefix</c>).</param>
/// <param name="Suffix">Put behind the last character (<c>end_of_word_suffix</c>).</param>
sealed record CharacterPairOptions(UnknownToken Unknown, bool FuseUnknown, bool ByteFallback, bool IgnoreMerges, string Prefix, string Suffix);
