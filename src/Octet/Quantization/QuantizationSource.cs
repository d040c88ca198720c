using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// A checkpoint that is read to be encoded anew. It is open twice: mapped, for headers and scales, and to be read at positions, for the
/// weights, whose pages would otherwise all count as this process's memory.
/// </summary>
sealed class QuantizationSource : IDisposable
{
    readonly string _path;

    internal QuantizationSource(string path)
    {
        _path = path;
        IsDirectory = Directory.Exists(path);
        Checkpoint = SafetensorsCheckpoint.Open(path);
        try
        {
            Reader = SafetensorsCheckpoint.Open(path, SafetensorsReadMode.Positional);
            ConfigJson = ReadConfig();
            Modules = new SourceModules(Checkpoint, Quantization());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal bool IsDirectory { get; }

    internal SafetensorsCheckpoint Checkpoint { get; }

    internal SafetensorsCheckpoint Reader { get; }

    internal SourceModules Modules { get; }

    /// <summary>The directory's <c>config.json</c>; of a file an object with the <c>quantization_config</c> of its metadata; null where there is neither.</summary>
    internal JsonObject? ConfigJson { get; }

    internal bool TiesOutput => ConfigJson?["tie_word_embeddings"] is JsonValue value && value.TryGetValue(out bool tied) && tied;

    public void Dispose()
    {
        Reader?.Dispose();
        Checkpoint.Dispose();
    }

    /// <summary>Copies what makes weights a model: configuration, tokenizer, template, licence. Not the model card: it describes the source.</summary>
    internal void CopyCompanions(string directory, JsonObject? quantization, bool untie)
    {
        foreach (string file in Directory.EnumerateFiles(_path))
        {
            string name = Path.GetFileName(file);
            bool text = Path.GetExtension(name) is ".json" or ".txt" or ".jinja" or ".model" or ".tiktoken";
            bool legal = name.StartsWith("LICENSE", StringComparison.OrdinalIgnoreCase) || name.StartsWith("NOTICE", StringComparison.OrdinalIgnoreCase);
            bool weights = name.EndsWith(".index.json", StringComparison.Ordinal) || name is ModelConfig.ModelOptFileName or ModelConfig.FileName;
            if ((text || legal) && !weights)
            {
                File.Copy(file, Path.Combine(directory, name));
            }
        }

        string config = Path.Combine(_path, ModelConfig.FileName);
        if (File.Exists(config))
        {
            File.WriteAllText(Path.Combine(directory, ModelConfig.FileName), PublishedConfig.Apply(config, quantization, untie));
        }
    }

    JsonObject? ReadConfig()
    {
        if (!IsDirectory)
        {
            return Checkpoint.Files[0].Metadata.TryGetValue(QuantizationConfig.MetadataKey, out string? text)
                ? new JsonObject { [QuantizationConfig.MetadataKey] = Parse(text) }
                : null;
        }

        string path = Path.Combine(_path, ModelConfig.FileName);
        return File.Exists(path) ? Parse(File.ReadAllText(path)) as JsonObject : null;

        // What is wrong with it is said when it is read by its own rules.
        static JsonNode? Parse(string text)
        {
            try
            {
                return JsonNode.Parse(text);
            }
            catch (System.Text.Json.JsonException)
            {
                return null;
            }
        }
    }

    QuantizationConfig? Quantization() => IsDirectory
        ? QuantizationConfig.Find(_path)
        : QuantizationConfig.OfFile(Checkpoint.Files[0]);
}
