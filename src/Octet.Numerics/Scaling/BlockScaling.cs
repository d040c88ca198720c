using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Octet.Numerics;

/// <summary>
/// Matrices of small floats with one scale per block: a value is code times scale. Matrices are row-major; the blocks start at
/// the upper left and those at the right and lower edges may be cut, so that there are ceil(rows / block rows) times
/// ceil(columns / block columns) scales, row-major too. One block as large as the matrix is a scale per tensor, a block of one row
/// a scale per channel, 128 x 128 the layout of DeepSeek-V3 and Qwen3 FP8 checkpoints.
/// </summary>
/// <remarks>
/// Scales are float32 or of a narrower type, <see cref="Half"/>, <see cref="BFloat16"/>, <see cref="Float8E8M0FNU"/> and the rest of this
/// library, whose values float32 holds exactly; double is rounded to float32. A scale of NaN makes every value of its block NaN.
/// </remarks>
public static class BlockScaling
{
    const int ChunkLength = 256;

    /// <summary>Multiplies every code by the scale of its block, in float32: one rounding, none where the scale is a power of two and the product a normal float32.</summary>
    /// <param name="codes">Shape [rows, columns].</param>
    /// <param name="scales">Shape [ceil(rows / block rows), ceil(columns / block columns)].</param>
    /// <param name="shape">The shape of the matrix and of its blocks.</param>
    /// <param name="destination">Shape [rows, columns].</param>
    /// <exception cref="ArgumentException">A span's length does not fit the shape.</exception>
    public static void Dequantize<T, TScale>(ReadOnlySpan<T> codes, ReadOnlySpan<TScale> scales, BlockShape shape, Span<float> destination)
        where T : unmanaged, ISmallFloat<T>
        where TScale : unmanaged, IBinaryFloatingPointIeee754<TScale>
    {
        shape.Check(codes.Length, scales.Length, destination.Length);
        foreach (BlockShape.Run run in shape.Runs())
        {
            Span<float> row = destination.Slice(run.Start, run.Length);
            BulkConversion.ConvertToSingle(codes.Slice(run.Start, run.Length), row);
            Multiply(row, float.CreateTruncating(scales[run.Block]));
        }
    }

    /// <summary>Multiplies every code by the scale of its block, in float32.</summary>
    /// <inheritdoc cref="Dequantize{T, TScale}(ReadOnlySpan{T}, ReadOnlySpan{TScale}, BlockShape, Span{float})"/>
    public static void Dequantize<T>(ReadOnlySpan<T> codes, ReadOnlySpan<float> scales, BlockShape shape, Span<float> destination)
        where T : unmanaged, ISmallFloat<T> => Dequantize<T, float>(codes, scales, shape, destination);

    /// <summary>Multiplies every code by the scale of its block, in float32, and rounds the product to bfloat16.</summary>
    /// <inheritdoc cref="Dequantize{T, TScale}(ReadOnlySpan{T}, ReadOnlySpan{TScale}, BlockShape, Span{float})"/>
    [SkipLocalsInit]
    public static void Dequantize<T, TScale>(ReadOnlySpan<T> codes, ReadOnlySpan<TScale> scales, BlockShape shape, Span<BFloat16> destination)
        where T : unmanaged, ISmallFloat<T>
        where TScale : unmanaged, IBinaryFloatingPointIeee754<TScale>
    {
        shape.Check(codes.Length, scales.Length, destination.Length);
        Span<float> buffer = stackalloc float[ChunkLength];
        foreach (BlockShape.Run run in shape.Runs())
        {
            float scale = float.CreateTruncating(scales[run.Block]);
            for (int at = run.Start, end = run.Start + run.Length; at < end; at += ChunkLength)
            {
                Span<float> chunk = buffer[..Math.Min(ChunkLength, end - at)];
                BulkConversion.ConvertToSingle(codes.Slice(at, chunk.Length), chunk);
                Multiply(chunk, scale);
                BFloat16.ConvertFromSingle(chunk, destination.Slice(at, chunk.Length));
            }
        }
    }

