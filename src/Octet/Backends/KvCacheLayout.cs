namespace Octet.Backends;

/// <summary>The shape of a key/value cache: for each layer and token, <c>2 * Heads * HeadDim</c> elements.</summary>
readonly record struct KvCacheLayout(int Layers, int Heads, int HeadDim, KvCacheType Type)
{
    /// <summary>Tokens a page holds. One block of the streaming softmax: sums do not depend on how a prompt was cut into chunks.</summary>
    internal const int PageTokens = 32;

    /// <summary>One for each layer, or for each head of each layer; null: all are 1, as in every type but <see cref="KvCacheType.Float8E4M3"/>.</summary>
    internal KvScale[]? Scales { get; init; }

    internal int ElementBytes => Type switch
    {
        KvCacheType.Float32 => 4,
        KvCacheType.BFloat16 => 2,
        _ => 1,
    };

    internal long BytesPerToken => 2L * Layers * Heads * HeadDim * ElementBytes;

    internal long BytesPerPage => BytesPerToken * PageTokens;

    internal KvScale Scale(int layer, int head) => Scales is null ? KvScale.One : Scales.Length == Layers ? Scales[layer] : Scales[layer * Heads + head];
}
