namespace Octet;

/// <summary>A model cannot be had from the hub or its cache. The message is one line: what, where, why and what to do.</summary>
public sealed class ModelHubException : Exception
{
    internal ModelHubException(ModelHubError error, string message, Exception? innerException = null)
        : base(message, innerException) => Error = error;

    /// <summary>The kind of error.</summary>
    public ModelHubError Error { get; }
}
