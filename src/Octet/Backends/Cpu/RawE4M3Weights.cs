using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>
/// E4M3 codes shifted into the place of a float32's bits and nothing more: the exponent keeps its own bias, so the number is the weight
/// times 2^-120, exactly, E4M3 subnormals being float32 subnormals. 8 operations for 32 codes where re-biasing takes 20. Only for
/// processors that multiply subnormals at (nearly) full speed: AMD's do, on Intel's it takes 20 times as long.
/// </summary>
readonly unsafe struct RawE4M3Weights : IWeightFormat<Vector256<float>>
{
    public static int ElementBytes => 1;

    // 2^60
    public static float HalfUnit => 1L << 60;

    public static bool KeepsNaN => false;

    /// <summary>AVX2 on an AMD processor.</summary>
    internal static bool IsFast { get; } = Avx2.IsSupported && ProcessorVendor.IsAmd;

    public static int HalvesApart => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* source, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        WidenHalf(source, 0, out a, out c);
        WidenHalf(source, 1, out b, out d);
    }

    // A signed byte times 16 (the first and third of a 32-bit lane, as the even bytes of 16-bit lanes), or a 16-bit lane shifted down
    // by 4 (the second and fourth): sign, copies of the sign, eeee mmm. The one of the two in a lane that is wanted goes to its upper
    // half, where the mask leaves s 0000 eeee mmm.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenHalf(byte* source, int half, out Vector256<float> first, out Vector256<float> second)
    {
        Vector256<byte> codes = Vector256.Load(source);
        Vector256<uint> pairs = half == 0
            ? Avx2.MultiplyAddAdjacent(Vector256.Create((ushort)0x0010).AsByte(), codes.AsSByte()).AsUInt32()
            : (codes.AsInt16() >> 4).AsUInt32();
        first = ((pairs << 16) & Vector256.Create(0x87F00000u)).AsSingle();
        second = (pairs & Vector256.Create(0x87F00000u)).AsSingle();
    }
}
