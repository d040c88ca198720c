using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Codes as tensors: of 8 bits in their own type, of 4 bits two in a byte of type U8, the even column below.</summary>
static class CodeBytes
{
    internal static TensorSource Declare<T>(string name, long rows, int columns)
        where T : unmanaged, ISmallFloat<T>
        => IsPacked<T>() ? new TensorSource(name, DataType.UInt8, [rows, columns / 2]) : new TensorSource(name, DataTypes.Of<T>(), [rows, columns]);

    /// <param name="codes">Whole rows.</param>
    /// <param name="first">The index of the first in the matrix; even for codes of 4 bits.</param>
    /// <param name="tensor">What they belong to.</param>
    /// <param name="output">Where they go.</param>
    /// <param name="highHalfFirst">Whether the even column of two 4-bit codes is the upper half of their byte.</param>
    internal static void Write<T>(ReadOnlySpan<T> codes, long first, TensorSource tensor, PieceLog output, bool highHalfFirst = false)
        where T : unmanaged, ISmallFloat<T>
    {
        if (!IsPacked<T>())
        {
            output.Write(tensor.Name, first * Unsafe.SizeOf<T>(), MemoryMarshal.AsBytes(codes));
            return;
        }

        byte[] packed = ArrayPool<byte>.Shared.Rent(codes.Length / 2);
        try
        {
            PackedBits.Pack(codes, packed.AsSpan(0, codes.Length / 2));
            for (int i = 0; highHalfFirst && i < codes.Length / 2; i++)
            {
                packed[i] = (byte)(packed[i] << 4 | packed[i] >> 4);
            }

            output.Write(tensor.Name, first / 2, packed.AsSpan(0, codes.Length / 2));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packed);
        }
    }

    static bool IsPacked<T>() => typeof(T) == typeof(Float4E2M1FN);
}
