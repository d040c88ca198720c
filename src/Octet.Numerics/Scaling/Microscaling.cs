namespace Octet.Numerics;

/// <summary>
/// The microscaled formats of OCP MX 1.0: blocks of 32 consecutive elements of a row share a power of two, <see cref="Float8E8M0FNU"/>; a
/// value is element times scale. MXFP8 has elements <see cref="Float8E4M3FN"/> or <see cref="Float8E5M2"/>, MXFP6
/// <see cref="Float6E2M3FN"/> or <see cref="Float6E3M2FN"/>, MXFP4 <see cref="Float4E2M1FN"/>. Elements take a byte each here:
/// <see cref="PackedBits"/> packs them.
/// </summary>
/// <remarks>
/// The standard leaves rows open whose length is not a multiple of 32: here the last block of a row has what is left. There are
/// ceil(columns / 32) scales for each row.
/// </remarks>
public static class Microscaling
{
    /// <summary>The elements that share a scale.</summary>
    public const int BlockLength = 32;

    /// <summary>
    /// Chooses the scale of every block by a rule, clamped to 2^-127 ... 2^127, and rounds x / scale to nearest even, saturating (OCP MX
    /// 1.0, section 6.3).
    /// </summary>
    /// <remarks>
    /// A block of zeros has the smallest scale, 2^-127, code 0: the rule clamped. A block with NaN or an infinity has the scale NaN, which
    /// makes all of it NaN, and elements of zero: E2M1, E2M3 and E3M2 have no way of their own to say so. Values below 2^-127 times half the smallest
    /// element become zeros.
    /// </remarks>
    /// <param name="values">Shape [rows, columns].</param>
    /// <param name="columns">The length of a row, 1 or more.</param>
    /// <param name="elements">Shape [rows, columns].</param>
    /// <param name="scales">Shape [rows, ceil(columns / 32)].</param>
    /// <param name="rule">How a scale follows from the largest magnitude of its block; the standard's own is the floor.</param>
    /// <exception cref="ArgumentException">The values are not whole rows, or a span's length does not fit theirs.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rule"/> is not one of the enumeration.</exception>
    public static void Quantize<T>(
        ReadOnlySpan<float> values, int columns, Span<T> elements, Span<Float8E8M0FNU> scales, ScaleRule rule = ScaleRule.PowerOfTwoFloor)
        where T : unmanaged, ISmallFloat<T>
    {
        BlockShape shape = BlockShape.OfRows(values.Length, columns, BlockLength);
        shape.Check(elements.Length, scales.Length, values.Length);
        ScaleChoice.Check(rule);
        for (int i = 0; i < scales.Length; i++)
        {
            BlockShape.Block block = shape.At(i);
            float largest = BlockScaling.MaxMagnitude(values, columns, block);
            if (!float.IsFinite(largest))
            {
                scales[i] = Float8E8M0FNU.NaN;
                elements.Slice((block.Top * columns) + block.Left, block.Columns).Clear();
                continue;
            }

            scales[i] = largest == 0 ? Float8E8M0FNU.MinValue : ScaleChoice.Of<T, Float8E8M0FNU>(largest, rule);
            BlockScaling.Round(values, columns, block, scales[i], elements);
        }
    }

    /// <summary>
    /// Multiplies every element by the scale of its block, in float32. Exact, but for products beyond its range: above it they are infinite
    /// (448 * 2^127), and below 2^-126 they are rounded to its subnormals, to nearest even.
    /// </summary>
    /// <param name="elements">Shape [rows, columns].</param>
    /// <param name="scales">Shape [rows, ceil(columns / 32)]; NaN makes its block NaN.</param>
    /// <param name="columns">The length of a row, 1 or more.</param>
    /// <param name="destination">Shape [rows, columns].</param>
    /// <exception cref="ArgumentException">The elements are not whole rows, or a span's length does not fit theirs.</exception>
    public static void Dequantize<T>(ReadOnlySpan<T> elements, ReadOnlySpan<Float8E8M0FNU> scales, int columns, Span<float> destination)
        where T : unmanaged, ISmallFloat<T> =>
        BlockScaling.Dequantize(elements, scales, BlockShape.OfRows(elements.Length, columns, BlockLength), destination);
}
