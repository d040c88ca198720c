using System.Text;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>The Digits pre-tokenizer: numbers (<c>\p{N}</c>) apart from everything else, one by one or in runs.</summary>
sealed class DigitsPattern(bool individual) : SplitPattern
{
    internal override int Match(ReadOnlySpan<byte> text)
    {
        bool number = IsNumber(text, 0, out int at);
        if (number && individual)
        {
            return at;
        }

        while (at < text.Length && IsNumber(text, at, out int length) == number)
        {
            at += length;
        }

        return at;
    }

    static bool IsNumber(ReadOnlySpan<byte> text, int at, out int length)
    {
        if (ScalarClasses.Read(text, at, out length) == ScalarClass.Number)
        {
            return true;
        }

        // Numbers of Unicode 17, which the reference knows here and .NET 10 does not.
        if (length < 4)
        {
            return false;
        }

        Rune.DecodeFromUtf8(text[at..], out Rune value, out _);
        return value.Value is (>= 0x11DE0 and <= 0x11DE9) or (>= 0x16FF4 and <= 0x16FF6);
    }
}
