using Octet.Server.Http;

namespace Octet.Server.Catalog;

/// <summary>The right to use a model: it is not closed before this is disposed of.</summary>
sealed class ModelLease(CatalogEntry entry, LoadedModel model) : IDisposable
{
    int _returned;

    internal string Name => entry.Name;

    internal LoadedModel Model => model;

    /// <exception cref="ApiException">The model is of another kind.</exception>
    internal LanguageModel Language => model.Language ?? throw WrongKind("answers");

    /// <exception cref="ApiException">The model is of another kind.</exception>
    internal EmbeddingModel Embedding => model.Embedding ?? throw WrongKind("makes vectors");

    /// <exception cref="ApiException">The model is of another kind.</exception>
    internal Reranker Reranker => model.Reranker ?? throw WrongKind("scores documents");

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _returned, 1) == 0)
        {
            entry.Return();
        }
    }

    ApiException WrongKind(string wanted) => new(
        StatusCodes.Status400BadRequest,
        $"the model '{Name}' {Kinds.Does(model.Kind)}: expected one that {wanted}. It is used at {Kinds.Endpoint(model.Kind)}",
        "model");
}
