namespace Octet.Tokenizers.Cutting;

/// <summary>Finds the places where a text is to be cut.</summary>
abstract class Cutter
{
    /// <summary>Begins with a text. What it returns serves one call.</summary>
    internal abstract Search Begin();

    /// <summary>The search through one text.</summary>
    internal abstract class Search
    {
        /// <summary>The next match at or behind a position.</summary>
        internal abstract bool Find(ReadOnlySpan<byte> text, int from, out int start, out int length);
    }
}
