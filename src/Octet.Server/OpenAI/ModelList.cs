using System.Text.Json;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary><c>GET /v1/models</c> and <c>/v1/models/{id}</c>.</summary>
static class ModelList
{
    internal static Task ListAsync(ApiRequest request) => request.WriteAsync(json =>
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (CatalogEntry entry in request.Server.Get<ModelCatalog>().Entries)
        {
            foreach (string name in entry.Model.Aliases.Prepend(entry.Name))
            {
                Write(json, entry, name);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    internal static Task GetAsync(ApiRequest request)
    {
        string name = (string)request.Context.Request.RouteValues["id"]!;
        CatalogEntry entry = request.Server.Get<ModelCatalog>().Find(name, ServedModelKind.Language);
        return request.WriteAsync(json => Write(json, entry, name));
    }

    static void Write(Utf8JsonWriter json, CatalogEntry entry, string name)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, name);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, entry.Created.ToUnixTimeSeconds());
        json.WriteString("owned_by"u8, "octet"u8);
        if (name != entry.Name)
        {
            json.WriteString("root"u8, entry.Name);
        }

        json.WriteString("kind"u8, entry.Kind switch
        {
            ServedModelKind.Language => "language"u8,
            ServedModelKind.Embedding => "embedding"u8,
            _ => "reranker"u8,
        });
        if (entry.Loaded is { } loaded)
        {
            json.WriteNumber("max_model_len"u8, loaded.MaxTokens);
        }

        json.WriteEndObject();
    }
}
