using System.Text;

namespace Octet.Safetensors;

/// <summary>
/// Orders strings as their UTF-8 bytes would be, which is the order of code points. UTF-16 order differs: surrogates, the
/// halves of characters above U+FFFF, lie below U+E000.
/// </summary>
sealed class Utf8Order : IComparer<string>
{
    internal static readonly Utf8Order Instance = new();

    public int Compare(string? x, string? y)
    {
        ReadOnlySpan<char> left = x;
        ReadOnlySpan<char> right = y;
        int common = left.CommonPrefixLength(right);
        return common == left.Length || common == right.Length
            ? left.Length.CompareTo(right.Length)
            : Rank(left[common]).CompareTo(Rank(right[common]));
    }

    internal static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out int consumed) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            text = text[consumed..];
        }

        return true;
    }

    static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;
}
