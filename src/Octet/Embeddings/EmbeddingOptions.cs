namespace Octet;

/// <summary>How texts become vectors. Null leaves a choice to the model's files.</summary>
public sealed record EmbeddingOptions
{
    /// <summary>The name of a prompt among <see cref="EmbeddingModel.Prompts"/>, such as <c>query</c>, which is put before each text; by default <see cref="EmbeddingModel.DefaultPromptName"/>, where there is one.</summary>
    public string? PromptName { get; init; }

    /// <summary>What is put before each text, whatever prompts the model has; an empty one is none.</summary>
    public string? Prompt { get; init; }

    /// <summary>How many elements of each vector are kept, the first ones, from 1 to <see cref="EmbeddingModel.Dimensions"/>: for models that were trained so (Matryoshka). Vectors of length 1 are brought to it again.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Whether vectors are brought to length 1; by default where the model's files say so.</summary>
    public bool? Normalize { get; init; }
}
