namespace Octet.Numerics;

/// <summary>
/// The random bits of stochastic rounding: a function of a seed and a place, so that results repeat whatever the vector width, the number
/// of threads, and where a span is cut. SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
/// </summary>
public static class RandomBits
{
    /// <summary>32 bits.</summary>
    /// <param name="seed">Chooses the sequence.</param>
    /// <param name="position">The place in the sequence, any number.</param>
    public static uint At(ulong seed, long position)
    {
        ulong z = unchecked(seed + (((ulong)position + 1) * 0x9E37_79B9_7F4A_7C15));
        z = unchecked((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB);
        return (uint)((z ^ (z >> 31)) >> 32);
    }
}
