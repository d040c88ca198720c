namespace Octet;

/// <summary>The element type in which keys and values of past tokens are kept.</summary>
public enum KvCacheType
{
    /// <summary>16 bits: half the memory, the default for generation.</summary>
    BFloat16,

    /// <summary>32 bits: no rounding between prefill and decode; what measurements of a model want.</summary>
    Float32,
}
