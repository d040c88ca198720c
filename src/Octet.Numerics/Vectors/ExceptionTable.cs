using System.Runtime.Intrinsics;

namespace Octet.Numerics;

/// <summary>
/// The codes whose bfloat16 is not their own bits moved and an exponent added, by their low four bits: subnormal numbers, of which there are
/// at most 16, and where those leave room infinity and NaN, whose low bits are the highest ones. The bytes of the bfloat16, lower and upper.
/// </summary>
static class ExceptionTable<T>
    where T : unmanaged, ISmallFloat<T>
{
    internal static readonly Vector128<byte> Low = Make(16);
    internal static readonly Vector128<byte> High = Make(24);

    static Vector128<byte> Make(int shift)
    {
        Span<byte> bytes = stackalloc byte[Vector128<byte>.Count];
        for (uint index = 0; index < bytes.Length; index++)
        {
            uint code = index < Code<T>.MinNormal ? index : (Code<T>.MagnitudeMask & ~0xFu) | index;
            bytes[(int)index] = (byte)(BitConverter.SingleToUInt32Bits(Code<T>.ToSingle(Code<T>.At(code))) >> shift);
        }

        return Vector128.Create<byte>(bytes);
    }
}
