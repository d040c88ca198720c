using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <inheritdoc cref="EmbeddingModelExtensions.AsEmbeddingGenerator"/>
sealed class TextEmbeddingGenerator(EmbeddingModel model, EmbeddingOptions defaults) : IEmbeddingGenerator<string, Embedding<float>>
{
    readonly EmbeddingGeneratorMetadata _metadata = new("octet", null, Path.GetFileName(Path.GetFullPath(model.Path).TrimEnd(Path.DirectorySeparatorChar)), defaults.Dimensions ?? model.Dimensions);

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        EmbeddingOptions settings = defaults;
        if (options?.Dimensions is { } dimensions)
        {
            settings = settings with { Dimensions = dimensions };
        }

        if (options?.AdditionalProperties?.TryGetValue(EmbeddingModelExtensions.PromptName, out string? prompt) == true)
        {
            settings = settings with { PromptName = prompt, Prompt = null };
        }

        float[][] vectors = await model.EmbedAsync([.. values], settings, null, cancellationToken).ConfigureAwait(false);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return new GeneratedEmbeddings<Embedding<float>>(vectors.Select(vector => new Embedding<float>(vector) { ModelId = _metadata.DefaultModelId, CreatedAt = now }));
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(model) ? model
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    // The model is somebody else's.
    public void Dispose()
    {
    }
}
