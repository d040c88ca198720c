using System.Numerics;

namespace Octet.Numerics;

/// <summary>The scale of one block.</summary>
static class ScaleChoice
{
    // The exponents of E8M0FNU, which powers of two keep to in every type: OCP MX 1.0 clamps to them.
    const int MinExponent = -127;
    const int MaxExponent = 127;

    internal static void Check(ScaleRule rule) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)rule, (uint)ScaleRule.PowerOfTwoRounded, nameof(rule));

    /// <param name="largest">The largest magnitude of the block: finite, above zero.</param>
    /// <param name="rule">The rule.</param>
    /// <returns>
    /// Finite and above zero; at the ends of the scale type's range where the rule leads beyond them, and never so large that the largest
    /// code times it is infinite.
    /// </returns>
    internal static TScale Of<T, TScale>(float largest, ScaleRule rule)
        where T : unmanaged, ISmallFloat<T>
        where TScale : unmanaged, IBinaryFloatingPointIeee754<TScale>, IMinMaxValue<TScale>
    {
        float max = Code<T>.ToSingle(T.MaxValue);
        float scale = rule == ScaleRule.Ratio ? largest / max : (float)Math.ScaleB(1, Math.Clamp(Exponent(largest, max, rule), MinExponent, MaxExponent));
        TScale stored = TScale.CreateTruncating(Math.Clamp(scale, float.CreateTruncating(TScale.Epsilon), float.CreateTruncating(TScale.MaxValue)));
        while (float.IsInfinity(float.CreateTruncating(stored) * max))
        {
            stored = rule == ScaleRule.Ratio ? TScale.BitDecrement(stored) : TScale.CreateTruncating(float.CreateTruncating(stored) / 2);
        }

        return stored;
    }

    static int Exponent(float largest, float max, ScaleRule rule)
    {
        int exponent = Math.ILogB(largest) - Math.ILogB(max);
        double significand = Math.ScaleB(largest, -Math.ILogB(largest));
        return rule switch
        {
            ScaleRule.PowerOfTwoFloor => exponent,
            ScaleRule.PowerOfTwoCeiling => significand > Math.ScaleB(max, -Math.ILogB(max)) ? exponent + 1 : exponent,
            _ => significand >= 1.75 ? exponent + 1 : exponent,
        };
    }
}
