namespace Octet.Tokenizers.Patterns;

/// <summary>A pattern is broken or outside of what is supported, or a text is too hostile to it. One line: what, where, what was expected.</summary>
sealed class PatternException : FormatException
{
    internal PatternException(string message)
        : base(message)
    {
    }
}
