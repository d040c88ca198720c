namespace Octet.Tokenizers.Decoders;

/// <summary>The steps from tokens to text that a file names.</summary>
/// <param name="steps">Each makes its stage in front of the next; null: the file has no decoder, and contents are joined by spaces.</param>
sealed class TokenDecoder(IReadOnlyList<Func<DecodeStage, DecodeStage>>? steps)
{
    /// <summary>Makes the stages for a sequence of tokens.</summary>
    /// <param name="text">Takes the text.</param>
    /// <returns>The stage that takes the tokens.</returns>
    internal DecodeStage Begin(out TextStage text)
    {
        text = new TextStage(steps is null ? " " : "");
        DecodeStage first = text;
        for (int i = (steps?.Count ?? 0) - 1; i >= 0; i--)
        {
            first = steps![i](first);
        }

        return first;
    }
}
