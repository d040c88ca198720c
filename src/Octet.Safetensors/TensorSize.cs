using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>Sizes from shapes, checked: no product may wrap.</summary>
static class TensorSize
{
    const int MaxDescribedRank = 8;

    /// <summary>
    /// Elements times bits per element, multiplied in the order of the reference. False where a product exceeds 64 bits or a
    /// dimension 63; the latter matters only beside a dimension of 0, where the reference lets any number stand.
    /// </summary>
    internal static bool TryGetBitLength(ReadOnlySpan<long> shape, DataType type, out ulong bits)
    {
        bits = 0;
        UInt128 product = 1;
        foreach (long dimension in shape)
        {
            product *= unchecked((ulong)dimension);
            if (dimension < 0 || product > ulong.MaxValue)
            {
                return false;
            }
        }

        product *= (uint)type.BitSize();
        bits = (ulong)product;
        return product <= ulong.MaxValue;
    }

    /// <summary>For a message: <c>F32 [2, 3]</c>.</summary>
    internal static string Describe(DataType type, ReadOnlySpan<long> shape)
    {
        string more = shape.Length > MaxDescribedRank ? ", ..." : "";
        return $"{type.SafetensorsName()} [{string.Join(", ", shape[..Math.Min(shape.Length, MaxDescribedRank)].ToArray())}{more}]";
    }
}
