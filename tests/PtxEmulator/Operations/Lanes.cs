using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PtxEmulator;

/// <summary>Masks of lanes.</summary>
static class Lanes
{
    public const int Count = 32;

    /// <summary>All ones in the elements whose lane, from <paramref name="first"/> on, is in the mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Select<T>(uint mask, int first)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 8)
        {
            Vector256<ulong> bits = Vector256.Create(1UL, 2, 4, 8);
            return Vector256.Equals(Vector256.Create((ulong)(mask >> first)) & bits, bits).As<ulong, T>();
        }
        else
        {
            Vector256<uint> bits = Vector256.Create(1u, 2, 4, 8, 16, 32, 64, 128);
            return Vector256.Equals(Vector256.Create(mask >> first) & bits, bits).As<uint, T>();
        }
    }

    /// <summary>The lowest lane of the mask, which is taken out of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Next(ref uint mask)
    {
        int lane = BitOperations.TrailingZeroCount(mask);
        mask &= mask - 1;
        return lane;
    }
}
