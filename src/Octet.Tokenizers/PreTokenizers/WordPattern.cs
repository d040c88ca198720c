namespace Octet.Tokenizers.PreTokenizers;

/// <summary>
/// The pattern of cl100k and its descendants: Qwen2 and Qwen3 take digits one by one, Llama 3 and GPT-4 up to three at a time.
/// The alternatives are tried in the order written, at each position.
/// </summary>
sealed class WordPattern(int mostDigits) : SplitPattern
{
    internal const string QwenText =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    internal const string LlamaText =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    internal override int Match(ReadOnlySpan<byte> text)
    {
        if (text[0] == '\'' && Contraction.Length(text, ignoreCase: true) is int contraction and > 0)
        {
            return contraction;
        }

        ScalarClass first = ScalarClasses.Read(text, 0, out int length);
        switch (first)
        {
            case ScalarClass.Letter:
                return ScalarClasses.RunEnd(text, length, ScalarClass.Letter);
            case ScalarClass.Number:
                return ScalarClasses.RunEnd(text, length, ScalarClass.Number, mostDigits - 1);
            case ScalarClass.NewLine:
                return new WhiteSpaceRun(text).AfterLastNewLine;
        }

        // One character that is neither letter, digit nor line break goes with the letters after it.
        int letters = ScalarClasses.RunEnd(text, length, ScalarClass.Letter);
        if (letters > length)
        {
            return letters;
        }

        int symbols = text[0] == ' ' ? 1 : 0;
        int end = ScalarClasses.RunEnd(text, symbols, ScalarClass.Other);
        if (end > symbols)
        {
            return ScalarClasses.RunEnd(text, end, ScalarClass.NewLine);
        }

        WhiteSpaceRun run = new(text);
        return run.AfterLastNewLine > 0 ? run.AfterLastNewLine : run.Length;
    }
}
