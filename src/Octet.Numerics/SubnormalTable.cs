using System.Runtime.Intrinsics;

namespace Octet.Numerics;

/// <summary>The subnormal numbers of a format, of which there are at most 16, as bfloat16: their lower and their upper bytes.</summary>
static class SubnormalTable<T>
    where T : unmanaged, ISmallFloat<T>
{
    internal static readonly Vector128<byte> Low = Make(16);
    internal static readonly Vector128<byte> High = Make(24);

    static Vector128<byte> Make(int shift)
    {
        Span<byte> bytes = stackalloc byte[Vector128<byte>.Count];
        for (int mantissa = 0; mantissa < 1 << T.MantissaBits; mantissa++)
        {
            bytes[mantissa] = (byte)(BitConverter.SingleToUInt32Bits(Code<T>.ToSingle(Code<T>.At((uint)mantissa))) >> shift);
        }

        return Vector128.Create<byte>(bytes);
    }
}
