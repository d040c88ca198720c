using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Octet.Tokenizers;

/// <summary>A 64-bit hash of a byte string whose high bits are the well mixed ones. Not for use against an adversary.</summary>
static class ByteHash
{
    internal const ulong Multiplier = 0x9E3779B97F4A7C15;

    // Loading calls this some 600,000 times before tiering would have optimised it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static ulong Compute(ReadOnlySpan<byte> bytes)
    {
        ulong hash = (ulong)bytes.Length * Multiplier;
        while (bytes.Length >= 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * Multiplier;
            hash ^= hash >> 32;
            bytes = bytes[8..];
        }

        ulong tail = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            tail |= (ulong)bytes[i] << (8 * i);
        }

        hash = (hash ^ tail) * Multiplier;
        hash ^= hash >> 32;
        return hash * Multiplier;
    }
}
