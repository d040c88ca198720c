namespace Octet.Safetensors;

/// <summary>How files are written. The defaults are what the Hugging Face libraries expect.</summary>
public sealed record SafetensorsWriterOptions
{
    static readonly IReadOnlyDictionary<string, string> s_defaultMetadata = new Dictionary<string, string> { ["format"] = "pt" }.AsReadOnly();

    internal static SafetensorsWriterOptions Default { get; } = new();

    /// <summary>
    /// The <c>__metadata__</c> of every file, written with sorted keys; empty leaves it out. The default is
    /// <c>{"format":"pt"}</c>, without which older versions of transformers refuse a file.
    /// </summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = s_defaultMetadata;

    /// <summary>
    /// The data begins at a multiple of this many bytes, by spaces at the header's end: a power of two from 8 (the
    /// reference's own) to 65,536. A page (4,096) suits mapping into a device.
    /// </summary>
    public int Alignment
    {
        get;
        init => field = value is >= 8 and <= 65536 && int.IsPow2(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "a power of two from 8 to 65536");
    } = 8;

    /// <summary>The most tensor bytes in one shard of a sharded checkpoint; a larger tensor gets a shard of its own. Default 5,000,000,000.</summary>
    public long MaxShardSize
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "a positive number of bytes");
    } = 5_000_000_000;
}
