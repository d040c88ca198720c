namespace Octet.Server;

/// <summary>A model that a server offers.</summary>
/// <param name="Name">What requests call it by, at least one character.</param>
/// <param name="Path">Its directory or file of weights, or the id of a model in the Hugging Face cache, which is downloaded where it is not there.</param>
public sealed record ServedModel(string Name, string Path)
{
    /// <summary>
    /// What it is used as. Null: as its files tell, a classifier or a model with <c>LogitScore</c> in its <c>modules.json</c> being a reranker, another directory with <c>modules.json</c> or an encoder one of vectors, and the rest language models.
    /// Qwen3-Reranker's files do not tell.
    /// </summary>
    public ServedModelKind? Kind { get; init; }

    /// <summary>Other names that requests may call it by.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>How it is opened as a language model; null: as its files say.</summary>
    public LanguageModelOptions? Options { get; init; }

    /// <summary>How it is opened as a model of vectors or scores; null: as its files say.</summary>
    public EncoderOptions? EncoderOptions { get; init; }
}
