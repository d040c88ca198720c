namespace Octet;

/// <summary>
/// A model cannot be loaded or does not compute: its message is one line that says what is wrong, in which file, key or tensor,
/// what was found and what was expected.
/// </summary>
public class ModelException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="error">The kind of failure.</param>
    /// <param name="message">What, where, found, expected. It becomes one line: names from a file may have line breaks.</param>
    /// <param name="path">The file or directory concerned, where there is one.</param>
    /// <param name="tensorName">The tensor concerned, as the checkpoint names it, where there is one.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public ModelException(ModelError error, string message, string? path = null, string? tensorName = null, Exception? innerException = null)
        : base(OneLine.Whole(message), innerException)
    {
        Error = error;
        Path = path;
        TensorName = tensorName;
    }

    /// <summary>The kind of failure.</summary>
    public ModelError Error { get; }

    /// <summary>The file or directory concerned; null where there is none.</summary>
    public string? Path { get; }

    /// <summary>The tensor concerned, as the checkpoint names it; null where there is none.</summary>
    public string? TensorName { get; }

    /// <summary>When another try may do, where that can be said; null otherwise.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
