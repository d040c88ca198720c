using System.Runtime.CompilerServices;
using Octet.Backends;
using Octet.Numerics;

namespace Octet.Cuda;

/// <summary>What the 8-bit codes of scales mean, as their table of values shows.</summary>
static class ScaleTable
{
    // A table of quotients is rounded otherwise than one of products.
    const float Rounding = 1e-6f;

    const int One = 0x38;
    const int Largest = 0x7E;

    /// <summary>Whether they are E8M0, powers of two.</summary>
    internal static bool IsPowers(ScaleGrid grid)
    {
        if (grid.Table is not { } table)
        {
            return false;
        }

        for (int code = 0; code < 0xFF; code++)
        {
            if (table[code] != (float)Math.ScaleB(1, code - 127))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Where they are E4M3, not negative, what all are multiplied with; otherwise null.</summary>
    internal static float? E4M3Factor(ScaleGrid grid)
    {
        if (grid.Table is not { } table)
        {
            return null;
        }

        float factor = table[One];
        for (int code = 0; code <= Largest; code++)
        {
            float expected = (float)Unsafe.BitCast<byte, Float8E4M3FN>((byte)code) * factor;
            if (!(Math.Abs(table[code] - expected) <= Rounding * expected))
            {
                return null;
            }
        }

        return factor;
    }
}
