using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Octet.Constraints;

/// <summary>Takes out of the draw what a mask does not allow.</summary>
static class TokenMask
{
    /// <summary>Sets the scores of all tokens whose bit is not set to minus infinity, and those that the mask has no bits for.</summary>
    /// <param name="mask">A bit for each token, lowest first.</param>
    /// <param name="scores">One for each token.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Apply(ReadOnlySpan<ulong> mask, Span<float> scores)
    {
        // A byte of the mask is eight scores: lane i looks at bit i.
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(mask);
        Vector256<int> bits = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128);
        Vector256<float> never = Vector256.Create(float.NegativeInfinity);
        Span<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(scores);
        int whole = Math.Min(vectors.Length, bytes.Length);
        for (int i = 0; i < whole; i++)
        {
            byte allowed = bytes[i];
            if (allowed != 0xFF)
            {
                Vector256<int> set = Vector256.Equals(Vector256.Create((int)allowed) & bits, bits);
                vectors[i] = allowed == 0 ? never : Vector256.ConditionalSelect(set.AsSingle(), vectors[i], never);
            }
        }

        for (int i = whole * Vector256<float>.Count; i < scores.Length; i++)
        {
            if (i / 64 >= mask.Length || (mask[i / 64] >> i & 1) == 0)
            {
                scores[i] = float.NegativeInfinity;
            }
        }
    }
}
