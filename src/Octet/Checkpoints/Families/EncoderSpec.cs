using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>An encoder as data: layers that see a whole text at once. What a family makes of its <c>config.json</c>.</summary>
sealed record EncoderSpec
{
    internal required int HiddenSize { get; init; }

    internal required int VocabSize { get; init; }

    internal required int Heads { get; init; }

    /// <summary>The width inside feed-forward parts.</summary>
    internal required int Inner { get; init; }

    internal required float Epsilon { get; init; }

    /// <summary>The longest text in tokens.</summary>
    internal required int MaxTokens { get; init; }

    internal required EncoderNames Names { get; init; }

    internal required IReadOnlyList<EncoderLayerSpec> Layers { get; init; }

    /// <summary>Rows of the table of positions; null: there is none.</summary>
    internal int? Positions { get; init; }

    /// <summary>The id of padding, where positions are numbered from behind it (<see cref="PackedBatch"/>).</summary>
    internal int? Padding { get; init; }

    /// <summary>Rows of the table of types; null: there is none.</summary>
    internal int? Types { get; init; }

    /// <summary>Whether a part is normed before it, not after it was added.</summary>
    internal bool NormsFirst { get; init; }

    /// <summary>Whether norms have a bias.</summary>
    internal bool HasNormBias { get; init; }

    /// <summary>Whether linear layers have one.</summary>
    internal bool HasBias { get; init; }

    /// <summary>What a feed-forward part is, or the first of its two halves.</summary>
    internal required Nonlinearity Function { get; init; }

    /// <summary>Where the feed-forward part is gated: two products, of which the first goes through the function.</summary>
    internal Gating? Gating { get; init; }

    /// <summary>The layers behind the encoder that make scores of a text; null: there are none.</summary>
    internal ClassifierSpec? Classifier { get; init; }

    /// <summary>How its weights are quantised; null: they are not.</summary>
    internal QuantizationConfig? Quantization { get; init; }

    /// <summary>What is stored and not used, by the beginnings of names behind the model's prefix, and of whole names.</summary>
    internal IReadOnlyList<(string Beginning, string Reason)> Unused { get; init; } = [];

    /// <summary>The same of names without a prefix.</summary>
    internal IReadOnlyList<(string Beginning, string Reason)> UnusedBeside { get; init; } = [];
}

/// <summary>What differs from layer to layer.</summary>
/// <param name="Rotary">How queries and keys turn; null: they do not.</param>
/// <param name="Reach">How many tokens a token sees on either side; null: all.</param>
readonly record struct EncoderLayerSpec(Rotary? Rotary, int? Reach);

/// <summary>What a family calls its parts. A layer's are behind its own beginning.</summary>
sealed record EncoderNames
{
    /// <summary>What stands before all names in a model with something on top of the encoder.</summary>
    internal required string Prefix { get; init; }

    internal required string Words { get; init; }

    internal string Positions { get; init; } = "";

    internal string Types { get; init; } = "";

    internal required string EmbeddingNorm { get; init; }

    /// <summary>Before a layer's number.</summary>
    internal required string Layers { get; init; }

    /// <summary>Queries, keys and values; one name where they are one tensor.</summary>
    internal required IReadOnlyList<string> QueryKeyValue { get; init; }

    internal required string AttentionOutput { get; init; }

    internal required string AttentionNorm { get; init; }

    /// <summary>The first layer of the feed-forward part; both halves where it is gated.</summary>
    internal required string Inner { get; init; }

    internal required string Outer { get; init; }

    internal required string FeedForwardNorm { get; init; }

    /// <summary>The norm behind the last layer; null: none.</summary>
    internal string? FinalNorm { get; init; }
}

/// <summary>What makes scores of a text: a dense layer with a function, then a layer of an output for each label.</summary>
/// <param name="Dense">The first layer's name.</param>
/// <param name="Function">What it goes through.</param>
/// <param name="Output">The second layer's name.</param>
/// <param name="Labels">Its outputs.</param>
sealed record ClassifierSpec(string Dense, Nonlinearity Function, string Output, int Labels)
{
    /// <summary>Whether the dense layer's name stands behind the model's prefix.</summary>
    internal bool DenseIsInside { get; init; }

    internal bool HasDenseBias { get; init; } = true;

    /// <summary>A norm between the two; null: none.</summary>
    internal string? Norm { get; init; }

    /// <summary>Whether a text is the mean of its tokens, not the first one.</summary>
    internal bool TakesMean { get; init; }

    /// <summary>Whether a score goes through the logistic function.</summary>
    internal bool IsLogistic { get; init; }
}