    /// <summary>Multiplies every code by the scale of its block, in float32, and rounds the product to bfloat16.</summary>
    /// <inheritdoc cref="Dequantize{T, TScale}(ReadOnlySpan{T}, ReadOnlySpan{TScale}, BlockShape, Span{float})"/>
    public static void Dequantize<T>(ReadOnlySpan<T> codes, ReadOnlySpan<float> scales, BlockShape shape, Span<BFloat16> destination)
        where T : unmanaged, ISmallFloat<T> => Dequantize<T, float>(codes, scales, shape, destination);

    /// <summary>
    /// Chooses the scale of every block by a rule, and rounds x / scale, with the scale as it is stored, to nearest even, saturating. A
    /// scale is finite and above zero: 1 for a block of zeros, and the smallest or largest of its type where the rule leads beyond them. One
    /// that is rounded up is the next below where the largest code times it would be infinite.
    /// </summary>
    /// <param name="values">Shape [rows, columns], finite.</param>
    /// <param name="shape">The shape of the matrix and of its blocks.</param>
    /// <param name="codes">Shape [rows, columns].</param>
    /// <param name="scales">Shape [ceil(rows / block rows), ceil(columns / block columns)].</param>
    /// <param name="rule">How a scale follows from the largest magnitude of its block.</param>
    /// <exception cref="ArgumentException">A span's length does not fit the shape, or a value is NaN or infinite.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rule"/> is not one of the enumeration.</exception>
    public static void Quantize<T, TScale>(
        ReadOnlySpan<float> values, BlockShape shape, Span<T> codes, Span<TScale> scales, ScaleRule rule = ScaleRule.Ratio)
        where T : unmanaged, ISmallFloat<T>
        where TScale : unmanaged, IBinaryFloatingPointIeee754<TScale>, IMinMaxValue<TScale>
    {
        shape.Check(codes.Length, scales.Length, values.Length);
        ScaleChoice.Check(rule);
        CheckFinite(values, shape.Columns);
        for (int i = 0; i < scales.Length; i++)
        {
            BlockShape.Block block = shape.At(i);
            float largest = MaxMagnitude(values, shape.Columns, block);
            scales[i] = largest == 0 ? TScale.One : ScaleChoice.Of<T, TScale>(largest, rule);
            Round(values, shape.Columns, block, float.CreateTruncating(scales[i]), codes);
        }
    }

    /// <summary>
    /// Chooses scale = max |x| / largest finite code for every block, and rounds x / scale to nearest even, saturating. The scale is
    /// finite and above zero: 1 for a block of zeros.
    /// </summary>
    /// <param name="values">Shape [rows, columns], finite.</param>
    /// <param name="shape">The shape of the matrix and of its blocks.</param>
    /// <param name="codes">Shape [rows, columns].</param>
    /// <param name="scales">Shape [ceil(rows / block rows), ceil(columns / block columns)].</param>
    /// <exception cref="ArgumentException">A span's length does not fit the shape, or a value is NaN or infinite.</exception>
    public static void Quantize<T>(ReadOnlySpan<float> values, BlockShape shape, Span<T> codes, Span<float> scales)
        where T : unmanaged, ISmallFloat<T> => Quantize<T, float>(values, shape, codes, scales);

