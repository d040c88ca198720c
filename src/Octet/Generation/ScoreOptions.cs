using Octet.Generation;

namespace Octet;

/// <summary>
/// How a text is cut into windows where it is longer than the context. After the first one, a window counts only the tokens that no window
/// before it has held; what lies before them in the window is their context. So does Hugging Face's guide to the perplexity of models of
/// fixed length, https://huggingface.co/docs/transformers/perplexity.
/// </summary>
public sealed record ScoreOptions
{
    /// <summary>Tokens of a window, from 2 to the context length; null: the whole text, or the context length where the text is longer.</summary>
    public int? Window { get; init; }

    /// <summary>
    /// Tokens from the start of one window to the start of the next, from 1 to the window's length; null: half a window. Where it is a whole
    /// window the first token of each is not predicted.
    /// </summary>
    public int? Stride { get; init; }

    /// <summary>The windows of a text.</summary>
    /// <exception cref="ModelException">A length is out of range.</exception>
    internal IEnumerable<TextWindow> Cut(int tokens, int contextLength)
    {
        if (tokens == 0)
        {
            throw new ModelException(ModelError.InvalidInput, "there are no tokens to score: expected at least one");
        }

        int length = Window ?? Math.Min(tokens, contextLength);
        if (length > contextLength || (length < 2 && tokens > 1))
        {
            throw new ModelException(ModelError.InvalidInput, contextLength < 2
                ? $"{tokens} tokens do not fit into a context of {contextLength}"
                : $"a window of {length} tokens: expected 2 to {contextLength}, the context length");
        }

        int stride = Stride ?? Math.Max(1, length / 2);
        return stride >= 1 && stride <= length
            ? TextWindow.Cut(tokens, length, stride)
            : throw new ModelException(ModelError.InvalidInput, $"a stride of {stride} tokens: expected 1 to {length}, the length of a window");
    }
}
