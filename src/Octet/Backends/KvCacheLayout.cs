namespace Octet.Backends;

/// <summary>The shape of a key/value cache: for each layer and token, <c>2 * Heads * HeadDim</c> elements.</summary>
readonly record struct KvCacheLayout(int Layers, int Heads, int HeadDim, KvCacheType Type)
{
    /// <summary>Tokens a page holds. One block of the streaming softmax: sums do not depend on how a prompt was cut into chunks.</summary>
    internal const int PageTokens = 32;

    internal int ElementBytes => Type == KvCacheType.BFloat16 ? 2 : 4;

    internal long BytesPerToken => 2L * Layers * Heads * HeadDim * ElementBytes;

    internal long BytesPerPage => BytesPerToken * PageTokens;
}
