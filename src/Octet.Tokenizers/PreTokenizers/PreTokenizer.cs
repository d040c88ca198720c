namespace Octet.Tokenizers.PreTokenizers;

/// <summary>Makes a step in front of another.</summary>
/// <param name="next">The step behind.</param>
/// <param name="givesBytes">Whether ByteLevel leaves the bytes as they are, for a vocabulary that holds bytes; otherwise it writes its alphabet.</param>
delegate PieceStep MakeStep(PieceStep next, bool givesBytes);

/// <summary>The steps that cut normalised text into the pieces that the model encodes one by one, each within the pieces of the one before.</summary>
/// <param name="steps">The steps, the first of them first.</param>
/// <param name="givesBytes">Whether the last step is ByteLevel, and the only one of this kind, and leaves the bytes as they are.</param>
/// <param name="needsOrigins">Whether a step asks where a piece stood in the original text, and a step before it makes new text.</param>
/// <param name="needsNormalizedOrigins">Whether a step asks for it, which the place in the text tells where no normalizer made that.</param>
sealed class PreTokenizer(IReadOnlyList<MakeStep> steps, bool givesBytes, bool needsOrigins, bool needsNormalizedOrigins)
{
    internal static PreTokenizer None { get; } = new([], givesBytes: false, needsOrigins: false, needsNormalizedOrigins: false);

    internal bool GivesBytes => givesBytes;

    /// <param name="normalized">Whether a normalizer makes the text that the steps get.</param>
    internal bool NeedsOrigins(bool normalized) => needsOrigins || (normalized && needsNormalizedOrigins);

    /// <summary>The same steps with ByteLevel writing its alphabet.</summary>
    internal PreTokenizer ToCharacters() => givesBytes ? new PreTokenizer(steps, givesBytes: false, needsOrigins, needsNormalizedOrigins) : this;

    /// <summary>The first step of the chain that ends with this one.</summary>
    internal PieceStep Before(PieceStep last)
    {
        PieceStep first = last;
        for (int i = steps.Count - 1; i >= 0; i--)
        {
            first = steps[i](first, givesBytes && i == steps.Count - 1);
        }

        return first;
    }
}
