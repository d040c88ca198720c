using System.Globalization;
using System.Text.Json;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Server.Telemetry;

namespace Octet.Server.OpenAI;

/// <summary><c>POST /v1/rerank</c>, in the form that Jina and Cohere share.</summary>
static class Rerank
{
    internal static async Task CreateAsync(ApiRequest request)
    {
        Fields fields = await request.ReadAsync();
        string query = fields.RequiredText("query");
        string[] documents = Documents(fields, request.Options.MaxInputs);
        int top = fields.Integer("top_n", 1) ?? documents.Length;
        bool returns = fields.Flag("return_documents") ?? true;
        var options = new RerankOptions { Instruction = fields.Text("instruction") };
        using ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(fields.Text("model"), ServedModelKind.Reranker, request.Aborted);
        Reranker model = lease.Reranker;
        request.ModelName = lease.Name;
        using var watch = new OperationWatch(request, "rerank", lease.Name);
        (IReadOnlyList<RankedDocument> ranked, int tokens) = await Task.Run(
            () => (model.Rank(query, documents, options, null, request.Aborted), documents.Sum(document => model.Encode(query, document, options).Length)), request.Aborted);
        watch.End(tokens);
        await request.WriteAsync(json => Write(json, lease.Name, [.. ranked.Take(top)], returns ? documents : null, tokens));
    }

    static string[] Documents(Fields fields, int most)
    {
        IReadOnlyList<(JsonElement Json, string Path)> documents = fields.List("documents") ?? throw fields.Missing("documents", "a list of texts");
        if (documents.Count == 0 || documents.Count > most)
        {
            throw ApiException.Invalid("documents", string.Create(CultureInfo.InvariantCulture, $"documents has {documents.Count} entries; expected 1 to {most}"));
        }

        return [.. documents.Select(static document => document.Json.ValueKind == JsonValueKind.Object
            ? new Fields(document.Json, document.Path).RequiredText("text")
            : Fields.Text(document.Json, document.Path))];
    }

    static void Write(Utf8JsonWriter json, string model, RankedDocument[] ranked, string[]? documents, int tokens)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ApiRequest.NewId("rerank-"));
        json.WriteString("object"u8, "list"u8);
        json.WriteString("model"u8, model);
        json.WriteStartArray("results"u8);
        foreach (RankedDocument document in ranked)
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, document.Index);
            json.WriteNumber("relevance_score"u8, document.Score);
            if (documents is not null)
            {
                json.WriteStartObject("document"u8);
                json.WriteString("text"u8, documents[document.Index]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, tokens);
        json.WriteNumber("total_tokens"u8, tokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
