using Octet.Tokenizers.Decoders;
using Octet.Tokenizers.Models;
using Octet.Tokenizers.Normalizers;
using Octet.Tokenizers.PostProcessors;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers;

/// <summary>What a tokenizer is made of, from whatever file.</summary>
sealed record TokenizerParts
{
    /// <summary>What messages call the file.</summary>
    internal required string File { get; init; }

    internal required TokenModel Model { get; init; }

    internal required AddedTokens Added { get; init; }

    internal Normalizer? Normalizer { get; init; }

    internal PreTokenizer PreTokenizer { get; init; } = PreTokenizer.None;

    internal PostProcessor PostProcessor { get; init; } = PostProcessor.None;

    internal required TokenDecoder Decoder { get; init; }

    /// <summary>Whether the text is the bytes of all tokens: a byte-level vocabulary with the ByteLevel decoder alone.</summary>
    internal bool DecodesBytes { get; init; }

    internal TruncationOptions? Truncation { get; init; }

    internal PaddingOptions? Padding { get; init; }
}
