using System.Runtime.CompilerServices;
using System.Text;

namespace Octet.Tokenizers;

/// <summary>
/// The alphabet in which byte-level vocabularies are written (GPT-2): each of the 256 bytes has a printable character.
/// Bytes 0x21-0x7E, 0xA1-0xAC and 0xAE-0xFF stand for themselves; the other 68 take U+0100 and up in rising order,
/// so that a space is written U+0120.
/// </summary>
static class ByteLevelAlphabet
{
    const int FirstUnusedScalar = 0x144;

    static readonly char[] s_toChar = new char[256];
    static readonly short[] s_toByte = MakeToByte();
    static readonly byte[][] s_symbols = [.. s_toChar.Select(static symbol => Encoding.UTF8.GetBytes([symbol]))];

    internal static char ToChar(byte value) => s_toChar[value];

    /// <summary>The character that stands for a byte, as UTF-8.</summary>
    internal static ReadOnlySpan<byte> Symbol(byte value) => s_symbols[value];

    /// <summary>The byte that a character stands for, or -1.</summary>
    internal static int ToByte(char symbol) => symbol < s_toByte.Length ? s_toByte[symbol] : -1;

    /// <summary>Turns a token's content into the bytes it stands for.</summary>
    /// <param name="content">The content, UTF-8, as written in the file.</param>
    /// <param name="destination">At least as long as <paramref name="content"/>.</param>
    /// <param name="written">The number of bytes, where the result is true.</param>
    /// <returns>False where a character of the content is not in the alphabet.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static bool TryToBytes(ReadOnlySpan<byte> content, Span<byte> destination, out int written)
    {
        written = 0;
        short[] toByte = s_toByte;
        for (int i = 0; i < content.Length; i++)
        {
            int scalar = content[i];
            if (scalar >= 0x80)
            {
                // Only two-byte sequences reach U+00A1..U+0143; their lead byte is C2..C5.
                if (scalar is < 0xC2 or > 0xC5 || i + 1 >= content.Length || (content[i + 1] & 0xC0) != 0x80)
                {
                    return false;
                }

                scalar = ((scalar & 0x1F) << 6) | (content[++i] & 0x3F);
            }

            short value = scalar < toByte.Length ? toByte[scalar] : (short)-1;
            if (value < 0)
            {
                return false;
            }

            destination[written++] = (byte)value;
        }

        return true;
    }

    static short[] MakeToByte()
    {
        short[] toByte = new short[FirstUnusedScalar];
        Array.Fill(toByte, (short)-1);
        int next = 0x100;
        for (int value = 0; value < 256; value++)
        {
            bool itself = value is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            int scalar = itself ? value : next++;
            toByte[scalar] = (short)value;
            s_toChar[value] = (char)scalar;
        }

        return toByte;
    }
}
