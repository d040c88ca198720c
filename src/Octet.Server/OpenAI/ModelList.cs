using System.Globalization;
using System.Text.Json;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>
/// <c>GET /v1/models</c> and <c>/v1/models/{id}</c>. A model has the fields of OpenAI's form and of Anthropic's, which do not contradict each other, and so has the list: clients of both find theirs.
/// </summary>
static class ModelList
{
    internal static Task ListAsync(ApiRequest request)
    {
        (CatalogEntry Entry, string Name)[] all = [.. request.Server.Get<ModelCatalog>().Entries.SelectMany(static entry => entry.Model.Aliases.Prepend(entry.Name).Select(name => (entry, name)))];
        (CatalogEntry Entry, string Name)[] page = ModelPage.Of(all, static model => model.Name, request.Context.Request.Query, out bool hasMore);
        return request.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "list"u8);
            json.WriteStartArray("data"u8);
            foreach ((CatalogEntry entry, string name) in page)
            {
                Write(json, entry, name);
            }

            json.WriteEndArray();
            json.WriteText("first_id"u8, page is [var first, ..] ? first.Name : null);
            json.WriteText("last_id"u8, page is [.., var last] ? last.Name : null);
            json.WriteBoolean("has_more"u8, hasMore);
            if (request.Context.Request.Query.ContainsKey("client_version"))
            {
                // Codex, which wants models in a form of its own, with its own prompts in it: here are none of those.
                json.WriteStartArray("models"u8);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        });
    }

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
        json.WriteString("type"u8, "model"u8);
        json.WriteString("display_name"u8, name);
        json.WriteString("created_at"u8, entry.Created.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
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
            json.WriteNumber("max_input_tokens"u8, loaded.MaxTokens);
            json.WriteNumber("max_tokens"u8, loaded.MaxTokens);
        }

        json.WriteEndObject();
    }
}
