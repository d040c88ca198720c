using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Octet.Extensions.AI;

/// <summary>Octet's models as services.</summary>
public static class OctetServiceCollectionExtensions
{
    /// <summary>
    /// Adds a model and its chat client: one <see cref="LanguageModel"/> and one <see cref="IChatClient"/> for the whole container, which opens the model when it is first asked
    /// for and disposes of it. Options are checked here. Middleware goes around it as around any client (docs/chat-client.md).
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="model">As in <see cref="LanguageModel.Load(string, LanguageModelOptions?)"/>: a directory, or the id of a model that is in the cache.</param>
    /// <param name="modelOptions">How to open it; null: as the machine and the model have it.</param>
    /// <param name="options">What holds for every call; null: nothing in particular. <see cref="ChatClientOptions.OwnsModel"/> has no effect: the container owns the model.</param>
    /// <param name="serviceKey">The key of both services, for several models in one container; null: none.</param>
    /// <exception cref="ArgumentException"><paramref name="model"/> is empty, or a value of <paramref name="modelOptions"/> or <paramref name="options"/> is outside its range.</exception>
    public static IServiceCollection AddOctetChatClient(
        this IServiceCollection services, string model, LanguageModelOptions? modelOptions = null, ChatClientOptions? options = null, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(model);
        options = (options ?? new ChatClientOptions()) with { OwnsModel = false };
        options.Validate();
        modelOptions?.Validate();
        if (serviceKey is null)
        {
            return services.AddSingleton(_ => LanguageModel.Load(model, modelOptions)).AddSingleton(provider => provider.GetRequiredService<LanguageModel>().AsChatClient(options));
        }

        return services
            .AddKeyedSingleton(serviceKey, (_, _) => LanguageModel.Load(model, modelOptions))
            .AddKeyedSingleton(serviceKey, (provider, key) => provider.GetRequiredKeyedService<LanguageModel>(key).AsChatClient(options));
    }

    /// <summary>
    /// Adds a model and its generator of embeddings: one <see cref="EmbeddingModel"/> and one <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of texts for the whole container,
    /// which opens the model when it is first asked for and disposes of it. How the model is to be opened is checked here.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="model">As in <see cref="EmbeddingModel.Load(string, EncoderOptions?)"/>: a directory, or the id of a model that is in the cache.</param>
    /// <param name="modelOptions">How to open it; null: as the machine and the model have it.</param>
    /// <param name="options">How texts become vectors where a call does not say it; null: as the model's files say.</param>
    /// <param name="serviceKey">The key of both services, for several models in one container; null: none.</param>
    /// <exception cref="ArgumentException"><paramref name="model"/> is empty, or a value of <paramref name="modelOptions"/> is outside its range.</exception>
    public static IServiceCollection AddOctetEmbeddingGenerator(
        this IServiceCollection services, string model, EncoderOptions? modelOptions = null, EmbeddingOptions? options = null, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(model);
        modelOptions?.Validate();
        if (serviceKey is null)
        {
            return services.AddSingleton(_ => EmbeddingModel.Load(model, modelOptions)).AddSingleton(provider => provider.GetRequiredService<EmbeddingModel>().AsEmbeddingGenerator(options));
        }

        return services
            .AddKeyedSingleton(serviceKey, (_, _) => EmbeddingModel.Load(model, modelOptions))
            .AddKeyedSingleton(serviceKey, (provider, key) => provider.GetRequiredKeyedService<EmbeddingModel>(key).AsEmbeddingGenerator(options));
    }
}
