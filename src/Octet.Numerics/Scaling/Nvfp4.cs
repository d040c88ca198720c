using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>
/// NVIDIA's NVFP4: elements <see cref="Float4E2M1FN"/>, two to a byte, the even one below; blocks of 16 consecutive elements of a row share
/// a scale <see cref="Float8E4M3FN"/>, the tensor a float32. Rows have an even length; where it is no multiple of 16 the last block of a
/// row has what is left.
/// </summary>
/// <remarks>All arithmetic is float32, one rounding to each operation, in the order in which the formulas are written.</remarks>
public static class Nvfp4
{
    /// <summary>The elements that share a scale.</summary>
    public const int BlockLength = 16;

    const float MaxElement = 6;
    const float MaxScale = 448;

    /// <summary>
    /// The scale of a tensor, such that the block with its largest magnitude amax has the block scale 448: 448 * 6 / amax in compressed-tensors,
    /// amax / (6 * 448) in Model Optimizer. 1 for a tensor of zeros; kept within the finite numbers above zero.
    /// </summary>
    /// <param name="values">The tensor, finite; several that an engine will fuse, such as q, k and v, need one scale: that of the largest.</param>
    /// <param name="convention">Which of the two.</param>
    /// <exception cref="ArgumentException">A value is NaN or infinite.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="convention"/> is not one of the enumeration.</exception>
    public static float GlobalScale(ReadOnlySpan<float> values, Nvfp4Convention convention)
    {
        Check(convention);
        BlockScaling.CheckFinite(values, values.Length);
        float largest = values.IsEmpty ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude(values));
        float scale = convention == Nvfp4Convention.CompressedTensors ? MaxScale * MaxElement / largest : largest / (MaxElement * MaxScale);
        return largest == 0 ? 1 : Math.Clamp(scale, float.Epsilon, float.MaxValue);
    }

    /// <summary>Quantizes a tensor, with the global scale that <see cref="GlobalScale"/> gives.</summary>
    /// <inheritdoc cref="Quantize(ReadOnlySpan{float}, int, float, Nvfp4Convention, Span{byte}, Span{Float8E4M3FN})"/>
    /// <returns>The global scale.</returns>
    public static float Quantize(
        ReadOnlySpan<float> values, int columns, Nvfp4Convention convention, Span<byte> packed, Span<Float8E4M3FN> scales)
    {
        Check(values.Length, columns, globalScale: 1, convention, packed.Length).Check(values.Length, scales.Length, values.Length);
        BlockScaling.CheckFinite(values, columns);
        float global = GlobalScale(values, convention);
        Quantize(values, columns, global, convention, packed, scales);
        return global;
    }

    /// <summary>
    /// Quantizes a tensor. With amax the largest magnitude of a block and g the global scale: in compressed-tensors scale = e4m3(g * (amax / 6)),
    /// element = e2m1(x / (scale / g)); in Model Optimizer scale = e4m3(amax / (6 * g)), element = e2m1(x / (scale * g)); both rounded
    /// to nearest even, saturating.
    /// </summary>
    /// <remarks>
    /// A scale is never zero. Where it would be, for a block of zeros or of very small numbers, compressed-tensors stores 0.125, and so does
    /// this; Model Optimizer stores 1 for a block of zeros, and where rounding gives zero, and it would divide by zero, this stores the smallest, 2^-9.
    /// </remarks>
    /// <param name="values">Shape [rows, columns], finite.</param>
    /// <param name="columns">The length of a row, even.</param>
    /// <param name="globalScale">Finite, above zero.</param>
    /// <param name="convention">Which way round the global scale is.</param>
    /// <param name="packed">Shape [rows, columns / 2].</param>
    /// <param name="scales">Shape [rows, ceil(columns / 16)].</param>
    /// <exception cref="ArgumentException">A span's length does not fit the values', or a value is NaN or infinite.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The columns are odd or none, the global scale is not a finite number above zero, or the convention is not one of the enumeration.</exception>
    [SkipLocalsInit]
    public static void Quantize(
        ReadOnlySpan<float> values, int columns, float globalScale, Nvfp4Convention convention, Span<byte> packed, Span<Float8E4M3FN> scales)
    {
        BlockShape shape = Check(values.Length, columns, globalScale, convention, packed.Length);
        shape.Check(values.Length, scales.Length, values.Length);
        BlockScaling.CheckFinite(values, columns);
        Span<Float4E2M1FN> elements = stackalloc Float4E2M1FN[BlockLength];
        for (int i = 0; i < scales.Length; i++)
        {
            BlockShape.Block block = shape.At(i);
            int start = (block.Top * columns) + block.Left;
            ReadOnlySpan<float> of = values.Slice(start, block.Columns);
            scales[i] = Scale(Math.Abs(TensorPrimitives.MaxMagnitude(of)), globalScale, convention);
            BlockScaling.Round(of, block.Columns, new BlockShape.Block(0, 1, 0, block.Columns), Effective(scales[i], globalScale, convention), elements);
            PackedBits.Pack<Float4E2M1FN>(elements[..block.Columns], packed[(start / 2)..]);
        }
    }

    /// <summary>element * (scale / global scale) in compressed-tensors, element * (scale * global scale) in Model Optimizer.</summary>
    /// <param name="packed">Shape [rows, columns / 2].</param>
    /// <param name="scales">Shape [rows, ceil(columns / 16)].</param>
    /// <param name="columns">The length of a row, even.</param>
    /// <param name="globalScale">Finite, above zero.</param>
    /// <param name="convention">Which way round the global scale is.</param>
    /// <param name="destination">Shape [rows, columns].</param>
    /// <exception cref="ArgumentException">A span's length does not fit the destination's.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The columns are odd or none, the global scale is not a finite number above zero, or the convention is not one of the enumeration.</exception>
    [SkipLocalsInit]
    public static void Dequantize(
        ReadOnlySpan<byte> packed, ReadOnlySpan<Float8E4M3FN> scales, int columns, float globalScale, Nvfp4Convention convention, Span<float> destination)
    {
        BlockShape shape = Check(destination.Length, columns, globalScale, convention, packed.Length);
        shape.Check(destination.Length, scales.Length, destination.Length);
        Span<Float4E2M1FN> elements = stackalloc Float4E2M1FN[BlockLength];
        foreach (BlockShape.Run run in shape.Runs())
        {
            Span<Float4E2M1FN> block = elements[..run.Length];
            PackedBits.Unpack(packed[(run.Start / 2)..], block);
            Span<float> values = destination.Slice(run.Start, run.Length);
            BulkConversion.ConvertToSingle<Float4E2M1FN>(block, values);
            BlockScaling.Multiply(values, Effective(scales[run.Block], globalScale, convention));
        }
    }

    static Float8E4M3FN Scale(float largest, float global, Nvfp4Convention convention)
    {
        bool divides = convention == Nvfp4Convention.CompressedTensors;
        float ratio = divides ? global * (largest / MaxElement) : largest / (MaxElement * global);
        var scale = Float8E4M3FN.FromSingle(ratio, OverflowMode.Saturate);
        return (float)scale != 0 ? scale
            : divides ? Float8E4M3FN.MachineEpsilon
            : largest == 0 ? Float8E4M3FN.One : Float8E4M3FN.Epsilon;
    }

    // Not zero, so that a block of the smallest float32 has a quotient.
    internal static float Effective(Float8E4M3FN scale, float global, Nvfp4Convention convention)
    {
        float effective = convention == Nvfp4Convention.CompressedTensors ? scale / global : scale * global;
        return effective == 0 ? float.Epsilon : effective;
    }

    static BlockShape Check(int elements, int columns, float globalScale, Nvfp4Convention convention, int packed)
    {
        Check(convention);
        if (columns < 2 || columns % 2 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(columns), columns, "rows of elements that are two to a byte have an even length");
        }

        if (!(globalScale > 0 && float.IsFinite(globalScale)))
        {
            throw new ArgumentOutOfRangeException(nameof(globalScale), globalScale, "expected a finite number above zero");
        }

        if (packed != elements / 2)
        {
            throw new ArgumentException($"there are {packed} bytes of elements, expected {elements / 2} for {elements} elements", nameof(packed));
        }

        return BlockShape.OfRows(elements, columns, BlockLength);
    }

    static void Check(Nvfp4Convention convention) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)convention, (uint)Nvfp4Convention.ModelOptimizer, nameof(convention));
}
