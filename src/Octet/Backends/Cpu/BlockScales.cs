using System.Runtime.CompilerServices;
using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>How codes of scales become numbers without their table.</summary>
/// <param name="Kind">Of codes.</param>
/// <param name="Factor">What all numbers are to be multiplied with.</param>
readonly record struct BlockScales(BlockScaleKind Kind, float Factor)
{
    // Each number of the table was rounded, and so was the factor, where it divides.
    const float Tolerance = 3e-7f;

    /// <summary>What <paramref name="table"/> holds, for blocks of 16 or 32 columns.</summary>
    internal static BlockScales Of(int block, ReadOnlySpan<float> table)
    {
        float one = table[0x38];
        return block == 32 && IsPowers(table) ? new(BlockScaleKind.Powers, 1)
            : block == 16 && one > 0 && float.IsNormal(one) && IsE4M3(table, one) ? new(BlockScaleKind.E4M3, one)
            : default;
    }

    // 255 is NaN, and refused where files are read.
    static bool IsPowers(ReadOnlySpan<float> table)
    {
        for (int code = 0; code < 0xFF; code++)
        {
            // In the place of float32's exponent; an exponent of 0 stands for half of the smallest normal number.
            if (BitConverter.SingleToInt32Bits(table[code]) != (code == 0 ? 0x00400000 : code << 23))
            {
                return false;
            }
        }

        return true;
    }

    // From 0x7F on codes are NaN or negative, and refused.
    static bool IsE4M3(ReadOnlySpan<float> table, float factor)
    {
        for (int code = 0; code < 0x7F; code++)
        {
            float value = (float)Unsafe.BitCast<byte, Float8E4M3FN>((byte)code) * factor;
            if (!(Math.Abs(table[code] - value) <= Tolerance * value))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Kinds of <see cref="BlockScales"/>.</summary>
enum BlockScaleKind
{
    /// <summary>Any: only the table says.</summary>
    Table,

    /// <summary>2^(code - 127), of 32 columns each.</summary>
    Powers,

    /// <summary>Positive E4M3, of 16 columns each.</summary>
    E4M3,
}
