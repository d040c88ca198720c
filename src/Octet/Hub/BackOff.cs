namespace Octet;

/// <summary>Waits between the attempts at one thing, longer each time, until there have been too many without progress.</summary>
sealed class BackOff(ModelHubOptions options)
{
    static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(10);

    int _failures;

    /// <summary>Something came: failures are counted anew.</summary>
    internal void Progressed() => _failures = 0;

    /// <exception cref="ModelHubException">The failure, if it is one too many or the server wants a longer wait than makes sense.</exception>
    internal Task WaitAsync(TransientFailure failure, CancellationToken cancellationToken)
    {
        if (++_failures > options.Retries || failure.RetryAfter > options.LongestWait)
        {
            throw failure.Final;
        }

        // Between half and all of it, so that connections that failed together do not come back together.
        TimeSpan delay = options.RetryDelay * Math.Pow(2, _failures - 1) * (0.5 + (Random.Shared.NextDouble() / 2));
        delay = delay < s_longestDelay ? delay : s_longestDelay;
        return Task.Delay(failure.RetryAfter > delay ? failure.RetryAfter.Value : delay, cancellationToken);
    }

    /// <summary>Repeats an attempt until it succeeds or fails for good.</summary>
    internal static async Task<T> RepeatAsync<T>(ModelHubOptions options, Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        for (var backOff = new BackOff(options); ;)
        {
            TransientFailure failure;
            try
            {
                return await attempt().ConfigureAwait(false);
            }
            catch (TransientFailure e)
            {
                failure = e;
            }

            await backOff.WaitAsync(failure, cancellationToken).ConfigureAwait(false);
        }
    }
}
