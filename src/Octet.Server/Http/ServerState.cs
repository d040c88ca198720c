using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Responses;
using Octet.Server.Telemetry;

namespace Octet.Server.Http;

/// <summary>What all endpoints of a server share.</summary>
sealed class ServerState(
    IOptions<OctetServerOptions> options, ModelCatalog models, ServerMetrics metrics, ResponseStore responses, BackgroundResponses background, RateLimits rates, IHostApplicationLifetime lifetime, ILogger<ServerState> logger)
{
    internal OctetServerOptions Options { get; } = options.Value;

    internal ModelCatalog Models => models;

    internal ServerMetrics Metrics => metrics;

    internal ResponseStore Responses => responses;

    internal BackgroundResponses Background => background;

    internal RateLimits Rates => rates;

    internal ILogger Logger => logger;

    internal ConstraintCache Constraints { get; } = new();

    internal ApiKeys Keys { get; } = new(options.Value.ApiKeys);

    /// <summary>Whether the host has been asked to stop: what runs is finished, nothing new begins.</summary>
    internal bool IsStopping => lifetime.ApplicationStopping.IsCancellationRequested;
}
