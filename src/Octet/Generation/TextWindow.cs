namespace Octet.Generation;

/// <summary>
/// The tokens [<see cref="Begin"/>, <see cref="End"/>) of a text, computed as a sequence of their own, and the rows of logits that are
/// taken from it. Every position's row is taken once: from the window in which the token after it is new, or the last that holds it.
/// </summary>
/// <param name="Begin">The first token.</param>
/// <param name="End">Behind the last one.</param>
/// <param name="FirstRow">The first position whose logits are taken.</param>
/// <param name="EndRow">Behind the last one. The row at <paramref name="End"/> - 1 predicts nothing in this window.</param>
readonly record struct TextWindow(int Begin, int End, int FirstRow, int EndRow)
{
    internal static IEnumerable<TextWindow> Cut(int tokens, int length, int stride)
    {
        int row = 0;
        for (long begin = 0; ; begin += stride)
        {
            int end = (int)Math.Min(begin + length, tokens);
            bool isLast = end == tokens;
            int endRow = isLast || stride == length ? end : end - 1;
            yield return new TextWindow((int)begin, end, row, endRow);
            if (isLast)
            {
                yield break;
            }

            row = endRow;
        }
    }
}
