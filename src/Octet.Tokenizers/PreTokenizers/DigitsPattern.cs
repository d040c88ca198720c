namespace Octet.Tokenizers.PreTokenizers;

/// <summary>The Digits pre-tokenizer: numbers (<c>\p{N}</c>) apart from everything else, one by one or in runs.</summary>
sealed class DigitsPattern(bool individual) : SplitPattern
{
    internal override int Match(ReadOnlySpan<byte> text)
    {
        if (ScalarClasses.Read(text, 0, out int at) == ScalarClass.Number)
        {
            return individual ? at : ScalarClasses.RunEnd(text, at, ScalarClass.Number);
        }

        while (at < text.Length && ScalarClasses.Read(text, at, out int length) != ScalarClass.Number)
        {
            at += length;
        }

        return at;
    }
}
