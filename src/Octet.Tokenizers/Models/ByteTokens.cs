using System.Globalization;

namespace Octet.Tokenizers.Models;

/// <summary>The tokens <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, which stand for bytes of what a vocabulary has no other tokens for.</summary>
static class ByteTokens
{
    /// <summary>Their ids by byte, -1 where one is missing.</summary>
    internal static int[] Find(Vocabulary vocabulary)
    {
        int[] ids = new int[256];
        for (int value = 0; value < ids.Length; value++)
        {
            ids[value] = vocabulary.FindContent(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"));
        }

        return ids;
    }

    /// <summary>Whether there is a token for every byte of a text.</summary>
    internal static bool Cover(int[] ids, ReadOnlySpan<byte> text)
    {
        foreach (byte value in text)
        {
            if (ids[value] < 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The byte that a content stands for, or -1.</summary>
    internal static int Parse(ReadOnlySpan<char> content)
    {
        if (content.Length != 6 || !content.StartsWith("<0x", StringComparison.Ordinal) || content[5] != '>')
        {
            return -1;
        }

        // The reference reads the two as a number, to which a sign may belong.
        int high = content[3] == '+' ? 0 : Digit(content[3]);
        int low = Digit(content[4]);
        return high < 0 || low < 0 ? -1 : (high * 16) + low;
    }

    static int Digit(char value) => char.IsAsciiHexDigit(value) ? Convert.ToInt32(value.ToString(), 16) : -1;
}
