using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Octet.Numerics;

/// <summary>
/// Matrices of small floats with one float32 scale per block: a value is code times scale. Matrices are row-major; the blocks start at
/// the upper left and those at the right and lower edges may be cut, so that there are ceil(rows / block rows) times
/// ceil(columns / block columns) scales, row-major too. One block as large as the matrix is a scale per tensor, a block of one row
/// a scale per channel, 128 x 128 the layout of DeepSeek-V3 and Qwen3 FP8 checkpoints.
/// </summary>
public static class BlockScaling
{
    const int ChunkLength = 256;

    /// <summary>Multiplies every code by the scale of its block, in float32.</summary>
    /// <param name="codes">Shape [rows, columns].</param>
    /// <param name="scales">Shape [ceil(rows / block rows), ceil(columns / block columns)].</param>
    /// <param name="shape">The shape of the matrix and of its blocks.</param>
    /// <param name="destination">Shape [rows, columns].</param>
    /// <exception cref="ArgumentException">A span's length does not fit the shape.</exception>
    public static void Dequantize<T>(ReadOnlySpan<T> codes, ReadOnlySpan<float> scales, BlockShape shape, Span<float> destination)
        where T : unmanaged, ISmallFloat<T>
    {
        shape.Check(codes.Length, scales.Length, destination.Length);
        foreach (BlockShape.Run run in shape.Runs())
        {
            Span<float> row = destination.Slice(run.Start, run.Length);
            BulkConversion.ConvertToSingle(codes.Slice(run.Start, run.Length), row);
            Multiply(row, scales[run.Block]);
        }
    }

    /// <summary>Multiplies every code by the scale of its block, in float32, and rounds the product to bfloat16.</summary>
    /// <inheritdoc cref="Dequantize{T}(ReadOnlySpan{T}, ReadOnlySpan{float}, BlockShape, Span{float})"/>
    [SkipLocalsInit]
    public static void Dequantize<T>(ReadOnlySpan<T> codes, ReadOnlySpan<float> scales, BlockShape shape, Span<BFloat16> destination)
        where T : unmanaged, ISmallFloat<T>
    {
        shape.Check(codes.Length, scales.Length, destination.Length);
        Span<float> buffer = stackalloc float[ChunkLength];
        foreach (BlockShape.Run run in shape.Runs())
        {
            for (int at = run.Start, end = run.Start + run.Length; at < end; at += ChunkLength)
            {
                Span<float> chunk = buffer[..Math.Min(ChunkLength, end - at)];
                BulkConversion.ConvertToSingle(codes.Slice(at, chunk.Length), chunk);
                Multiply(chunk, scales[run.Block]);
                BFloat16.ConvertFromSingle(chunk, destination.Slice(at, chunk.Length));
            }
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
    [SkipLocalsInit]
    public static void Quantize<T>(ReadOnlySpan<float> values, BlockShape shape, Span<T> codes, Span<float> scales)
        where T : unmanaged, ISmallFloat<T>
    {
        shape.Check(codes.Length, scales.Length, values.Length);
        scales.Clear();
        foreach (BlockShape.Run run in shape.Runs())
        {
            scales[run.Block] = MaxMagnitude(values.Slice(run.Start, run.Length), scales[run.Block], run.Start, shape.Columns);
        }

        float largest = Code<T>.ToSingle(T.MaxValue);
        foreach (ref float scale in scales)
        {
            // A block of the smallest float32 subnormals would get zero.
            scale = scale == 0 ? 1 : Math.Max(scale / largest, float.Epsilon);
        }

        Span<float> buffer = stackalloc float[ChunkLength];
        foreach (BlockShape.Run run in shape.Runs())
        {
            for (int at = run.Start, end = run.Start + run.Length; at < end; at += ChunkLength)
            {
                Span<float> chunk = buffer[..Math.Min(ChunkLength, end - at)];
                Divide(values.Slice(at, chunk.Length), scales[run.Block], chunk);
                BulkConversion.ConvertFromSingle(chunk, codes.Slice(at, chunk.Length), OverflowMode.Saturate);
            }
        }
    }

    static void Multiply(Span<float> values, float factor)
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

    static float MaxMagnitude(ReadOnlySpan<float> values, float max, int start, int columns)
    {
        for (int i = 0; i < values.Length; i++)
        {
            float magnitude = float.Abs(values[i]);
            if (!float.IsFinite(magnitude))
            {
                throw new ArgumentException(
                    $"the value at row {(start + i) / columns}, column {(start + i) % columns} is {values[i]}: only finite values can be quantized",
                    nameof(values));
            }

            max = magnitude > max ? magnitude : max;
        }

        return max;
    }
}
