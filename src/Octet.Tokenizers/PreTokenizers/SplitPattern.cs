namespace Octet.Tokenizers.PreTokenizers;

/// <summary>
/// A pattern that covers every text: whatever the text, some piece begins at its start. Patterns are hand-written scanners over
/// Unicode scalar values, because the patterns of tokenizer.json count in those while .NET's Regex counts in UTF-16 units.
/// </summary>
abstract class SplitPattern
{
    /// <summary>The length in bytes of the first piece of a text.</summary>
    /// <param name="text">Valid UTF-8, not empty.</param>
    internal abstract int Match(ReadOnlySpan<byte> text);
}
