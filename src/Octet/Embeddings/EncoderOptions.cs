using Octet.Backends;

namespace Octet;

/// <summary>How an <see cref="EmbeddingModel"/> or a <see cref="Reranker"/> is opened. Null leaves a choice to the machine or the model.</summary>
public sealed record EncoderOptions
{
    internal const int DefaultBatchTokens = 512;

    /// <summary>
    /// What computes: <c>cpu</c>; <c>cuda</c> or <c>cuda:1</c>, an NVIDIA card by its number from 0 on, where the package Octet.Cuda was made known; <c>auto</c>, the first card where it
    /// can compute the model, otherwise the CPU, and the model's notices say why.
    /// </summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Threads that compute, at least 1; by default one for each processor that this process may use.</summary>
    public int? Threads { get; init; }

    /// <summary>How the inputs of FP8 layers are held.</summary>
    public ActivationMode Activation { get; init; }

    /// <summary>Tokens that are computed together, of as many texts as they are, from 1 to 65536; by default 512. A longer text is computed by itself where the model must see all of it at once.</summary>
    public int? BatchTokens { get; init; }

    /// <summary>Tokens of a text, special ones included: what is behind them is cut off. By default what the model's files say; at most the positions that the model has (<c>max_position_embeddings</c>), which may be more.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>How tokens' states become one vector, where the model's files do not say it or are to be overruled. By default what they say, and where an encoder has none the mean.</summary>
    public PoolingMode? Pooling { get; init; }

    /// <summary>The type in which a model that is a decoder keeps the keys and values of the texts that are being computed.</summary>
    public KvCacheType KvCache { get; init; } = KvCacheType.Float32;

    internal void Validate()
    {
        _ = DeviceName.Parse(Device);

        Require(Activation is >= ActivationMode.WeightOnly and <= ActivationMode.Static, nameof(Activation), Activation, "one of the enumeration");
        Require(KvCache is >= KvCacheType.BFloat16 and <= KvCacheType.Float8E5M2, nameof(KvCache), KvCache, "one of the enumeration");
        Require(Pooling is null or (>= PoolingMode.FirstToken and <= PoolingMode.LastToken), nameof(Pooling), Pooling, "one of the enumeration");
        Require(Threads is null or (>= 1 and <= 1024), nameof(Threads), Threads, "1 to 1024");
        Require(BatchTokens is null or (>= 1 and <= 65536), nameof(BatchTokens), BatchTokens, "1 to 65536");
        Require(MaxTokens is null or >= 1, nameof(MaxTokens), MaxTokens, "at least 1");
    }

    static void Require(bool valid, string name, object? value, string expected)
    {
        if (!valid)
        {
            throw new ArgumentOutOfRangeException(name, value, $"expected {expected}");
        }
    }
}