    /// <summary>Rounds x / scale, with scales that are given, to nearest even, saturating. In a block whose scale is 0 every code is 0.</summary>
    /// <remarks>
    /// With the scales of a quantised matrix its dequantised values give its codes again, also where they were rounded to bfloat16: that moves
    /// them by less than half of a code's step.
    /// </remarks>
    /// <param name="values">Shape [rows, columns], finite.</param>
    /// <param name="scales">Shape [ceil(rows / block rows), ceil(columns / block columns)]; finite, 0 or above.</param>
    /// <param name="shape">The shape of the matrix and of its blocks.</param>
    /// <param name="codes">Shape [rows, columns].</param>
    /// <exception cref="ArgumentException">A span's length does not fit the shape, a value is NaN or infinite, or a scale is.</exception>
    public static void QuantizeWith<T, TScale>(ReadOnlySpan<float> values, ReadOnlySpan<TScale> scales, BlockShape shape, Span<T> codes)
        where T : unmanaged, ISmallFloat<T>
        where TScale : unmanaged, IBinaryFloatingPointIeee754<TScale>
    {
        shape.Check(codes.Length, scales.Length, values.Length);
        CheckFinite(values, shape.Columns);
        for (int i = 0; i < scales.Length; i++)
        {
            float scale = float.CreateTruncating(scales[i]);
            if (!float.IsFinite(scale) || scale < 0)
            {
                throw new ArgumentException($"scale {i} is {scale}, expected a finite number from 0", nameof(scales));
            }

            // Whatever is divided by infinity is a zero of its sign.
            Round(values, shape.Columns, shape.At(i), scale == 0 ? float.PositiveInfinity : scale, codes);
        }
    }

    /// <summary>The largest magnitude of a block; NaN or infinite where an element is.</summary>
    internal static float MaxMagnitude(ReadOnlySpan<float> values, int columns, BlockShape.Block block)
    {
        float largest = 0;
        for (int row = block.Top; row < block.Top + block.Rows; row++)
        {
            largest = Math.Max(largest, Math.Abs(TensorPrimitives.MaxMagnitude(values.Slice((row * columns) + block.Left, block.Columns))));
        }

        return largest;
    }

    /// <summary>The elements of a block, x / scale.</summary>
    [SkipLocalsInit]
    internal static void Round<T>(ReadOnlySpan<float> values, int columns, BlockShape.Block block, float scale, Span<T> codes)
        where T : unmanaged, ISmallFloat<T>
    {
        Span<float> buffer = stackalloc float[ChunkLength];
        for (int row = block.Top; row < block.Top + block.Rows; row++)
        {
            int start = (row * columns) + block.Left;
            for (int at = start; at < start + block.Columns; at += ChunkLength)
            {
                Span<float> chunk = buffer[..Math.Min(ChunkLength, start + block.Columns - at)];
                Divide(values.Slice(at, chunk.Length), scale, chunk);
                BulkConversion.ConvertFromSingle(chunk, codes.Slice(at, chunk.Length), OverflowMode.Saturate);
            }
        }
    }

    internal static void CheckFinite(ReadOnlySpan<float> values, int columns)
    {
        if (values.IsEmpty || TensorPrimitives.IsFiniteAll(values))
        {
            return;
        }

        int at = 0;
        while (float.IsFinite(values[at]))
        {
            at++;
        }

        throw new ArgumentException(
            $"the value at row {at / columns}, column {at % columns} is {values[at]}: only finite values can be quantized", nameof(values));
    }

    internal static void Multiply(Span<float> values, float factor)
    {
        ref float at = ref MemoryMarshal.GetReference(values);
        nint i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (Vector.LoadUnsafe(ref at, (nuint)i) * factor).StoreUnsafe(ref at, (nuint)i);
        }

        for (; i < values.Length; i++)
        {
            Unsafe.Add(ref at, i) *= factor;
        }
    }

    static void Divide(ReadOnlySpan<float> values, float divisor, Span<float> destination)
    {
        ref float from = ref MemoryMarshal.GetReference(values);
        ref float to = ref MemoryMarshal.GetReference(destination);
        nint i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (Vector.LoadUnsafe(in from, (nuint)i) / divisor).StoreUnsafe(ref to, (nuint)i);
        }

        for (; i < values.Length; i++)
        {
            Unsafe.Add(ref to, i) = Unsafe.Add(ref from, i) / divisor;
        }
    }
}
