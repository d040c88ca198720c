namespace Octet.Backends;

/// <summary>
/// The shape of the keys and values of one kind of layers: for each layer, token and head a key of <see cref="HeadDim"/> elements and a
/// value of <see cref="ValueDim"/>.
/// </summary>
readonly record struct KvCacheLayout(int Layers, int Heads, int HeadDim, KvCacheType Type)
{
    /// <summary>Tokens a page holds. One block of the streaming softmax: sums do not depend on how a prompt was cut into chunks.</summary>
    internal const int PageTokens = 32;

    /// <summary>Which of the model's kinds of layers.</summary>
    internal int Kind { get; init; } = 0;

    /// <summary>Elements of a value that is not stored by itself, but is the beginning of its key (the latent of MLA); null: values are stored, as long as keys.</summary>
    internal int? ValueInKey { get; init; } = null;

    internal bool ValuesInKeys => ValueInKey is not null;

    /// <summary>Elements of a value.</summary>
    internal int ValueDim => ValueInKey ?? HeadDim;

    /// <summary>Tokens that a token sees, itself among them, beyond which pages are given back; null: all.</summary>
    internal int? Window { get; init; } = null;

    /// <summary>One for each layer, or for each head of each layer; null: all are 1, as in every type but <see cref="KvCacheType.Float8E4M3"/>.</summary>
    internal KvScale[]? Scales { get; init; } = null;

    internal int ElementBytes => Type switch
    {
        KvCacheType.Float32 => 4,
        KvCacheType.BFloat16 => 2,
        _ => 1,
    };

    internal long BytesPerToken => (long)Layers * Heads * (HeadDim + (ValuesInKeys ? 0 : ValueDim)) * ElementBytes;

    internal long BytesPerPage => BytesPerToken * PageTokens;

    /// <summary>Those of a head; a value that is in its key has the key's.</summary>
    internal KvScale Scale(int layer, int head)
    {
        KvScale scale = Stored(layer, head);
        return ValuesInKeys ? new KvScale(scale.Key, scale.Key) : scale;
    }

    KvScale Stored(int layer, int head) => Scales is null ? KvScale.One : Scales.Length == Layers ? Scales[layer] : Scales[layer * Heads + head];

    internal static int PagesOf(long tokens) => checked((int)((tokens + PageTokens - 1) / PageTokens));

    /// <summary>Pages that a sequence of so many tokens holds, of which <paramref name="chunk"/> are computed at a time.</summary>
    internal int Pages(long tokens, int chunk) => PagesOf(Window is { } window ? Math.Min(tokens, (long)window + chunk + PageTokens) : tokens);
}
