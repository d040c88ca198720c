using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>Refuses numbers that are no member of their enumeration, whatever the values are: before the first one is looked at.</summary>
static class DefinedMode
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Require(OverflowMode mode)
    {
        if ((uint)mode > (uint)OverflowMode.Saturate)
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "not a rule for overflow");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Require(RoundingMode rounding)
    {
        if ((uint)rounding > (uint)RoundingMode.ToOdd)
        {
            throw new ArgumentOutOfRangeException(nameof(rounding), rounding, "not a rounding mode");
        }
    }
}
