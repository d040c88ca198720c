namespace Octet.Server.Catalog;

/// <summary>Kinds of models in words.</summary>
static class Kinds
{
    internal static string Does(ServedModelKind kind) => kind switch
    {
        ServedModelKind.Language => "answers",
        ServedModelKind.Embedding => "makes vectors",
        _ => "scores documents",
    };

    internal static string Endpoint(ServedModelKind kind) => kind switch
    {
        ServedModelKind.Language => "/v1/chat/completions, /v1/completions, /v1/responses and /v1/messages",
        ServedModelKind.Embedding => "/v1/embeddings",
        _ => "/v1/rerank",
    };
}
