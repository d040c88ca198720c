namespace Octet;

/// <summary>A request has failed in a way that may not happen again.</summary>
/// <param name="final">What to throw if it happens again and again.</param>
/// <param name="retryAfter">How long the server wants to be left alone.</param>
sealed class TransientFailure(ModelHubException final, TimeSpan? retryAfter = null) : Exception(final.Message, final)
{
    internal ModelHubException Final { get; } = final;

    internal TimeSpan? RetryAfter { get; } = retryAfter;
}
