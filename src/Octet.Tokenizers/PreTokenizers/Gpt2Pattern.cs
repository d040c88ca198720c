namespace Octet.Tokenizers.PreTokenizers;

/// <summary>The pattern of GPT-2, which the ByteLevel pre-tokenizer uses where <c>use_regex</c> is true.</summary>
sealed class Gpt2Pattern : SplitPattern
{
    internal const string Text = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    internal override int Match(ReadOnlySpan<byte> text)
    {
        if (text[0] == '\'' && Contraction.Length(text, ignoreCase: false) is int contraction and > 0)
        {
            return contraction;
        }

        int body = text[0] == ' ' ? 1 : 0;
        if (body < text.Length
            && ScalarClasses.Read(text, body, out _) is var wanted and (ScalarClass.Letter or ScalarClass.Number or ScalarClass.Other))
        {
            return ScalarClasses.RunEnd(text, body, wanted);
        }

        return new WhiteSpaceRun(text).Length;
    }
}
