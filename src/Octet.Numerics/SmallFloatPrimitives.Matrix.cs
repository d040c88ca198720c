using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Octet.Numerics;

public static partial class SmallFloatPrimitives
{
    // A tile of the product is summed at once: 8 x 256 elements of the left and 256 of the right lie widened beside it.
    const int TileRows = 8;
    const int TileColumns = 64;

    /// <summary>The matrix product C = A B in float32; all matrices are row-major.</summary>
    /// <remarks>The products are exact. Every 256 of them are summed in order, then the sums of these blocks: the error is at most about (256 + k / 256) * 2^-24 times the sum of their magnitudes.</remarks>
    /// <param name="left">A, shape [m, k].</param>
    /// <param name="right">B, shape [k, n].</param>
    /// <param name="m">The rows of A and C.</param>
    /// <param name="k">The columns of A and rows of B.</param>
    /// <param name="n">The columns of B and C.</param>
    /// <param name="destination">C, shape [m, n].</param>
    /// <exception cref="ArgumentException">A span's length does not fit its shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative.</exception>
    public static void MatMul<TLeft, TRight>(
        ReadOnlySpan<TLeft> left, ReadOnlySpan<TRight> right, int m, int k, int n, Span<float> destination)
        where TLeft : unmanaged, ISmallFloat<TLeft>
        where TRight : unmanaged, ISmallFloat<TRight> => Multiply(left, right, transposed: false, m, k, n, destination);

    /// <summary>The matrix product C = A B in float32, every element of it rounded once; <paramref name="mode"/> says what becomes of those beyond the largest finite value.</summary>
    /// <inheritdoc cref="MatMul{TLeft, TRight}(ReadOnlySpan{TLeft}, ReadOnlySpan{TRight}, int, int, int, Span{float})"/>
    public static void MatMul<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, int m, int k, int n, Span<T> destination, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T> => Multiply(left, right, transposed: false, m, k, n, destination, mode);

    /// <summary>The product with a transposed matrix, C = A B^T, in float32; all matrices are row-major. The layout of weights [outputs, inputs].</summary>
    /// <remarks>The products are exact. Every 256 of them are summed in 32 lanes, then the sums of these blocks in order: the error is at most about (11 + k / 256) * 2^-24 times the sum of their magnitudes.</remarks>
    /// <param name="left">A, shape [m, k].</param>
    /// <param name="right">B, shape [n, k].</param>
    /// <param name="m">The rows of A and C.</param>
    /// <param name="k">The columns of A and B.</param>
    /// <param name="n">The rows of B and columns of C.</param>
    /// <param name="destination">C, shape [m, n].</param>
    /// <exception cref="ArgumentException">A span's length does not fit its shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative.</exception>
    public static void MatMulTransposed<TLeft, TRight>(
        ReadOnlySpan<TLeft> left, ReadOnlySpan<TRight> right, int m, int k, int n, Span<float> destination)
        where TLeft : unmanaged, ISmallFloat<TLeft>
        where TRight : unmanaged, ISmallFloat<TRight> => Multiply(left, right, transposed: true, m, k, n, destination);

    /// <summary>The product with a transposed matrix, C = A B^T, in float32, every element of it rounded once; <paramref name="mode"/> says what becomes of those beyond the largest finite value.</summary>
    /// <inheritdoc cref="MatMulTransposed{TLeft, TRight}(ReadOnlySpan{TLeft}, ReadOnlySpan{TRight}, int, int, int, Span{float})"/>
    public static void MatMulTransposed<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, int m, int k, int n, Span<T> destination, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T> => Multiply(left, right, transposed: true, m, k, n, destination, mode);

    [SkipLocalsInit]
    static void Multiply<TLeft, TRight>(
        ReadOnlySpan<TLeft> left, ReadOnlySpan<TRight> right, bool transposed, int m, int k, int n, Span<float> destination)
        where TLeft : unmanaged, ISmallFloat<TLeft>
        where TRight : unmanaged, ISmallFloat<TRight>
    {
        CheckShapes(left.Length, right.Length, destination.Length, m, k, n);
        Span<float> tile = stackalloc float[TileRows * TileColumns];
        for (int i = 0; i < m; i += TileRows)
        {
            for (int j = 0; j < n; j += TileColumns)
            {
                int rows = Math.Min(TileRows, m - i);
                int columns = Math.Min(TileColumns, n - j);
                Tile(left.Slice(i * k, rows * k), right, transposed, k, n, j, columns, tile);
                for (int row = 0; row < rows; row++)
                {
                    tile.Slice(row * TileColumns, columns).CopyTo(destination[(((i + row) * n) + j)..]);
                }
            }
        }
    }

