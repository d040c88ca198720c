using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Octet.Numerics;

/// <summary>
/// Widening of 8-bit codes in AVX-512 VBMI, whose byte permutation looks up 64 entries at once: a code's magnitude in two tables of 128,
/// one for each byte of its bfloat16. Written in portable vectors, so that it can be tested, slowly, on every machine.
/// </summary>
static class TableLanes512<T>
    where T : unmanaged, ISmallFloat<T>
{
    internal const int Count = 64;

    // By magnitude: the first and the second 64 entries.
    static readonly Vector512<byte> s_low0 = Table(0, 0);
    static readonly Vector512<byte> s_low1 = Table(64, 0);
    static readonly Vector512<byte> s_high0 = Table(0, 8);
    static readonly Vector512<byte> s_high1 = Table(64, 8);

    /// <summary>Words in the order of the codes: the first 32, the second 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (Vector512<ushort> First, Vector512<ushort> Second) Words(ref readonly byte source)
    {
        Vector512<byte> code = Vector512.LoadUnsafe(in source);
        Vector512<byte> index = code & Vector512.Create((byte)(Code<T>.MagnitudeMask & 63));
        Vector512<byte> upper = Vector512.Equals(code & Vector512.Create((byte)(Code<T>.MagnitudeMask & 64)), Vector512.Create((byte)64));
        Vector512<byte> low = Vector512.ConditionalSelect(upper, Vector512.ShuffleNative(s_low1, index), Vector512.ShuffleNative(s_low0, index));
        Vector512<byte> high = Vector512.ConditionalSelect(upper, Vector512.ShuffleNative(s_high1, index), Vector512.ShuffleNative(s_high0, index));
        high |= ((code & Vector512.Create((byte)Code<T>.SignMask)).AsUInt16() << (7 - T.ExponentBits - T.MantissaBits)).AsByte();
        if (T.NonFinite == NonFiniteValues.NegativeZeroNaN)
        {
            Vector512<byte> nan = Vector512.Equals(code, Vector512.Create((byte)0x80));
            (low, high) = (low | (nan & Vector512.Create((byte)0xC0)), high | nan);
        }

        return (Join(Vector512.WidenLower(low), Vector512.WidenLower(high)), Join(Vector512.WidenUpper(low), Vector512.WidenUpper(high)));
    }

    static Vector512<ushort> Join(Vector512<ushort> low, Vector512<ushort> high) => low | (high << 8);

    static Vector512<byte> Table(int first, int shift)
    {
        Span<byte> entries = stackalloc byte[Count];
        for (int i = 0; i < Count; i++)
        {
            entries[i] = (byte)(BitConverter.SingleToUInt32Bits(Code<T>.ToSingle(Code<T>.At((uint)(first + i)))) >> (16 + shift));
        }

        return Vector512.Create<byte>(entries);
    }
}
