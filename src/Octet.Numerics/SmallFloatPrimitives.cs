using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>
/// Reductions and products of small floats that are honest about their 8 bits: every element is widened to float32, the result is
/// computed there, and is either given back as float32 or rounded once at the end. <see cref="TensorPrimitives"/> over the same spans
/// rounds to the small format after every step: its sum of a thousand ones in E4M3FN is 16.
/// </summary>
/// <remarks>
/// Sums are pairwise: blocks of 256 terms in 32 lanes, the blocks added like the digits of a binary counter. Their error is at most about
/// (11 + log2(n / 256)) * 2^-24 times the sum of the magnitudes of n terms. The order is the same on every processor. Nothing is allocated.
/// </remarks>
public static partial class SmallFloatPrimitives
{
    const int BlockLength = PairwiseSum.BlockLength;

    /// <summary>The sum in float32; 0 of no elements.</summary>
    /// <param name="values">The elements.</param>
    [SkipLocalsInit]
    public static float Sum<T>(ReadOnlySpan<T> values)
        where T : unmanaged, ISmallFloat<T>
    {
        Span<float> buffer = stackalloc float[BlockLength];
        PairwiseSum sum = default;
        for (; !values.IsEmpty; values = Rest(values))
        {
            sum.Add(PairwiseSum.OfBlock(Widen(values, buffer)));
        }

        return sum.Total;
    }