    [SkipLocalsInit]
    static void Multiply<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, bool transposed, int m, int k, int n, Span<T> destination, OverflowMode mode)
        where T : unmanaged, ISmallFloat<T>
    {
        CheckShapes(left.Length, right.Length, destination.Length, m, k, n);
        DefinedMode.Require(mode);
        Span<float> tile = stackalloc float[TileRows * TileColumns];
        for (int i = 0; i < m; i += TileRows)
        {
            for (int j = 0; j < n; j += TileColumns)
            {
                int rows = Math.Min(TileRows, m - i);
                int columns = Math.Min(TileColumns, n - j);
                Tile(left.Slice(i * k, rows * k), right, transposed, k, n, j, columns, tile);
                for (int row = 0; row < rows; row++)
                {
                    BulkConversion.ConvertFromSingle(tile.Slice(row * TileColumns, columns), destination[(((i + row) * n) + j)..], mode);
                }
            }
        }
    }

    /// <summary>The products of some rows of A with some columns of B, or rows of B transposed.</summary>
    [SkipLocalsInit]
    static void Tile<TLeft, TRight>(
        ReadOnlySpan<TLeft> left, ReadOnlySpan<TRight> right, bool transposed, int k, int n, int column, int columns, Span<float> tile)
        where TLeft : unmanaged, ISmallFloat<TLeft>
        where TRight : unmanaged, ISmallFloat<TRight>
    {
        tile.Clear();
        Span<float> panel = stackalloc float[TileRows * BlockLength];
        Span<float> buffer = stackalloc float[BlockLength];
        Span<float> partial = stackalloc float[TileRows * TileColumns];
        int rows = k == 0 ? 0 : left.Length / k;
        for (int from = 0; from < k; from += BlockLength)
        {
            int depth = Math.Min(BlockLength, k - from);
            for (int row = 0; row < rows; row++)
            {
                Widen(left.Slice((row * k) + from, depth), panel[(row * BlockLength)..]);
            }

            if (transposed)
            {
                for (int j = 0; j < columns; j++)
                {
                    Span<float> weights = Widen(right.Slice(((column + j) * k) + from, depth), buffer);
                    for (int row = 0; row < rows; row++)
                    {
                        tile[(row * TileColumns) + j] += PairwiseSum.OfBlock(weights, panel[(row * BlockLength)..]);
                    }
                }
            }
            else
            {
                partial.Clear();
                for (int i = 0; i < depth; i++)
                {
                    Span<float> weights = buffer[..columns];
                    BulkConversion.ConvertToSingle(right.Slice(((from + i) * n) + column, columns), weights);
                    for (int row = 0; row < rows; row++)
                    {
                        AddScaled(weights, panel[(row * BlockLength) + i], partial.Slice(row * TileColumns, columns));
                    }
                }

                TensorPrimitives.Add(tile, partial, tile);
            }
        }
    }

    // Not fused, so that processors without a fused multiply-add have the same result.
    static void AddScaled(ReadOnlySpan<float> values, float factor, Span<float> sums)
    {
        int i = 0;
        for (; i <= values.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Span<float> to = sums[i..];
            (Vector256.Create<float>(to) + (Vector256.Create(values[i..]) * factor)).CopyTo(to);
        }

        for (; i < values.Length; i++)
        {
            sums[i] += values[i] * factor;
        }
    }

    static void CheckShapes(int left, int right, int destination, int m, int k, int n)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        CheckShape(left, m, k, "left");
        CheckShape(right, k, n, "right");
        CheckShape(destination, m, n, "destination");
    }

    static void CheckShape(int length, int rows, int columns, string what)
    {
        if (length != (long)rows * columns)
        {
            throw new ArgumentException($"the {what} has {length} elements, expected {rows} x {columns}", what);
        }
    }
}
