using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Octet.Server.Http;
using Octet.Server.Operations;

namespace Octet.Server;

/// <summary>Tells an application's own health checks how the models are.</summary>
public static class OctetHealthCheckExtensions
{
    /// <summary>
    /// Adds a check that passes as <c>GET /health</c> does: once the models that are opened at the start are open, until the host stops. Nothing is computed for it. It says
    /// whether requests should come (readiness): a model that is being opened is no reason to end the process.
    /// </summary>
    /// <param name="builder">The application's checks.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="failureStatus">What it reports when it does not pass; null: <see cref="HealthStatus.Unhealthy"/>.</param>
    /// <param name="tags">By which endpoints choose checks.</param>
    /// <returns>The same checks.</returns>
    public static IHealthChecksBuilder AddOctet(this IHealthChecksBuilder builder, string name = "octet", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return builder.Add(new HealthCheckRegistration(name, static provider => new Check(provider), failureStatus, tags));
    }

    sealed class Check(IServiceProvider services) : IHealthCheck
    {
        readonly ServerState _server = services.GetService<ServerState>()
            ?? throw new InvalidOperationException($"there are no models to check: call {nameof(OctetServiceCollectionExtensions.AddOctet)} on the application's services before it is built");

        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
        {
            (bool isHealthy, string word) = Health.Of(_server);
            return Task.FromResult(isHealthy ? HealthCheckResult.Healthy(word) : new HealthCheckResult(context.Registration.FailureStatus, $"models: {word}"));
        }
    }
}
