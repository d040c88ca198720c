using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>E2M1 codes times scales that are powers of two, which bfloat16 holds exactly: rows without scales, for products that would have to begin anew with every 32 columns.</summary>
static unsafe class ScaledE2M1
{
    const int BlockColumns = 32;
    const int ExponentShift = 7;

    // Scales with which 0.5 to 6 are normal numbers.
    const byte Smallest = 2;
    const byte Largest = 252;

    /// <summary>What codes stand for, as bfloat16: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives, twice: what looks words up goes by five bits, of which the highest belongs to the next code.</summary>
    internal static Vector512<ushort> Numbers => Vector512.Create(
        0, 0x3F00, 0x3F80, 0x3FC0, 0x4000, 0x4040, 0x4080, 0x40C0, 0, 0xBF00, 0xBF80, 0xBFC0, 0xC000, 0xC040, 0xC080, 0xC0C0,
        0, 0x3F00, 0x3F80, 0x3FC0, 0x4000, 0x4040, 0x4080, 0x40C0, 0, 0xBF00, 0xBF80, 0xBFC0, 0xC000, 0xC040, 0xC080, 0xC0C0);

    // Of 32 numbers, those above 0 in magnitude.
    static Vector512<ushort> NotZero => Vector512.Create(
        0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF,
        0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF);

    /// <summary>Whether no product of a code and one of these scales is beyond the normal numbers.</summary>
    internal static bool AreExact(ReadOnlySpan<byte> scales) => !scales.ContainsAnyExceptInRange(Smallest, Largest);

    /// <summary>A row; zeros lose their sign.</summary>
    /// <param name="codes">Two in a byte, the even column below.</param>
    /// <param name="scales">2^(code - 127) of 32 columns each, as <see cref="AreExact"/> has them.</param>
    /// <param name="columns">A multiple of 32.</param>
    /// <param name="destination">bfloat16.</param>
    internal static void Expand(byte* codes, byte* scales, int columns, ushort* destination)
    {
        Vector512<ushort> numbers = Numbers;
        Vector512<ushort> notZero = NotZero;
        ushort* table = stackalloc ushort[BlockColumns];
        for (int column = 0; column < columns; column += BlockColumns, scales++, codes += BlockColumns / 2, destination += BlockColumns)
        {
            Vector512<ushort> scaled = (numbers + Vector512.Create((ushort)((*scales - 127) << ExponentShift))) & notZero;
            if (Avx512BW.IsSupported)
            {
                // A byte in each 32 bits: its upper half moves to the upper word.
                Vector512<uint> pairs = Avx512F.ConvertToVector512UInt32(Vector128.Load(codes));
                Vector512<ushort> indices = ((pairs | (pairs << 12)) & Vector512.Create(0x000F000Fu)).AsUInt16();
                Avx512BW.PermuteVar32x16(scaled, indices).Store(destination);
                continue;
            }

            scaled.Store(table);
            for (int i = 0; i < BlockColumns / 2; i++)
            {
                destination[2 * i] = table[codes[i] & 15];
                destination[2 * i + 1] = table[codes[i] >> 4];
            }
        }
    }
}
