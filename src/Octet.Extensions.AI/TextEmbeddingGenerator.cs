using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <inheritdoc cref="EmbeddingModelExtensions.AsEmbeddingGenerator"/>
sealed class TextEmbeddingGenerator(EmbeddingModel model, EmbeddingOptions defaults) : IEmbeddingGenerator<string, Embedding<float>>
{
    readonly ModelName _name = new(model.Path, null);
    readonly EmbeddingGeneratorMetadata _metadata = new("octet", null, ModelLocation.Name(model.Path), defaults.Dimensions ?? model.Dimensions);

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        _name.Require(options?.ModelId, "generator");
        EmbeddingOptions settings = defaults;
        if (options?.Dimensions is { } dimensions)
        {
            settings = settings with { Dimensions = dimensions };
        }

        if (new AdditionalSettings(options?.AdditionalProperties).PromptName is { } prompt)
        {
            settings = settings with { PromptName = prompt, Prompt = null };
        }

        string[] texts = [.. values];
        (float[][] vectors, long tokens) = await Task.Run(() => model.EmbedCounted(texts, settings, null, cancellationToken), cancellationToken).ConfigureAwait(false);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return new GeneratedEmbeddings<Embedding<float>>(vectors.Select(vector => new Embedding<float>(vector) { ModelId = _name.Text, CreatedAt = now }))
        {
            Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
        };
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(model) ? model
            : null;
    }

    // The model is somebody else's.
    public void Dispose()
    {
    }
}
