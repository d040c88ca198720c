using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Octet.Numerics;

/// <summary>
/// A float32 sum of many terms whose error grows with the logarithm of their number (pairwise summation; Higham, "The accuracy of floating point
/// summation", 1993): the sums of blocks are added like the digits of a binary counter. A sum of ones never sticks at 2^24. The order of
/// additions is fixed, so that every processor has the same result.
/// </summary>
struct PairwiseSum
{
    /// <summary>The terms that a caller sums at once, by <see cref="OfBlock(ReadOnlySpan{float})"/>.</summary>
    internal const int BlockLength = 256;

    const int Lanes = 4 * 8;

    Levels _levels;
    uint _blocks;

    internal void Add(float sumOfBlock)
    {
        _blocks++;
        int level = BitOperations.TrailingZeroCount(_blocks);
        for (int i = 0; i < level; i++)
        {
            sumOfBlock = _levels[i] + sumOfBlock;
        }

        _levels[level] = sumOfBlock;
    }

    internal readonly float Total
    {
        get
        {
            float total = 0;
            for (uint left = _blocks; left != 0; left &= left - 1)
            {
                total = _levels[BitOperations.TrailingZeroCount(left)] + total;
            }

            return total;
        }
    }

    /// <summary>The length of a block that is filled up with zeros to whole steps.</summary>
    internal static int Padded(int length) => (length + Lanes - 1) / Lanes * Lanes;

    /// <summary>32 sums side by side, then halves.</summary>
    /// <param name="terms">A padded length.</param>
    internal static float OfBlock(ReadOnlySpan<float> terms)
    {
        Vector256<float> a = default, b = default, c = default, d = default;
        for (int i = 0; i < terms.Length; i += Lanes)
        {
            ReadOnlySpan<float> step = terms.Slice(i, Lanes);
            a += Vector256.Create(step);
            b += Vector256.Create(step[8..]);
            c += Vector256.Create(step[16..]);
            d += Vector256.Create(step[24..]);
        }

        return Across(a + b + (c + d));
    }

    /// <summary>As <see cref="OfBlock(ReadOnlySpan{float})"/>, of products, each rounded to float32; those of two small floats are exact.</summary>
    /// <param name="left">A padded length.</param>
    /// <param name="right">As long.</param>
    internal static float OfBlock(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        Vector256<float> a = default, b = default, c = default, d = default;
        right = right[..left.Length];
        for (int i = 0; i < left.Length; i += Lanes)
        {
            ReadOnlySpan<float> x = left.Slice(i, Lanes);
            ReadOnlySpan<float> y = right.Slice(i, Lanes);
            a += Vector256.Create(x) * Vector256.Create(y);
            b += Vector256.Create(x[8..]) * Vector256.Create(y[8..]);
            c += Vector256.Create(x[16..]) * Vector256.Create(y[16..]);
            d += Vector256.Create(x[24..]) * Vector256.Create(y[24..]);
        }

        return Across(a + b + (c + d));
    }

    static float Across(Vector256<float> sums)
    {
        Vector128<float> four = sums.GetLower() + sums.GetUpper();
        return four[0] + four[2] + (four[1] + four[3]);
    }

    // 2^31 elements in blocks of 256 count to 2^23.
    [InlineArray(24)]
    struct Levels
    {
        float _first;
    }
}
