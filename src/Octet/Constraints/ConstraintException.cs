namespace Octet;

/// <summary>An <see cref="OutputConstraint"/> cannot be made or followed: its message is one line that says what is wrong and where.</summary>
public sealed class ConstraintException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="error">The kind of failure.</param>
    /// <param name="place">Where: the JSON pointer into a schema (<c>#/properties/age</c>), or <c>offset 12</c> of a pattern or grammar; empty where it is the whole.</param>
    /// <param name="message">What, found, expected. It becomes one line.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public ConstraintException(ConstraintError error, string place, string message, Exception? innerException = null)
        : base(OneLine.Whole(string.IsNullOrEmpty(place) ? message : $"{place}: {message}"), innerException)
    {
        Error = error;
        Place = place ?? "";
    }

    /// <summary>The kind of failure.</summary>
    public ConstraintError Error { get; }

    /// <summary>Where: the JSON pointer into a schema, or <c>offset 12</c> of a pattern or grammar; empty where it is the whole.</summary>
    public string Place { get; }
}
