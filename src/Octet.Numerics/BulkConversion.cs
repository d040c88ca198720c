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

        /// <summary>Rounds every element in a direction.</summary>
        /// <param name="source">The values.</param>
        /// <param name="destination">As long as <paramref name="source"/> or longer; the rest is left as it is.</param>
        /// <param name="rounding">The direction.</param>
        /// <param name="mode">What becomes of values that the direction leads beyond the largest finite one.</param>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="rounding"/> is not one of the enumeration.</exception>
        public static void ConvertFromSingle(
            ReadOnlySpan<float> source, Span<T> destination, RoundingMode rounding, OverflowMode mode = OverflowMode.NonSaturating)
        {
            if (rounding == RoundingMode.ToNearestEven)
            {
                BulkConversion.ConvertFromSingle(source, destination, mode);
                return;
            }

            CheckLength(source.Length, destination.Length);
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)rounding, (uint)RoundingMode.ToOdd, nameof(rounding));
            if (Vector512.IsHardwareAccelerated)
            {
                NarrowDirected<T, Lanes512, Vector512<uint>>(source, destination, rounding, mode);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                NarrowDirected<T, Lanes256, Vector256<uint>>(source, destination, rounding, mode);
            }
            else if (Vector128.IsHardwareAccelerated)
            {
                NarrowDirected<T, Lanes128, Vector128<uint>>(source, destination, rounding, mode);
            }
            else
            {
                NarrowDirected<T, Lane, uint>(source, destination, rounding, mode);
            }
        }

        /// <summary>
        /// Rounds every element by chance, as <see cref="SmallFloat"/>'s <c>FromDoubleStochastic</c> does, with the random bits of
        /// <see cref="RandomBits.At"/>: the same seed gives the same codes, and a span may be converted in parts.
        /// </summary>
        /// <param name="source">The values.</param>
        /// <param name="destination">As long as <paramref name="source"/> or longer; the rest is left as it is.</param>
        /// <param name="seed">Chooses the sequence of random bits.</param>
        /// <param name="position">The place of the first element in that sequence.</param>
        /// <param name="mode">What becomes of values beyond the largest finite one.</param>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        public static void ConvertFromSingleStochastic(
            ReadOnlySpan<float> source, Span<T> destination, ulong seed, long position = 0, OverflowMode mode = OverflowMode.NonSaturating)
        {
            CheckLength(source.Length, destination.Length);
            if (Vector512.IsHardwareAccelerated)
            {
                NarrowStochastically<T, Lanes512, Vector512<uint>>(source, destination, seed, position, mode);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                NarrowStochastically<T, Lanes256, Vector256<uint>>(source, destination, seed, position, mode);
            }
            else if (Vector128.IsHardwareAccelerated)
            {
                NarrowStochastically<T, Lanes128, Vector128<uint>>(source, destination, seed, position, mode);
            }
            else
            {
                NarrowStochastically<T, Lane, uint>(source, destination, seed, position, mode);
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
            Store<T, TLanes, TVector>(
                ConversionKernel<T, TLanes, TVector>.Encode(TLanes.Load(ref Unsafe.Add(ref from, i)), mode), ref Unsafe.Add(ref to, i));
        }

        if (i < length)
        {
            Narrow<T, Lane, uint>(source[(int)i..], destination[(int)i..], mode);
        }
    }

    internal static void NarrowDirected<T, TLanes, TVector>(
        ReadOnlySpan<float> source, Span<T> destination, RoundingMode rounding, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T>
        where TLanes : ILanes<TVector>
    {
        // An unsigned format's smallest number is a subnormal float32, which lanes do not take apart.
        int i = 0;
        for (; !Code<T>.IsUnsigned && i <= source.Length - TLanes.Count; i += TLanes.Count)
        {
            Store<T, TLanes, TVector>(
                ConversionKernel<T, TLanes, TVector>.EncodeDirected(TLanes.Load(in source[i]), rounding, mode), ref destination[i]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = Code<T>.Round(source[i], rounding, mode);
        }
    }

    internal static void NarrowStochastically<T, TLanes, TVector>(
        ReadOnlySpan<float> source, Span<T> destination, ulong seed, long position, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T>
        where TLanes : ILanes<TVector>
    {
        Span<float> random = stackalloc float[TLanes.Count];
        int i = 0;
        for (; !Code<T>.IsUnsigned && i <= source.Length - TLanes.Count; i += TLanes.Count)
        {
            for (int lane = 0; lane < random.Length; lane++)
            {
                random[lane] = BitConverter.UInt32BitsToSingle(RandomBits.At(seed, position + i + lane));
            }

            TVector codes = ConversionKernel<T, TLanes, TVector>.EncodeStochastically(TLanes.Load(in source[i]), TLanes.Load(in random[0]), mode);
            Store<T, TLanes, TVector>(codes, ref destination[i]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = Code<T>.RoundStochastically(source[i], RandomBits.At(seed, position + i), mode);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store<T, TLanes, TVector>(TVector codes, ref T destination)
        where T : unmanaged, ISmallFloat<T>
        where TLanes : ILanes<TVector>
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

    static void CheckLength(int source, int destination)
    {
        if (destination < source)
        {
            throw new ArgumentException(
                $"the destination has {destination} elements, the source {source}: give it at least as many", nameof(destination));
        }
    }
}
