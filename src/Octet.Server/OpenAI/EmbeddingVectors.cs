using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Server.Telemetry;

namespace Octet.Server.OpenAI;

/// <summary><c>POST /v1/embeddings</c>.</summary>
static class EmbeddingVectors
{
    internal static async Task CreateAsync(ApiRequest request)
    {
        Fields fields = await request.ReadAsync();
        IReadOnlyList<(string? Text, int[]? Ids)> inputs = PromptInputs.Read(fields, "input", request.Options.MaxInputs);
        bool base64 = fields.Word("encoding_format", "float", "base64") == "base64";
        var options = new EmbeddingOptions { Dimensions = fields.Integer("dimensions", 1), PromptName = fields.Text("prompt_name") };
        using ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(fields.Text("model"), ServedModelKind.Embedding, request.Aborted);
        EmbeddingModel model = lease.Embedding;
        if (options.Dimensions > model.Dimensions)
        {
            throw ApiException.Invalid("dimensions", string.Create(CultureInfo.InvariantCulture, $"dimensions is {options.Dimensions}; expected 1 to {model.Dimensions}, as many as the model makes"));
        }

        request.ModelName = lease.Name;
        using var watch = new OperationWatch(request, "embeddings", lease.Name);
        (float[][] vectors, int tokens) = await Task.Run(() => Compute(model, inputs, options, request.Aborted), request.Aborted);
        watch.End(tokens);
        await request.WriteAsync(json => Write(json, lease.Name, vectors, base64, tokens));
    }

    static (float[][] Vectors, int Tokens) Compute(EmbeddingModel model, IReadOnlyList<(string? Text, int[]? Ids)> inputs, EmbeddingOptions options, CancellationToken cancellationToken)
    {
        // Either all are texts or each is told apart by what it is; the two ways in differ in what they put around.
        string[] texts = [.. inputs.Where(input => input.Text is not null).Select(input => input.Text!)];
        int[][] ids = [.. inputs.Where(input => input.Ids is not null).Select(input => input.Ids!)];
        (float[][] vectors, long tokens) = texts.Length == 0 ? ([], 0) : model.EmbedCounted(texts, options, null, cancellationToken);
        var ofTexts = new Queue<float[]>(vectors);
        var ofIds = new Queue<float[]>(ids.Length == 0 ? [] : model.EmbedTokens(ids, options, null, cancellationToken));
        return ([.. inputs.Select(input => input.Text is not null ? ofTexts.Dequeue() : ofIds.Dequeue())], checked((int)tokens + ids.Sum(static list => list.Length)));
    }

    static void Write(Utf8JsonWriter json, string model, float[][] vectors, bool base64, int tokens)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        for (int i = 0; i < vectors.Length; i++)
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "embedding"u8);
            json.WriteNumber("index"u8, i);
            if (base64)
            {
                json.WriteBase64String("embedding"u8, LittleEndian(vectors[i]));
            }
            else
            {
                json.WriteStartArray("embedding"u8);
                foreach (float value in vectors[i])
                {
                    json.WriteNumberValue(value);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model"u8, model);
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, tokens);
        json.WriteNumber("total_tokens"u8, tokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static byte[] LittleEndian(float[] vector)
    {
        byte[] bytes = new byte[vector.Length * sizeof(float)];
        for (int i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        }

        return bytes;
    }
}
