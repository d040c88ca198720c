using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>Loading and storing codes of one or two bytes, a lane each.</summary>
static class LaneAccess<T, TLanes, TVector>
    where T : unmanaged, ISmallFloat<T>
    where TLanes : ILanes<TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVector Load(ref readonly T source) => Unsafe.SizeOf<T>() == 1
        ? TLanes.Load(ref Unsafe.As<T, byte>(ref Unsafe.AsRef(in source)))
        : TLanes.Load(ref Unsafe.As<T, ushort>(ref Unsafe.AsRef(in source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(TVector codes, ref T destination)
    {
        if (Unsafe.SizeOf<T>() == 1)
        {
            TLanes.Store(codes, ref Unsafe.As<T, byte>(ref destination));
        }
        else
        {
            TLanes.Store(codes, ref Unsafe.As<T, ushort>(ref destination));
        }
    }

    /// <summary>Stores four vectors, one after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(TVector first, TVector second, TVector third, TVector fourth, ref T destination)
    {
        if (Unsafe.SizeOf<T>() == 1)
        {
            TLanes.Store(first, second, third, fourth, ref Unsafe.As<T, byte>(ref destination));
        }
        else
        {
            Store(first, ref destination);
            Store(second, ref Unsafe.Add(ref destination, TLanes.Count));
            Store(third, ref Unsafe.Add(ref destination, 2 * TLanes.Count));
            Store(fourth, ref Unsafe.Add(ref destination, 3 * TLanes.Count));
        }
    }
}
