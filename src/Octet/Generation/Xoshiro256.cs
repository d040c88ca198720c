using System.Numerics;

namespace Octet.Generation;

/// <summary>
/// xoshiro256** of Blackman and Vigna (<see href="https://prng.di.unimi.it/"/>), its state filled from one 64-bit seed by SplitMix64, as
/// its authors advise. Integer arithmetic only, so a seed means the same sequence on every machine, today and later.
/// </summary>
struct Xoshiro256
{
    ulong _s0;
    ulong _s1;
    ulong _s2;
    ulong _s3;

    internal Xoshiro256(long seed)
    {
        ulong state = (ulong)seed;
        _s0 = SplitMix64(ref state);
        _s1 = SplitMix64(ref state);
        _s2 = SplitMix64(ref state);
        _s3 = SplitMix64(ref state);
    }

    internal Xoshiro256(ulong s0, ulong s1, ulong s2, ulong s3)
    {
        _s0 = s0;
        _s1 = s1;
        _s2 = s2;
        _s3 = s3;
    }

    internal ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>From 0, below 1: the upper 53 bits, each value a multiple of 2^-53.</summary>
    internal double NextDouble() => (Next() >> 11) * (1.0 / (1L << 53));

    internal static ulong SplitMix64(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
