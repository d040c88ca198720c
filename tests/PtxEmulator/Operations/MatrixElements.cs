using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PtxEmulator;

/// <summary>The floats that a tensor core multiplies, decoded to float32, which holds them and their products exactly.</summary>
static unsafe class MatrixElements
{
    /// <summary>Decodes so many elements of a type that lie one after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decode(PtxType type, byte* from, int count, float* to)
    {
        switch (type)
        {
            case PtxType.F16:
                for (int i = 0; i < count; i += Vector128<ushort>.Count)
                {
                    Halves(Vector128.Load((ushort*)from + i)).Store(to + i);
                }

                break;
            case PtxType.BF16:
                for (int i = 0; i < count; i += Vector128<ushort>.Count)
                {
                    (Wide(Vector128.Load((ushort*)from + i)) << 16).AsSingle().Store(to + i);
                }

                break;
            case PtxType.TF32:
                for (int i = 0; i < count; i++)
                {
                    to[i] = BitConverter.UInt32BitsToSingle(((uint*)from)[i] & 0xffffe000);
                }

                break;
            default:
                float[] values = type == PtxType.E4M3 ? FloatBits.E4M3 : FloatBits.E5M2;
                for (int i = 0; i < count; i++)
                {
                    to[i] = values[from[i]];
                }

                break;
        }
    }

    public static int Bytes(PtxType type) => type switch
    {
        PtxType.TF32 => 4,
        PtxType.F16 or PtxType.BF16 => 2,
        _ => 1,
    };

    static Vector256<uint> Wide(Vector128<ushort> lanes)
    {
        (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(lanes);
        return Vector256.Create(low, high);
    }

    /// <summary>A half's exponent and mantissa as a float are its value times 2^-112, subnormals too; infinity and NaN keep their exponent of ones.</summary>
    static Vector256<float> Halves(Vector128<ushort> lanes)
    {
        Vector256<uint> bits = Wide(lanes);
        Vector256<uint> magnitude = (bits & Vector256.Create(0x7fffu)) << 13;
        Vector256<float> scaled = magnitude.AsSingle() * Vector256.Create(BitConverter.UInt32BitsToSingle((127 + 112) << 23));
        Vector256<uint> special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x7c00u << 13));
        Vector256<uint> result = Vector256.ConditionalSelect(special, magnitude | Vector256.Create(0x7f800000u), scaled.AsUInt32());
        return (result | ((bits & Vector256.Create(0x8000u)) << 16)).AsSingle();
    }
}
