namespace Octet;

/// <summary>The element type in which keys and values of past tokens are kept.</summary>
public enum KvCacheType
{
    /// <summary>16 bits: half the memory, the default for generation.</summary>
    BFloat16,

    /// <summary>32 bits: no rounding between prefill and decode; what measurements of a model want.</summary>
    Float32,

    /// <summary>
    /// 8 bits, E4M3: <c>x / scale</c> rounded to nearest even, beyond 448 held at 448, and read as <c>code * scale</c>. A scale for the keys
    /// and one for the values of each layer, the checkpoint's (<c>k_scale</c>, <c>v_scale</c>), or 1 where it has none.
    /// </summary>
    Float8E4M3,

    /// <summary>8 bits, E5M2, without scales: rounded to nearest even, beyond 57344 held there.</summary>
    Float8E5M2,
}
