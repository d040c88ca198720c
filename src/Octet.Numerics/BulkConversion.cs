using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

#pragma warning disable CA1000 // The analyzer takes an extension block for a generic type; T is inferred from the receiver.

namespace Octet.Numerics;

/// <summary>Conversion of whole spans between floats of any two formats, in the widest vectors that the processor has.</summary>
/// <remarks>
/// <para>
/// <c>Float8E4M3FN.ConvertToSingle(codes, values)</c>; in generic code <c>BulkConversion.ConvertToSingle(codes, values)</c>. Every
/// element is equal bit for bit to the scalar conversion, whatever the width, and is rounded once.
/// </para>
/// <para>
/// A destination must be as long as its source or longer; the rest is left as it is. It must not overlap the source. Results of 32 MiB and
/// more are written past the caches.
/// </para>
/// </remarks>
public static class BulkConversion
{
    const int ChunkLength = 1024;

    /// <typeparam name="T">The small format.</typeparam>
    extension<T>(T)
        where T : unmanaged, ISmallFloat<T>
    {
        /// <summary>Widens every element. Exact.</summary>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        public static void ConvertToSingle(ReadOnlySpan<T> source, Span<float> destination)
        {
            CheckLength(source.Length, destination.Length);
            if (ByteWidening<T>.IsSupported)
            {
                ByteWidening<T>.ToSingle(source, destination);
            }
            else
            {
                LaneWidth.Widest(new LaneWidening<T>(source, destination));
            }
        }

        /// <summary>Widens every element. Exact.</summary>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        [SkipLocalsInit]
        public static void ConvertToDouble(ReadOnlySpan<T> source, Span<double> destination)
        {
            CheckLength(source.Length, destination.Length);
            Span<float> buffer = stackalloc float[ChunkLength];
            for (int at = 0; at < source.Length; at += ChunkLength)
            {
                Span<float> chunk = buffer[..Math.Min(ChunkLength, source.Length - at)];
                BulkConversion.ConvertToSingle(source.Slice(at, chunk.Length), chunk);
                TensorPrimitives.ConvertTruncating<float, double>(chunk, destination[at..]);
            }
        }

        /// <summary>Rounds every element to nearest even where a half cannot hold it; that is so of bfloat16 and E8M0FNU alone.</summary>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        [SkipLocalsInit]
        public static void ConvertToHalf(ReadOnlySpan<T> source, Span<Half> destination)
        {
            CheckLength(source.Length, destination.Length);
            Span<float> buffer = stackalloc float[ChunkLength];
            for (int at = 0; at < source.Length; at += ChunkLength)
            {
                Span<float> chunk = buffer[..Math.Min(ChunkLength, source.Length - at)];
                BulkConversion.ConvertToSingle(source.Slice(at, chunk.Length), chunk);
                TensorPrimitives.ConvertToHalf(chunk, destination[at..]);
            }
        }

        /// <summary>Rounds every element to nearest, ties to even.</summary>
        /// <param name="source">The values.</param>
        /// <param name="destination">The codes.</param>
        /// <param name="mode">What becomes of values beyond the largest finite one.</param>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is not one of the enumeration.</exception>
        public static void ConvertFromSingle(
            ReadOnlySpan<float> source, Span<T> destination, OverflowMode mode = OverflowMode.NonSaturating)
        {
            CheckLength(source.Length, destination.Length);
            DefinedMode.Require(mode);
            LaneWidth.Widest(new NearestNarrowing<T>(source, destination, mode));
        }

        /// <summary>Rounds every element in a direction.</summary>
        /// <param name="source">The values.</param>
        /// <param name="destination">The codes.</param>
        /// <param name="rounding">The direction.</param>
        /// <param name="mode">What becomes of values that the direction leads beyond the largest finite one.</param>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="rounding"/> or <paramref name="mode"/> is not one of its enumeration.</exception>
        public static void ConvertFromSingle(
            ReadOnlySpan<float> source, Span<T> destination, RoundingMode rounding, OverflowMode mode = OverflowMode.NonSaturating)
        {
            CheckLength(source.Length, destination.Length);
            DefinedMode.Require(mode);
            DefinedMode.Require(rounding);
            if (rounding == RoundingMode.ToNearestEven)
            {
                LaneWidth.Widest(new NearestNarrowing<T>(source, destination, mode));
            }
            else
            {
                LaneWidth.Widest(new DirectedNarrowing<T>(source, destination, rounding, mode));
            }
        }

        /// <summary>
        /// Rounds every element by chance, as <see cref="SmallFloat"/>'s <c>FromDoubleStochastic</c> does, with the random bits of
        /// <see cref="RandomBits.At"/>: the same seed gives the same codes, and a span may be converted in parts.
        /// </summary>
        /// <param name="source">The values.</param>
        /// <param name="destination">The codes.</param>
        /// <param name="seed">Chooses the sequence of random bits.</param>
        /// <param name="position">The place of the first element in that sequence.</param>
        /// <param name="mode">What becomes of values beyond the largest finite one.</param>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is not one of the enumeration.</exception>
        public static void ConvertFromSingleStochastic(
            ReadOnlySpan<float> source, Span<T> destination, ulong seed, long position = 0, OverflowMode mode = OverflowMode.NonSaturating)
        {
            CheckLength(source.Length, destination.Length);
            DefinedMode.Require(mode);
            LaneWidth.Widest(new StochasticNarrowing<T>(source, destination, seed, position, mode));
        }

        /// <summary>Rounds every element to nearest, ties to even, once: not by way of float32's own rounding.</summary>
        /// <param name="source">The values.</param>
        /// <param name="destination">The codes.</param>
        /// <param name="mode">What becomes of values beyond the largest finite one.</param>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is not one of the enumeration.</exception>
        [SkipLocalsInit]
        public static void ConvertFromDouble(
            ReadOnlySpan<double> source, Span<T> destination, OverflowMode mode = OverflowMode.NonSaturating)
        {
            CheckLength(source.Length, destination.Length);
            DefinedMode.Require(mode);
            Span<float> buffer = stackalloc float[ChunkLength];
            for (int at = 0; at < source.Length; at += ChunkLength)
            {
                Span<float> chunk = buffer[..Math.Min(ChunkLength, source.Length - at)];
                for (int i = 0; i < chunk.Length; i++)
                {
                    chunk[i] = OddRounding.ToSingle(source[at + i]);
                }

                LaneWidth.Widest(new NearestNarrowing<T>(chunk, destination[at..], mode));
            }
        }

        /// <summary>Rounds every element to nearest, ties to even.</summary>
        /// <param name="source">The values.</param>
        /// <param name="destination">The codes.</param>
        /// <param name="mode">What becomes of values beyond the largest finite one.</param>
        /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is not one of the enumeration.</exception>
        [SkipLocalsInit]
        public static void ConvertFromHalf(
            ReadOnlySpan<Half> source, Span<T> destination, OverflowMode mode = OverflowMode.NonSaturating)
        {
            CheckLength(source.Length, destination.Length);
            DefinedMode.Require(mode);
            Span<float> buffer = stackalloc float[ChunkLength];
            for (int at = 0; at < source.Length; at += ChunkLength)
            {
                Span<float> chunk = buffer[..Math.Min(ChunkLength, source.Length - at)];
                TensorPrimitives.ConvertToSingle(source.Slice(at, chunk.Length), chunk);
                LaneWidth.Widest(new NearestNarrowing<T>(chunk, destination[at..], mode));
            }
        }
    }

