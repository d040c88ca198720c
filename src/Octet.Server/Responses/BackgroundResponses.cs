using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>The responses that are made while nobody waits for them: so many at once, of so many bytes; all of them end before the host does.</summary>
sealed class BackgroundResponses(IOptions<OctetServerOptions> options) : IHostedService
{
    readonly Lock _gate = new();
    readonly Dictionary<string, (Task Run, RunningResponse Response, long Bytes)> _runs = new(StringComparer.Ordinal);
    readonly int _most = options.Value.BackgroundResponses;
    readonly long _mostBytes = options.Value.StoredResponseBytes;
    long _bytes;

    /// <summary>What the events of one may take: those of all together no more than what is kept.</summary>
    internal long EventBytes => _mostBytes / Math.Max(1, _most);

    /// <summary>Makes a response, now or as soon as the model can.</summary>
    /// <param name="response">The response.</param>
    /// <param name="bytes">What it holds until it is made, in bytes.</param>
    /// <param name="run">Makes it, to its end; fails in no way.</param>
    /// <exception cref="ApiException">There are too many.</exception>
    internal void Start(RunningResponse response, long bytes, Func<Task> run)
    {
        lock (_gate)
        {
            if (_runs.Count >= _most || _bytes + bytes > _mostBytes)
            {
                throw new ApiException(
                    StatusCodes.Status429TooManyRequests, FormattableString.Invariant($"the server makes {_runs.Count} responses in the background, as many as it takes: try again shortly"), "background", "overloaded")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                };
            }

            _bytes += bytes;
            _runs.Add(response.Id, (Task.Run(() => RunAsync(response.Id, run)), response, bytes));
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Lets those end that run, and cancels them when the time is up.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        (Task Run, RunningResponse Response, long)[] left;
        lock (_gate)
        {
            left = [.. _runs.Values];
        }

        Task all = Task.WhenAll(left.Select(static item => item.Run));
        await all.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach ((_, RunningResponse response, _) in left)
        {
            await response.CancelAsync();
        }

        await all;
    }

    async Task RunAsync(string id, Func<Task> run)
    {
        try
        {
            await run();
        }
        finally
        {
            lock (_gate)
            {
                _runs.Remove(id, out (Task, RunningResponse, long Bytes) ended);
                _bytes -= ended.Bytes;
            }
        }
    }
}
