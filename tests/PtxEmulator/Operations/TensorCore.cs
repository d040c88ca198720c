using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PtxEmulator;

/// <summary>Multiplies 16 rows by the columns of a matrix and adds to an accumulator.</summary>
static unsafe class TensorCore
{
    public const int Rows = 16;

    /// <summary>
    /// <c>c[row][column] += sum over k of a[row][k] * b[k][column]</c> in float32, k in order. The hardware's order and
    /// rounding are its own: results agree within a few units in the last place of the largest addend.
    /// </summary>
    /// <param name="a">16 rows of k elements.</param>
    /// <param name="b">k rows of elements.</param>
    /// <param name="c">16 rows of elements.</param>
    /// <param name="k">The inner length.</param>
    /// <param name="columns">A multiple of 8.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyAdd(float* a, float* b, float* c, int k, int columns)
    {
        for (int column = 0; column < columns; column += Vector256<float>.Count)
        {
            for (int row = 0; row < Rows; row += 4)
            {
                float* c0 = c + (row * columns) + column;
                float* a0 = a + (row * k);
                Vector256<float> s0 = Vector256.Load(c0);
                Vector256<float> s1 = Vector256.Load(c0 + columns);
                Vector256<float> s2 = Vector256.Load(c0 + (2 * columns));
                Vector256<float> s3 = Vector256.Load(c0 + (3 * columns));
                for (int i = 0; i < k; i++)
                {
                    var x = Vector256.Load(b + (i * columns) + column);
                    s0 = Vector256.FusedMultiplyAdd(Vector256.Create(a0[i]), x, s0);
                    s1 = Vector256.FusedMultiplyAdd(Vector256.Create(a0[k + i]), x, s1);
                    s2 = Vector256.FusedMultiplyAdd(Vector256.Create(a0[(2 * k) + i]), x, s2);
                    s3 = Vector256.FusedMultiplyAdd(Vector256.Create(a0[(3 * k) + i]), x, s3);
                }

                s0.Store(c0);
                s1.Store(c0 + columns);
                s2.Store(c0 + (2 * columns));
                s3.Store(c0 + (3 * columns));
            }
        }
    }

    /// <summary>
    /// The same as Hopper's units add products of 8-bit floats: all addends of a step are aligned to the largest and lose
    /// what is beyond 13 bits behind its leading one, and so does the sum.
    /// </summary>
    public static void MultiplyAddShort(float* a, float* b, float* c, int k, int columns)
    {
        const int Kept = 13;
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                double largest = Math.Abs(c[(row * columns) + column]);
                for (int i = 0; i < k; i++)
                {
                    largest = Math.Max(largest, Math.Abs((double)a[(row * k) + i] * b[(i * columns) + column]));
                }

                if (largest == 0 || !double.IsFinite(largest))
                {
                    continue;
                }

                double unit = Math.ScaleB(1, Math.ILogB(largest) - Kept);
                double sum = Math.Truncate(c[(row * columns) + column] / unit);
                for (int i = 0; i < k; i++)
                {
                    sum += Math.Truncate((double)a[(row * k) + i] * b[(i * columns) + column] / unit);
                }

                int excess = sum == 0 ? 0 : Math.Max(0, Math.ILogB(sum) - Kept);
                c[(row * columns) + column] = (float)(Math.ScaleB(Math.Truncate(Math.ScaleB(sum, -excess)), excess) * unit);
            }
        }
    }
}
