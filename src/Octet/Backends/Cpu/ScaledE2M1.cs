using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>
/// E2M1 codes times their scales as bfloat16, which holds all of a normal product's bits: two of the code's, four of an E4M3 scale's. For products that would have to begin anew with
/// every 16 or 32 columns.
/// </summary>
static unsafe class ScaledE2M1
{
    const int Together = 32;
    const int BlockOfE4M3 = 16;

    // Powers of two with which 0.5 to 6 are normal numbers.
    const byte SmallestPower = 2;
    const byte LargestPower = 252;

    // Live as long as the process.
    static readonly float* s_powers = Table(code => code == 0xFF ? float.NaN : (float)Math.ScaleB(1, code - 127));
    static readonly float* s_e4M3 = Table(code => (float)Unsafe.BitCast<byte, Float8E4M3FN>(code));

    /// <summary>What codes stand for.</summary>
    internal static Vector512<float> Numbers => Vector512.Create(0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6);

    // The second of each two words, of one vector and then of another.
    static Vector512<ushort> Upper => Vector512.Create(
        1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, (ushort)63);

    /// <summary>Whether no product of a code and one of these scales is beyond the normal numbers.</summary>
    internal static bool AreExact(BlockScaleKind kind, ReadOnlySpan<byte> scales)
        => kind == BlockScaleKind.E4M3 || (kind == BlockScaleKind.Powers && !scales.ContainsAnyExceptInRange(SmallestPower, LargestPower));

    /// <summary>A row.</summary>
    /// <param name="codes">Two in a byte, the even column below.</param>
    /// <param name="scales">As <see cref="AreExact"/> has them.</param>
    /// <param name="kind">What they are.</param>
    /// <param name="columns">A multiple of 32.</param>
    /// <param name="destination">bfloat16.</param>
    internal static void Expand(byte* codes, byte* scales, BlockScaleKind kind, int columns, ushort* destination)
    {
        bool halves = kind == BlockScaleKind.E4M3;
        float* values = halves ? s_e4M3 : s_powers;
        ushort* words = stackalloc ushort[Together];
        for (int column = 0; column < columns; column += Together, codes += Together / 2, destination += Together)
        {
            // 16 words for the first 16 columns, 16 for the others.
            float first = values[*scales++];
            float second = halves ? values[*scales++] : first;
            Vector512<ushort> low = (Numbers * first).AsUInt16();
            Vector512<ushort> high = (Numbers * second).AsUInt16();
            if (Avx512BW.IsSupported)
            {
                // A byte in each 32 bits: its upper half moves to the upper word.
                Vector512<uint> pairs = Avx512F.ConvertToVector512UInt32(Vector128.Load(codes));
                Vector512<uint> others = Vector512.Create(Vector256<uint>.Zero, Vector256.Create(BlockOfE4M3 | BlockOfE4M3 << 16).AsUInt32());
                Vector512<ushort> order = (((pairs | (pairs << 12)) & Vector512.Create(0x000F000Fu)) | others).AsUInt16();
                Avx512BW.PermuteVar32x16(Avx512BW.PermuteVar32x16x2(low, Upper, high), order).Store(destination);
                continue;
            }

            for (int i = 0; i < BlockOfE4M3; i++)
            {
                words[i] = low[2 * i + 1];
                words[BlockOfE4M3 + i] = high[2 * i + 1];
            }

            for (int i = 0; i < Together / 2; i++)
            {
                ushort* block = words + 2 * i / BlockOfE4M3 * BlockOfE4M3;
                destination[2 * i] = block[codes[i] & 15];
                destination[2 * i + 1] = block[codes[i] >> 4];
            }
        }
    }

    static float* Table(Func<byte, float> value)
    {
        var table = (float*)NativeMemory.Alloc(256, sizeof(float));
        for (int code = 0; code < 256; code++)
        {
            table[code] = value((byte)code);
        }

        return table;
    }
}