    /// <summary>Converts every element from one small format to another, to nearest, ties to even.</summary>
    /// <typeparam name="TFrom">The format of the source.</typeparam>
    /// <typeparam name="TTo">The format of the destination.</typeparam>
    /// <param name="source">The codes to be converted.</param>
    /// <param name="destination">Their values in the other format.</param>
    /// <param name="mode">What becomes of values beyond the largest finite one.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
    public static void Convert<TFrom, TTo>(
        ReadOnlySpan<TFrom> source, Span<TTo> destination, OverflowMode mode = OverflowMode.NonSaturating)
        where TFrom : unmanaged, ISmallFloat<TFrom>
        where TTo : unmanaged, ISmallFloat<TTo>
    {
        CheckLength(source.Length, destination.Length);
        DefinedMode.Require(mode);
        if (typeof(TTo) == typeof(BFloat16) && ByteWidening<TFrom>.IsSupported && (TFrom.NonFinite != NonFiniteValues.Ieee || mode != OverflowMode.Saturate))
        {
            // Nothing that a byte holds is beyond bfloat16, but for infinity.
            ByteWidening<TFrom>.ToBFloat16(source, MemoryMarshal.Cast<TTo, BFloat16>(destination));
        }
        else
        {
            LaneWidth.Widest(new Recoding<TFrom, TTo>(source, destination, mode));
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
