using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <summary>An <see cref="EmbeddingModel"/> as Microsoft.Extensions.AI knows them.</summary>
public static class EmbeddingModelExtensions
{
    /// <summary>The key in a call's <see cref="EmbeddingGenerationOptions.AdditionalProperties"/> that names a prompt of the model (<see cref="EmbeddingOptions.PromptName"/>).</summary>
    internal const string PromptName = "prompt_name";

    /// <summary>
    /// The model as a generator of embeddings. A call's <c>Dimensions</c> count, and <c>prompt_name</c> among its additional properties; other settings are none
    /// of the model's. To dispose of the generator leaves the model open.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How texts become vectors where a call does not say it; null: as the model's files say.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> AsEmbeddingGenerator(this EmbeddingModel model, EmbeddingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new TextEmbeddingGenerator(model, options ?? new EmbeddingOptions());
    }
}
