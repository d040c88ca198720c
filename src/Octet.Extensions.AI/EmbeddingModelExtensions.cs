using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <summary>An <see cref="EmbeddingModel"/> as Microsoft.Extensions.AI knows them.</summary>
public static class EmbeddingModelExtensions
{
    /// <summary>
    /// The model as a generator of embeddings. A call's <c>Dimensions</c> count, and <c>prompt_name</c> among its additional properties, which names one of the model's prompts; another
    /// model's <c>ModelId</c> is refused, and other settings are none of the model's. To dispose of the generator leaves the model open.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How texts become vectors where a call does not say it; null: as the model's files say.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> AsEmbeddingGenerator(this EmbeddingModel model, EmbeddingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new TextEmbeddingGenerator(model, options ?? new EmbeddingOptions());
    }
}
