using Octet.Numerics;

namespace Octet.Quantization;

/// <summary>How a checkpoint is quantised.</summary>
public sealed record QuantizationOptions
{
    /// <summary>The layout of codes and scales.</summary>
    public QuantizationScheme Scheme { get; init; }

    /// <summary>
    /// The type of the scales of <see cref="QuantizationScheme.Block"/>, <see cref="QuantizationScheme.Channel"/> and
    /// <see cref="QuantizationScheme.Tensor"/>: float32 (which null means), bfloat16, float16, and for blocks E8M0. The other schemes have one of
    /// their own.
    /// </summary>
    public DataType? ScaleType { get; init; }

    /// <summary>
    /// Whether scales are powers of two, the smallest with which nothing saturates; for blocks the config then says
    /// <c>scale_fmt: ue8m0</c>, which makes the scales of activations powers of two as well (DeepSeek-V3.1).
    /// </summary>
    public bool PowerOfTwoScales { get; init; }

    /// <summary>Whether scales are searched for that have the least squared error, instead of those that follow from the largest magnitude.</summary>
    public bool Search { get; init; }

    /// <summary>
    /// Rows (outputs) and columns (inputs) that share a scale in a source that is quantised and does not say how, each at least 1; null: what the
    /// source says, and blocks of 128 x 128 where scales are named <c>weight_scale_inv</c> and have that shape.
    /// </summary>
    public (int Rows, int Columns)? SourceBlocks { get; init; }

    /// <summary>Modules that are not quantised: names, with <c>*</c> for any characters, such as <c>model.layers.0.*</c>. One that the source has no module for is an error.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>
    /// Whether the output layer is quantised too. Where it is tied to the embedding it gets a weight of its own, and the config says that it
    /// is not tied.
    /// </summary>
    public bool LmHead { get; init; }

    /// <summary>
    /// A quantised checkpoint of the same model whose scheme, choice of modules and scales are taken over, whatever the other options
    /// say; null: none. With the scales that they were made with, dequantised weights give their codes again.
    /// </summary>
    public string? ScalesFrom { get; init; }

    /// <summary>
    /// A text with which scales for a key/value cache in E4M3 are found, by running the source on it; null: none are. Of a model that can be
    /// run, and not to <see cref="QuantizationScheme.BFloat16"/>.
    /// </summary>
    public string? CacheCalibrationText { get; init; }

    /// <summary>The most tensor bytes in one shard.</summary>
    public long MaxShardSize { get; init; } = 5_000_000_000;

    /// <summary>Threads that compute, at least 1; null: one for each processor that this process may use.</summary>
    public int? Threads { get; init; }

    /// <summary>Told now and then how far the work is, from any thread.</summary>
    public IProgress<QuantizationProgress>? Progress { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)Scheme, (uint)QuantizationScheme.BFloat16, nameof(Scheme));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxShardSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Threads ?? 1, 1, nameof(Threads));
        ArgumentNullException.ThrowIfNull(Exclude);
        if (Exclude.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("a name that is empty: expected a module's name, * for any characters", nameof(Exclude));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(SourceBlocks?.Rows ?? 1, 1, nameof(SourceBlocks));
        ArgumentOutOfRangeException.ThrowIfLessThan(SourceBlocks?.Columns ?? 1, 1, nameof(SourceBlocks));
        if (CacheCalibrationText is not null && Scheme == QuantizationScheme.BFloat16)
        {
            throw new ArgumentException("scales of a cache for a checkpoint that is not quantised", nameof(CacheCalibrationText));
        }

        bool free = Scheme is QuantizationScheme.Block or QuantizationScheme.Channel or QuantizationScheme.Tensor;
        if (ScaleType is { } type && (!free || !(type is DataType.Float32 or DataType.BFloat16 or DataType.Float16 || (type == DataType.Float8E8M0FNU && Scheme == QuantizationScheme.Block))))
        {
            string expected = Scheme == QuantizationScheme.Block ? "F32, BF16, F16 or F8_E8M0" : free ? "F32, BF16 or F16" : "none: the scheme has its own";
            throw new ArgumentException($"scales of type {type} for the scheme {Scheme}: expected {expected}", nameof(ScaleType));
        }
    }
}
