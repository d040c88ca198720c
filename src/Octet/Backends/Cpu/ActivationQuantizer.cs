using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>
/// <see cref="ActivationMode.Dynamic"/>: a token's channels in groups of 128 as E4M3 values with one float32 scale each,
/// s = max(|x|, 1e-10) / 448 and q = x / s rounded to nearest even, saturating (vLLM's and DeepGEMM's rule).
/// </summary>
static class ActivationQuantizer
{
    /// <summary>The codes are left widened to float32: every one is exact there, and they are multiplied right away.</summary>
    internal static void Quantize(ReadOnlySpan<float> x, Span<float> codes, Span<float> scales)
    {
        Span<Float8E4M3FN> bits = stackalloc Float8E4M3FN[CpuKernels.ActivationGroup];
        Span<float> scaled = stackalloc float[CpuKernels.ActivationGroup];
        codes[x.Length..].Clear();
        for (int g = 0; g < scales.Length; g++)
        {
            int first = g * CpuKernels.ActivationGroup;
            int count = Math.Min(CpuKernels.ActivationGroup, x.Length - first);
            float max = 1e-10f;
            for (int i = 0; i < count; i++)
            {
                max = MathF.Max(max, MathF.Abs(x[first + i]));
            }

            float scale = max / 448;
            scales[g] = scale;
            for (int i = 0; i < count; i++)
            {
                scaled[i] = x[first + i] / scale;
            }

            Float8E4M3FN.ConvertFromSingle(scaled[..count], bits, OverflowMode.SaturateFinite);
            Float8E4M3FN.ConvertToSingle(bits[..count], codes[first..]);
        }
    }
}
