namespace Octet.Tokenizers.Decoders;

/// <summary>
/// A step from tokens to text. Tokens come in parts, each as soon as it is known, so that what a stage cannot change any more goes on at
/// once; one object serves one sequence of tokens.
/// </summary>
abstract class DecodeStage
{
    /// <summary>Takes a part of the token at hand, whole characters.</summary>
    internal abstract void Append(ReadOnlySpan<char> part);

    /// <summary>Ends the token at hand, which may have had no part at all.</summary>
    internal abstract void EndToken();

    /// <summary>Ends the sequence.</summary>
    internal abstract void End();
}
