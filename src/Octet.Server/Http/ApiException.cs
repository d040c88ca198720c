namespace Octet.Server.Http;

/// <summary>A request is refused: what its answer says.</summary>
/// <param name="status">The HTTP status, from 400.</param>
/// <param name="message">One line for the caller: what, expected, found.</param>
/// <param name="param">The field concerned, such as <c>messages[1].content</c>; null: none.</param>
/// <param name="code">A word for programs; null: none.</param>
/// <param name="innerException">The cause, where there is one.</param>
sealed class ApiException(int status, string message, string? param = null, string? code = null, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The code of a conversation that does not fit into the model's context.</summary>
    internal const string ContextLength = "context_length_exceeded";

    internal int Status => status;

    internal string? Param => param;

    internal string? Code => code;

    /// <summary>When to try again; null: not said.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>The methods that the path has, where another was used.</summary>
    internal string? Allow { get; init; }

    /// <summary>A field is wrong: 400.</summary>
    internal static ApiException Invalid(string param, string message) => new(StatusCodes.Status400BadRequest, message, param);

    /// <summary>A field is known and not supported: 400.</summary>
    internal static ApiException Unsupported(string param, string message) => new(StatusCodes.Status400BadRequest, message, param, "unsupported_parameter");
}
