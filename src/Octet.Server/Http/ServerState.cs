using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Octet.Server.Http;

/// <summary>What all requests of a server share.</summary>
sealed class ServerState(IOptions<OctetServerOptions> options, RateLimits rates, IServiceProvider services, IHostApplicationLifetime lifetime, ILogger<ServerState> logger)
{
    internal OctetServerOptions Options { get; } = options.Value;

    internal RateLimits Rates => rates;

    internal ILogger Logger => logger;

    internal ApiKeys Keys { get; } = new(options.Value.ApiKeys);

    internal BodyBytes Bodies { get; } = new(options.Value.MaxHeldBytes ?? (options.Value.MaxRequestBytes > long.MaxValue / 16 ? long.MaxValue : 16 * options.Value.MaxRequestBytes));

    internal RequestCounts Requests { get; } = new();

    /// <summary>Whether the host has been asked to stop: what runs is finished, nothing new begins.</summary>
    internal bool IsStopping => lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>The server's one object of a type that is none of HTTP: its models, figures, stored responses.</summary>
    internal T Get<T>()
        where T : notnull => services.GetRequiredService<T>();
}
