using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

#pragma warning disable CA1000 // The analyzer takes an extension block for a generic type; T is inferred from the receiver.

namespace Octet.Numerics;

/// <summary>Conversion of whole spans between small floats and float32, in the widest vectors that the processor has.</summary>
/// <remarks>
/// <c>Float8E4M3FN.ConvertToSingle(codes, values)</c>; in generic code <c>BulkConversion.ConvertToSingle(codes, values)</c>. Every
/// element is equal bit for bit to the scalar conversion, whatever the width.
/// </remarks>
public static class BulkConversion
{
    /// <typeparam name="T">The small format.</typeparam>
    extension<T>(T)
        where T : unmanaged, ISmallFloat<T>
    {
        /// <summary>Widens every element. Exact.</summary>
        /// <param name="source">The codes.</param>
        /// <param name="destination">As long as <paramref name="source"/> or longer; the rest is left as it is.</param>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        public static void ConvertToSingle(ReadOnlySpan<T> source, Span<float> destination)
        {
            CheckLength(source.Length, destination.Length);
            if (Vector512.IsHardwareAccelerated)
            {
                Widen<T, Lanes512, Vector512<uint>>(source, destination);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                Widen<T, Lanes256, Vector256<uint>>(source, destination);
            }
            else if (Vector128.IsHardwareAccelerated)
            {
                Widen<T, Lanes128, Vector128<uint>>(source, destination);
            }
            else
            {
                Widen<T, Lane, uint>(source, destination);
            }
        }

        /// <summary>Rounds every element to nearest, ties to even.</summary>
        /// <param name="source">The values.</param>
        /// <param name="destination">As long as <paramref name="source"/> or longer; the rest is left as it is.</param>
        /// <param name="mode">What becomes of values beyond the largest finite one.</param>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        public static void ConvertFromSingle(
            ReadOnlySpan<float> source, Span<T> destination, OverflowMode mode = OverflowMode.NonSaturating)
        {
            CheckLength(source.Length, destination.Length);
            if (Vector512.IsHardwareAccelerated)
            {
                Narrow<T, Lanes512, Vector512<uint>>(source, destination, mode);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                Narrow<T, Lanes256, Vector256<uint>>(source, destination, mode);
            }
            else if (Vector128.IsHardwareAccelerated)
            {
                Narrow<T, Lanes128, Vector128<uint>>(source, destination, mode);
            }
            else
            {
                Narrow<T, Lane, uint>(source, destination, mode);
            }
        }
    }

    internal static void Widen<T, TLanes, TVector>(ReadOnlySpan<T> source, Span<float> destination)
        where T : unmanaged, ISmallFloat<T>
        where TLanes : ILanes<TVector>
    {
        ref T from = ref MemoryMarshal.GetReference(source);
        ref float to = ref MemoryMarshal.GetReference(destination);
        nint length = source.Length;
        nint i = 0;
        for (; i <= length - TLanes.Count; i += TLanes.Count)
        {
            TVector codes = Unsafe.SizeOf<T>() == 1
                ? TLanes.Load(ref Unsafe.As<T, byte>(ref Unsafe.Add(ref from, i)))
                : TLanes.Load(ref Unsafe.As<T, ushort>(ref Unsafe.Add(ref from, i)));
            TLanes.Store(ConversionKernel<T, TLanes, TVector>.Decode(codes), ref Unsafe.Add(ref to, i));
        }

        if (i < length)
        {
            Widen<T, Lane, uint>(source[(int)i..], destination[(int)i..]);
        }
    }

    internal static void Narrow<T, TLanes, TVector>(ReadOnlySpan<float> source, Span<T> destination, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T>
        where TLanes : ILanes<TVector>
    {
        ref float from = ref MemoryMarshal.GetReference(source);
        ref T to = ref MemoryMarshal.GetReference(destination);
        nint length = source.Length;
        nint i = 0;
        for (; i <= length - TLanes.Count; i += TLanes.Count)
        {
            TVector codes = ConversionKernel<T, TLanes, TVector>.Encode(TLanes.Load(ref Unsafe.Add(ref from, i)), mode);
            if (Unsafe.SizeOf<T>() == 1)
            {
                TLanes.Store(codes, ref Unsafe.As<T, byte>(ref Unsafe.Add(ref to, i)));
            }
            else
            {
                TLanes.Store(codes, ref Unsafe.As<T, ushort>(ref Unsafe.Add(ref to, i)));
            }
        }

        if (i < length)
        {
            Narrow<T, Lane, uint>(source[(int)i..], destination[(int)i..], mode);
        }
    }

    static void CheckLength(int source, int destination)
    {
        if (destination < source)
        {
            throw new ArgumentException(
                $"the destination has {destination} elements, the source {source}: give it at least as many", nameof(destination));
        }
    }
}
