using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Octet.Server.Http;

/// <summary>How many requests there may be: at once in all, and in a minute of each client.</summary>
sealed class RateLimits : IDisposable
{
    static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    readonly int _most;
    readonly PartitionedRateLimiter<string>? _perMinute;
    int _active;

    public RateLimits(IOptions<OctetServerOptions> options)
    {
        _most = options.Value.MaxRequests;
        _perMinute = options.Value.RequestsPerMinute is not { } limit ? null : PartitionedRateLimiter.Create<string, string>(client => RateLimitPartition.GetTokenBucketLimiter(client, _ => new TokenBucketRateLimiterOptions
        {
            // A burst of a minute's requests, then one after the other, evenly: whole numbers of them a second would be fewer than the limit.
            TokenLimit = limit,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromTicks(Math.Max(1, TimeSpan.TicksPerMinute / limit)),
            QueueLimit = 0,
            AutoReplenishment = true,
        }));
    }

    /// <summary>Lets a request in, until what this returns is disposed of.</summary>
    /// <param name="client">Who asks.</param>
    /// <exception cref="ApiException">There are too many: 429.</exception>
    internal IDisposable Enter(string client)
    {
        if (Interlocked.Increment(ref _active) > _most)
        {
            Interlocked.Decrement(ref _active);
            throw TooMany(string.Create(CultureInfo.InvariantCulture, $"the server has {_most} requests at work and waiting, the most it takes: try again shortly"), s_retry, "overloaded");
        }

        using RateLimitLease? lease = _perMinute?.AttemptAcquire(client);
        if (lease is { IsAcquired: false })
        {
            Interlocked.Decrement(ref _active);
            throw TooMany("too many requests in a minute from this client", lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan after) ? after : s_retry, "rate_limit_exceeded");
        }

        return new Place(this);
    }

    public void Dispose() => _perMinute?.Dispose();

    static ApiException TooMany(string message, TimeSpan after, string code) => new(StatusCodes.Status429TooManyRequests, message, null, code) { RetryAfter = after };

    sealed class Place(RateLimits limits) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref limits._active);
    }
}
