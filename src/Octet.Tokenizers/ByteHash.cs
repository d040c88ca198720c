using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Octet.Tokenizers;

/// <summary>
/// A 64-bit hash of a byte string whose high bits are the ones to use. It is keyed anew in every process, so that no file can hold
/// keys that collide: a polynomial over the prime 2^61 - 1 at a secret point (Carter and Wegman, 1979), in which two strings of at
/// most n pieces of 7 bytes collide with a probability of n / 2^61, whatever they are.
/// </summary>
static class ByteHash
{
    const ulong Prime = (1UL << 61) - 1;
    const int Piece = 7; // whole bytes below the prime
    const ulong PieceMask = (1UL << (8 * Piece)) - 1;

    static readonly ulong s_point = Secret() % (Prime - 2) + 2;

    // The polynomial's value is uniform below the prime; an odd factor spreads it over the high bits (multiply-shift).
    static readonly ulong s_spread = Secret() | 1;

    // Loading calls this some 600,000 times before tiering would have optimised it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static ulong Compute(ReadOnlySpan<byte> bytes)
    {
        ulong point = s_point;
        ulong value = (ulong)bytes.Length + 1;
        while (bytes.Length >= 8)
        {
            value = Step(value, BinaryPrimitives.ReadUInt64LittleEndian(bytes) & PieceMask, point);
            bytes = bytes[Piece..];
        }

        ulong tail = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            tail |= (ulong)bytes[i] << (8 * i);
        }

        return Step(value, tail, point) * s_spread;
    }

    /// <summary>The hash of a number below 2^61 - 1.</summary>
    internal static ulong Compute(ulong number) => Step(number, 0, s_point) * s_spread;

    /// <summary>(value * point + piece) mod 2^61 - 1, but for one multiple of it that is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Step(ulong value, ulong piece, ulong point)
    {
        ulong high = Math.BigMul(value, point, out ulong low);
        ulong sum = (low & Prime) + ((low >> 61) | (high << 3)) + piece;
        sum = (sum & Prime) + (sum >> 61);
        return sum >= Prime ? sum - Prime : sum;
    }

    static ulong Secret() => (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue);
}
