using System.Buffers;
using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>What the patterns tell apart: <c>\p{L}</c>, <c>\p{N}</c>, <c>[\r\n]</c>, the rest of <c>\s</c>, and everything else.</summary>
enum ScalarClass : byte
{
    Other,
    Letter,
    Number,
    Space,
    NewLine,
}

/// <summary>Reading classes from UTF-8.</summary>
static class ScalarClasses
{
    static readonly ScalarClass[] s_ascii = [.. Enumerable.Range(0, 128).Select(value => Classify(new Rune(value)))];

    /// <summary>The class of the scalar value that begins at a position, and its length in bytes.</summary>
    internal static ScalarClass Read(ReadOnlySpan<byte> text, int at, out int length)
    {
        byte first = text[at];
        if (first < 0x80)
        {
            length = 1;
            return s_ascii[first];
        }

        return Rune.DecodeFromUtf8(text[at..], out Rune value, out length) == OperationStatus.Done
            ? Classify(value)
            : ScalarClass.Other;
    }

    /// <summary>Where the run of one class that may begin at a position ends.</summary>
    /// <param name="text">Valid UTF-8.</param>
    /// <param name="at">Where the run may begin.</param>
    /// <param name="wanted">The class of the run.</param>
    /// <param name="most">The largest number of scalar values to take.</param>
    internal static int RunEnd(ReadOnlySpan<byte> text, int at, ScalarClass wanted, int most = int.MaxValue)
    {
        while (most-- > 0 && at < text.Length && Read(text, at, out int length) == wanted)
        {
            at += length;
        }

        return at;
    }

    static ScalarClass Classify(Rune value) => Rune.GetUnicodeCategory(value) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => ScalarClass.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => ScalarClass.Number,
        _ when value.Value is '\r' or '\n' => ScalarClass.NewLine,
        _ when Rune.IsWhiteSpace(value) => ScalarClass.Space,
        _ => ScalarClass.Other,
    };
}
