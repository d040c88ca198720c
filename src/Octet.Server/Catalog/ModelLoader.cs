using Octet.Checkpoints;
using Octet.Embeddings;
using System.Text.Json;

namespace Octet.Server.Catalog;

/// <summary>Opens a served model as what it is.</summary>
static class ModelLoader
{
    internal static async Task<LoadedModel> LoadAsync(ServedModel model, CancellationToken cancellationToken)
    {
        string path = await ResolveAsync(model.Path, cancellationToken);
        if (model.Options is { DraftModel: { Length: > 0 } draft } options)
        {
            model = model with { Options = options with { DraftModel = await ResolveAsync(draft, cancellationToken) } };
        }

        return await Task.Run(() => Open(model, path), cancellationToken);
    }

    static LoadedModel Open(ServedModel model, string path)
    {
        IDisposable opened = (model.Kind ?? KindOf(path)) switch
        {
            ServedModelKind.Embedding => EmbeddingModel.Load(path, model.EncoderOptions),
            ServedModelKind.Reranker => Reranker.Load(path, model.EncoderOptions),
            _ => LanguageModel.Load(path, model.Options),
        };
        try
        {
            return opened switch
            {
                EmbeddingModel embedding => LoadedModel.Of(embedding),
                Reranker reranker => LoadedModel.Of(reranker),
                _ => LoadedModel.Of((LanguageModel)opened),
            };
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>What a model's files tell of its use. What cannot be read is left to who opens it, whose errors are better.</summary>
    internal static ServedModelKind KindOf(string path)
    {
        string directory = File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
        string[] classes = Architectures(Path.Combine(directory, "config.json"));
        return classes.Any(name => name.EndsWith("ForSequenceClassification", StringComparison.Ordinal)) || SentenceModules.IsReranker(directory) ? ServedModelKind.Reranker
            : File.Exists(Path.Combine(directory, SentenceModules.FileName)) ? ServedModelKind.Embedding
            : classes.Length == 0 || classes.Any(ModelConfig.SupportedArchitectures.Contains) ? ServedModelKind.Language
            : classes.Any(name => name.EndsWith("ForCausalLM", StringComparison.Ordinal) || name.EndsWith("ForConditionalGeneration", StringComparison.Ordinal)) ? ServedModelKind.Language
            : ServedModelKind.Embedding;
    }

    static string[] Architectures(string config)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(config));
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("architectures", out JsonElement names) && names.ValueKind == JsonValueKind.Array
                ? [.. names.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!)]
                : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return [];
        }
    }

    static async Task<string> ResolveAsync(string model, CancellationToken cancellationToken)
    {
        if (Directory.Exists(model) || File.Exists(model) || !ModelId.TryParse(model, out ModelId? id))
        {
            return model;
        }

        using var hub = new ModelHub();
        return hub.Find(id!) ?? await hub.PullAsync(id!, null, cancellationToken);
    }
}
