using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>
/// A token's channels as E4M3 values with a float32 scale for each 128: q = x / s rounded to nearest even, saturating (vLLM's and DeepGEMM's
/// rule for computed scales). Scales of longer groups are repeated.
/// </summary>
static class ActivationQuantizer
{
    /// <summary>The codes are left widened to float32: every one is exact there, and they are multiplied right away.</summary>
    internal static void Quantize(ReadOnlySpan<float> x, InputQuantization rule, Span<float> codes, Span<float> scales)
    {
        Span<Float8E4M3FN> bits = stackalloc Float8E4M3FN[CpuKernels.ActivationGroup];
        Span<float> scaled = stackalloc float[CpuKernels.ActivationGroup];
        float scale = rule.Scale > 0 ? rule.Scale : rule.Group == 0 ? Scale(x, rule) : 0;
        codes[x.Length..].Clear();
        for (int g = 0; g < scales.Length; g++)
        {
            int first = g * CpuKernels.ActivationGroup;
            ReadOnlySpan<float> group = x.Slice(first, Math.Min(CpuKernels.ActivationGroup, x.Length - first));
            if (rule is { Scale: 0, Group: > 0 })
            {
                scale = Scale(group, rule);
            }

            scales[g] = scale;
            for (int i = 0; i < group.Length; i++)
            {
                scaled[i] = group[i] / scale;
            }

            Float8E4M3FN.ConvertFromSingle(scaled[..group.Length], bits, OverflowMode.SaturateFinite);
            Float8E4M3FN.ConvertToSingle(bits[..group.Length], codes[first..]);
        }
    }

    static float Scale(ReadOnlySpan<float> group, InputQuantization rule)
    {
        float max = 1e-10f;
        foreach (float value in group)
        {
            max = MathF.Max(max, MathF.Abs(value));
        }

        float scale = MathF.Min(max, rule.Bound) / 448;

        // Any bit of the significand carries into the exponent. A quotient that float32 rounds to a power of two is one: 448 is 1.75 * 2^8,
        // and neighbours of 1.75 * 2^k divided by 1.75 are nearer to the neighbours of 2^k.
        return rule.PowerOfTwo && float.IsFinite(scale) ? BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(scale) + 0x007FFFFF) & 0xFF800000) : scale;
    }
}