    /// <summary>The sum in float32, rounded once.</summary>
    /// <param name="values">The elements.</param>
    /// <param name="mode">What becomes of a sum beyond the largest finite value.</param>
    public static T Sum<T>(ReadOnlySpan<T> values, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T> => Code<T>.Round(Sum(values), mode);

    /// <summary>The sum divided by the number of elements; NaN of no elements.</summary>
    /// <param name="values">The elements.</param>
    public static float Mean<T>(ReadOnlySpan<T> values)
        where T : unmanaged, ISmallFloat<T> => (float)((double)Sum(values) / values.Length);

    /// <summary>The mean, rounded once.</summary>
    /// <param name="values">The elements.</param>
    /// <param name="mode">What becomes of a mean beyond the largest finite value.</param>
    public static T Mean<T>(ReadOnlySpan<T> values, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T> => Code<T>.Round(Mean(values), mode);

    /// <summary>The sum of the products of corresponding elements, which are exact, in float32; 0 of no elements.</summary>
    /// <param name="left">The elements of one side.</param>
    /// <param name="right">As many of the other, of the same or another small format.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    [SkipLocalsInit]
    public static float Dot<TLeft, TRight>(ReadOnlySpan<TLeft> left, ReadOnlySpan<TRight> right)
        where TLeft : unmanaged, ISmallFloat<TLeft>
        where TRight : unmanaged, ISmallFloat<TRight>
    {
        CheckLengths(left.Length, right.Length);
        Span<float> leftBuffer = stackalloc float[BlockLength];
        Span<float> rightBuffer = stackalloc float[BlockLength];
        PairwiseSum sum = default;
        for (; !left.IsEmpty; left = Rest(left), right = Rest(right))
        {
            sum.Add(PairwiseSum.OfBlock(Widen(left, leftBuffer), Widen(right, rightBuffer)));
        }

        return sum.Total;
    }

    /// <summary>The sum of the products of corresponding elements, each rounded to float32, in float32; 0 of no elements.</summary>
    /// <param name="left">The elements of one side, such as weights.</param>
    /// <param name="right">As many of the other, such as activations.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    [SkipLocalsInit]
    public static float Dot<T>(ReadOnlySpan<T> left, ReadOnlySpan<float> right)
        where T : unmanaged, ISmallFloat<T>
    {
        CheckLengths(left.Length, right.Length);
        Span<float> leftBuffer = stackalloc float[BlockLength];
        Span<float> rightBuffer = stackalloc float[BlockLength];
        PairwiseSum sum = default;
        for (; !left.IsEmpty; left = Rest(left), right = Rest(right))
        {
            right[..Math.Min(BlockLength, right.Length)].CopyTo(rightBuffer);
            rightBuffer[Math.Min(BlockLength, right.Length)..].Clear();
            sum.Add(PairwiseSum.OfBlock(Widen(left, leftBuffer), rightBuffer));
        }

        return sum.Total;
    }

    /// <summary>The dot product in float32, rounded once.</summary>
    /// <param name="left">The elements of one side.</param>
    /// <param name="right">As many of the other.</param>
    /// <param name="mode">What becomes of a product beyond the largest finite value.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static T Dot<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T> => Code<T>.Round(Dot(left, right), mode);

    /// <summary>The Euclidean norm, the square root of the sum of squares; 0 of no elements. Summed in float64, where no square overflows, and rounded once.</summary>
    /// <param name="values">The elements.</param>
    [SkipLocalsInit]
    public static float Norm<T>(ReadOnlySpan<T> values)
        where T : unmanaged, ISmallFloat<T>
    {
        Span<float> buffer = stackalloc float[BlockLength];
        double sum = 0;
        for (; !values.IsEmpty; values = Rest(values))
        {
            double block = 0;
            foreach (float value in Widen(values, buffer))
            {
                block += (double)value * value;
            }

            sum += block;
        }

        return (float)Math.Sqrt(sum);
    }

    /// <summary>The norm, rounded once.</summary>
    /// <param name="values">The elements.</param>
    /// <param name="mode">What becomes of a norm beyond the largest finite value.</param>
    public static T Norm<T>(ReadOnlySpan<T> values, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T> => Code<T>.Round(Norm(values), mode);

    /// <summary>The largest element: NaN where there is one, and 0 above -0 (<c>maximum</c> of IEEE 754-2019).</summary>
    /// <param name="values">One element or more.</param>
    /// <exception cref="ArgumentException">There are no elements.</exception>
    public static T Max<T>(ReadOnlySpan<T> values)
        where T : unmanaged, ISmallFloat<T> => values[Extreme(values, largest: true)];

    /// <summary>The smallest element: NaN where there is one, and -0 below 0 (<c>minimum</c> of IEEE 754-2019).</summary>
    /// <param name="values">One element or more.</param>
    /// <exception cref="ArgumentException">There are no elements.</exception>
    public static T Min<T>(ReadOnlySpan<T> values)
        where T : unmanaged, ISmallFloat<T> => values[Extreme(values, largest: false)];

    /// <summary>The index of the first element that <see cref="Max"/> gives: of the first NaN where there is one.</summary>
    /// <param name="values">One element or more.</param>
    /// <exception cref="ArgumentException">There are no elements.</exception>
    public static int IndexOfMax<T>(ReadOnlySpan<T> values)
        where T : unmanaged, ISmallFloat<T> => Extreme(values, largest: true);

    /// <summary>The index of the first element that <see cref="Min"/> gives: of the first NaN where there is one.</summary>
    /// <param name="values">One element or more.</param>
    /// <exception cref="ArgumentException">There are no elements.</exception>
    public static int IndexOfMin<T>(ReadOnlySpan<T> values)
        where T : unmanaged, ISmallFloat<T> => Extreme(values, largest: false);

    /// <summary>exp(x - max) divided by the sum of all such, in float32: numbers from 0 to 1 that sum to 1. NaN throughout where an element is NaN or positive infinity.</summary>
    /// <param name="values">The elements.</param>
    /// <param name="destination">As long as <paramref name="values"/> or longer; the rest is left as it is.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="values"/>.</exception>
    [SkipLocalsInit]
    public static void SoftMax<T>(ReadOnlySpan<T> values, Span<float> destination)
        where T : unmanaged, ISmallFloat<T>
    {
        CheckDestination(values.Length, destination.Length);
        if (values.IsEmpty)
        {
            return;
        }

        Span<float> buffer = stackalloc float[BlockLength];
        (float max, float sum) = SoftMaxTerms(values, buffer);
        for (; !values.IsEmpty; values = Rest(values), destination = destination[Math.Min(BlockLength, destination.Length)..])
        {
            int count = Math.Min(BlockLength, values.Length);
            SoftMaxBlock(values, max, buffer);
            TensorPrimitives.Divide(buffer[..count], sum, destination[..count]);
        }
    }

    /// <summary>The softmax in float32, every number of it rounded once.</summary>
    /// <param name="values">The elements.</param>
    /// <param name="destination">As long as <paramref name="values"/> or longer; the rest is left as it is. May be the same memory.</param>
    /// <param name="mode">What becomes of numbers beyond the largest finite value: none but NaN.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="values"/>.</exception>
    [SkipLocalsInit]
    public static void SoftMax<T>(ReadOnlySpan<T> values, Span<T> destination, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T>
    {
        CheckDestination(values.Length, destination.Length);
        DefinedMode.Require(mode);
        if (values.IsEmpty)
        {
            return;
        }

        Span<float> buffer = stackalloc float[BlockLength];
        (float max, float sum) = SoftMaxTerms(values, buffer);
        for (; !values.IsEmpty; values = Rest(values), destination = destination[Math.Min(BlockLength, destination.Length)..])
        {
            Span<float> block = buffer[..Math.Min(BlockLength, values.Length)];
            SoftMaxBlock(values, max, buffer);
            TensorPrimitives.Divide(block, sum, block);
            BulkConversion.ConvertFromSingle(block, destination, mode);
        }
    }

    static (float Max, float Sum) SoftMaxTerms<T>(ReadOnlySpan<T> values, Span<float> buffer)
        where T : unmanaged, ISmallFloat<T>
    {
        float max = Code<T>.ToSingle(Max(values));
        PairwiseSum sum = default;
        for (; !values.IsEmpty; values = Rest(values))
        {
            int count = Math.Min(BlockLength, values.Length);
            SoftMaxBlock(values, max, buffer);
            buffer[count..].Clear();
            sum.Add(PairwiseSum.OfBlock(buffer[..PairwiseSum.Padded(count)]));
        }

        return (max, sum.Total);
    }

    static void SoftMaxBlock<T>(ReadOnlySpan<T> values, float max, Span<float> buffer)
        where T : unmanaged, ISmallFloat<T>
    {
        Span<float> block = buffer[..Math.Min(BlockLength, values.Length)];
        BulkConversion.ConvertToSingle(values[..block.Length], block);
        TensorPrimitives.Subtract(block, max, block);
        TensorPrimitives.Exp(block, block);
    }

    [SkipLocalsInit]
    static int Extreme<T>(ReadOnlySpan<T> values, bool largest)
        where T : unmanaged, ISmallFloat<T>
    {
        if (values.IsEmpty)
        {
            throw new ArgumentException("no elements have no largest or smallest one", nameof(values));
        }

        Span<float> buffer = stackalloc float[BlockLength];
        int best = 0;
        float bestValue = Code<T>.ToSingle(values[0]);
        for (int at = 0; at < values.Length && !float.IsNaN(bestValue); at += BlockLength)
        {
            Span<float> block = buffer[..Math.Min(BlockLength, values.Length - at)];
            BulkConversion.ConvertToSingle(values.Slice(at, block.Length), block);
            int index = largest ? TensorPrimitives.IndexOfMax<float>(block) : TensorPrimitives.IndexOfMin<float>(block);
            float value = block[index];
            float chosen = largest ? float.Max(bestValue, value) : float.Min(bestValue, value);

            // Bits tell 0 from -0, and a NaN from the number before it.
            if (BitConverter.SingleToInt32Bits(chosen) != BitConverter.SingleToInt32Bits(bestValue))
            {
                (best, bestValue) = (at + index, value);
            }
        }

        return best;
    }

    /// <summary>The first block in float32, filled up with zeros to whole steps.</summary>
    static Span<float> Widen<T>(ReadOnlySpan<T> values, Span<float> buffer)
        where T : unmanaged, ISmallFloat<T>
    {
        int count = Math.Min(BlockLength, values.Length);
        BulkConversion.ConvertToSingle(values[..count], buffer);
        Span<float> padded = buffer[..PairwiseSum.Padded(count)];
        padded[count..].Clear();
        return padded;
    }

    static ReadOnlySpan<T> Rest<T>(ReadOnlySpan<T> values) => values[Math.Min(BlockLength, values.Length)..];

    static void CheckLengths(int left, int right)
    {
        if (left != right)
        {
            throw new ArgumentException($"there are {left} elements on the left and {right} on the right: expected as many");
        }
    }

    static void CheckDestination(int source, int destination)
    {
        if (destination < source)
        {
            throw new ArgumentException(
                $"the destination has {destination} elements, the source {source}: give it at least as many", nameof(destination));
        }
    }
}
