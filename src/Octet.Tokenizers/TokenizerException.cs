namespace Octet.Tokenizers;

/// <summary>
/// A tokenizer file cannot be used. The message is one line: the file, the place in it, what was expected, what was found,
/// and what is supported.
/// </summary>
public sealed class TokenizerException : Exception
{
    /// <summary>Makes the exception with its one-line message.</summary>
    /// <param name="message">The file, the place in it, what was expected and what was found.</param>
    public TokenizerException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its one-line message and the failure below it.</summary>
    /// <param name="message">The file, the place in it, what was expected and what was found.</param>
    /// <param name="innerException">The failure that led to this one.</param>
    public TokenizerException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
