using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Server.Responses;
using Octet.Server.Telemetry;

namespace Octet.Server;

/// <summary>Adds models to an application.</summary>
public static class OctetServiceCollectionExtensions
{
    /// <summary>
    /// Adds the models and what serves them. Options are checked when the host starts, and the models are opened then, unless they are to be opened on first use.
    /// A model can be had by its name as a keyed service (<c>[FromKeyedServices("name")] LanguageModel</c>, <see cref="EmbeddingModel"/>, <see cref="Reranker"/>),
    /// and the default <see cref="LanguageModel"/> without: it stays open then as long as the host runs.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Names the models, and sets what else is wanted.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddOctet(this IServiceCollection services, Action<OctetServerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<OctetServerOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OctetServerOptions>, OctetServerOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ModelCatalog>();
        services.TryAddSingleton<ServerMetrics>();
        services.TryAddSingleton<ConstraintCache>();
        services.TryAddSingleton<ResponseStore>();
        services.TryAddSingleton<BackgroundResponses>();
        services.TryAddSingleton<RateLimits>();
        services.TryAddSingleton<ServerState>();
        services.AddHostedService<CatalogService>();
        services.AddHostedService(static provider => provider.GetRequiredService<BackgroundResponses>());
        services.TryAddKeyedSingleton(KeyedService.AnyKey, static (provider, key) => Pin(provider, key, ServedModelKind.Language).Language ?? throw NotA<LanguageModel>(key));
        services.TryAddKeyedSingleton(KeyedService.AnyKey, static (provider, key) => Pin(provider, key, ServedModelKind.Embedding).Embedding ?? throw NotA<EmbeddingModel>(key));
        services.TryAddKeyedSingleton(KeyedService.AnyKey, static (provider, key) => Pin(provider, key, ServedModelKind.Reranker).Reranker ?? throw NotA<Reranker>(key));
        services.TryAddSingleton(static provider => Pin(provider, null, ServedModelKind.Language).Language ?? throw NotA<LanguageModel>(null));
        return services;
    }

    static LoadedModel Pin(IServiceProvider provider, object? key, ServedModelKind kind)
    {
        try
        {
            return provider.GetRequiredService<ModelCatalog>().Find(key as string, kind).Pin();
        }
        catch (ApiException error)
        {
            throw new InvalidOperationException(error.Message, error);
        }
    }

    static InvalidOperationException NotA<T>(object? key) => new($"the model '{key}' is no {typeof(T).Name}");
}
