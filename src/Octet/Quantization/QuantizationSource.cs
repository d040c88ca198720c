using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Embeddings;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// A checkpoint that is read to be encoded anew. It is open twice: mapped, for headers and scales, and to be read at positions, for the
/// weights, whose pages would otherwise all count as this process's memory.
/// </summary>
sealed class QuantizationSource : IDisposable
{
    /// <summary>Where transformers keeps the templates of a model that has several.</summary>
    const string Templates = "additional_chat_templates";

    /// <summary>What other quantisers say beside <c>config.json</c>: AutoGPTQ, AutoAWQ and AutoRound, quanto.</summary>
    static readonly string[] s_otherSchemes = ["quantize_config.json", "quant_config.json", "quantization_config.json", "quanto_qmap.json", "quantization_map.json"];

    readonly string _path;
    readonly (string Path, long Length, DateTime Written)[] _files;
    readonly QuantizationConfig? _quantization;

    /// <param name="path">A directory or file.</param>
    /// <param name="blocks">Rows and columns that share a scale in a source that does not say it; null: what it says.</param>
    internal QuantizationSource(string path, (int Rows, int Columns)? blocks = null)
    {
        _path = path;
        IsDirectory = Directory.Exists(path);
        Checkpoint = SafetensorsCheckpoint.Open(path);
        try
        {
            Reader = SafetensorsCheckpoint.Open(path, SafetensorsReadMode.Positional);
            _files = [.. Reader.Files.Select(file => Stamp(file.Path))];
            ConfigJson = ReadConfig();
            _quantization = Quantization(blocks);
            ModelConfig? decoder = null;
            IReadOnlyList<StackedExperts> experts = [];
            IsModel = IsDirectory && ModelPairing.TryCheck(path, Checkpoint, _quantization, out decoder, out experts);
            Modules = new SourceModules(Checkpoint, _quantization, IsModel, experts);
            OtherParts = decoder?.OtherParts ?? [];
            TiesOutput = decoder?.TieWordEmbeddings ?? Tie(ConfigJson?["text_config"] as JsonObject) ?? Tie(ConfigJson) ?? false;
            (Table, Head, HeadName) = FindOutput();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal bool IsDirectory { get; }

    /// <summary>Whether it is a directory of an architecture that runs here, whose tensors then all have their place.</summary>
    internal bool IsModel { get; }

    /// <summary>Beginnings of the names of what does not read text, in models that see or hear too.</summary>
    internal IReadOnlyList<string> OtherParts { get; }

    internal SafetensorsCheckpoint Checkpoint { get; }

    internal SafetensorsCheckpoint Reader { get; }

    internal SourceModules Modules { get; }

    /// <summary>The names of all modules, linear or not; of a tied output layer too, which has no tensor.</summary>
    internal IReadOnlyCollection<string> ModuleNames => new HashSet<string>(
    [
        .. Modules.Modules.Select(module => module.Name),
        .. Modules.Experts.SelectMany(experts => experts.Modules).Select(module => module.Name),
        .. Checkpoint.Tensors.Select(tensor => tensor.Name[..Math.Max(0, tensor.Name.LastIndexOf('.'))]).Where(name => name.Length > 0),
        .. TiesOutput ? [HeadName] : Array.Empty<string>(),
    ]);

    /// <summary>The directory's <c>config.json</c>; of a file an object with the <c>quantization_config</c> of its metadata; null where there is neither.</summary>
    internal JsonObject? ConfigJson { get; }

    /// <summary>The <c>quantization_config</c> by which this checkpoint is read, from whichever file, as a new config can have it; null where nothing says how it is quantised.</summary>
    /// <exception cref="ModelException">It is said in a form that cannot be published.</exception>
    internal JsonObject? PublishedQuantization()
    {
        if (_quantization is null)
        {
            return null;
        }

        JsonObject? said = ConfigJson?[QuantizationConfig.MetadataKey] as JsonObject
            ?? ConfigJson?[PublishedConfig.MlxKey] as JsonObject
            ?? PublishedConfig.OfModelOpt(Path.Combine(_path, ModelConfig.ModelOptFileName));
        return said?.DeepClone().AsObject() ?? throw new ModelException(
            ModelError.Unsupported,
            $"{_path}: the scales of this checkpoint cannot be taken: {_quantization.Source} says how it is quantised, in a form that a new {ModelConfig.FileName} cannot have; expected a quantization_config in {ModelConfig.FileName}, or {ModelConfig.ModelOptFileName}",
            _path);
    }

    /// <summary>Whether the config, or where it says nothing the model's family, ties the output layer to the embedding.</summary>
    internal bool TiesOutput { get; }

    /// <summary>The embedding; null: there is none of a known name.</summary>
    internal SourceModule? Table { get; }

    /// <summary>The output layer, where it is stored.</summary>
    internal SourceModule? Head { get; }

    /// <summary>The output layer's name, stored or not.</summary>
    internal string HeadName { get; }

    public void Dispose()
    {
        Reader?.Dispose();
        Checkpoint.Dispose();
    }

    /// <summary>Fails where a file of weights was written since it was opened: what was read may be partly of one model, partly of another.</summary>
    internal void RequireUnchanged()
    {
        if (Array.Find(_files, file => Stamp(file.Path) != file) is { Path: { } changed })
        {
            throw new ModelException(ModelError.Damaged, $"{changed} was changed while it was read: expected a file that nobody writes to; wait until it is complete, then try again", changed);
        }
    }

    // The target's, where a link leads to it, as in the cache of a hub.
    static (string Path, long Length, DateTime Written) Stamp(string path)
    {
        var file = new FileInfo(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
        return file.Exists ? (path, file.Length, file.LastWriteTimeUtc) : (path, -1, default);
    }

    /// <summary>Copies what makes weights a model: configuration, tokenizer, templates, code, licence, the modules of sentence-transformers. Not the model card: it describes the source.</summary>
    internal void CopyCompanions(string directory, QuantizationPlan plan)
    {
        foreach ((string file, string name) in Companions())
        {
            string to = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        string config = Path.Combine(_path, ModelConfig.FileName);
        if (File.Exists(config) || plan.Config is not null)
        {
            File.WriteAllText(Path.Combine(directory, ModelConfig.FileName), PublishedConfig.Apply(File.Exists(config) ? config : null, plan.Config, plan.Unties, plan.Widens));
        }
    }

    /// <summary>Fails where one of the files that are copied at the end cannot be read: before the work.</summary>
    internal void RequireCompanions()
    {
        foreach ((string file, _) in Companions())
        {
            try
            {
                File.OpenHandle(file).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                string found = new FileInfo(file).LinkTarget is { } target ? $"a link to {target}, which cannot be read" : "which cannot be read";
                throw new ModelException(
                    ModelError.Inaccessible, $"{file}: {found} ({OneLine.Of(e.Message)}), and it belongs to the model: download it again, or remove it", file, innerException: e);
            }
        }
    }

    /// <summary>The files that are copied, each with its name in the new directory.</summary>
    IEnumerable<(string File, string Name)> Companions()
    {
        if (!IsDirectory)
        {
            return [];
        }

        string templates = Path.Combine(_path, Templates);
        return [.. Names(_path).Where(IsCompanion).Select(name => (Path.Combine(_path, name), name)),
            .. Names(templates).Where(name => Path.GetExtension(name) == ".jinja").Select(name => (Path.Combine(templates, name), Path.Combine(Templates, name))),
            .. SentenceModules.Folders(_path).SelectMany(folder => Names(Path.Combine(_path, folder)).Where(name => Path.GetExtension(name) is ".json" or ".safetensors").Select(name => (Path.Combine(_path, folder, name), Path.Combine(folder, name))))];

        static IEnumerable<string> Names(string directory) => Directory.Exists(directory) ? Directory.EnumerateFiles(directory).Select(file => Path.GetFileName(file)) : [];
    }

    static bool IsCompanion(string name)
    {
        bool text = Path.GetExtension(name) is ".json" or ".txt" or ".jinja" or ".model" or ".tiktoken" or ".py";
        bool legal = name.StartsWith("LICENSE", StringComparison.OrdinalIgnoreCase) || name.StartsWith("NOTICE", StringComparison.OrdinalIgnoreCase);
        bool weights = name.EndsWith(".index.json", StringComparison.Ordinal) || name is ModelConfig.ModelOptFileName or ModelConfig.FileName;
        return (text || legal) && !weights && !s_otherSchemes.Contains(name);
    }

    static bool? Tie(JsonObject? config) => config?["tie_word_embeddings"] is JsonValue value && value.TryGetValue(out bool tied) ? tied : null;

    /// <summary>By the names that text models have, alone or in a larger one.</summary>
    (SourceModule? Table, SourceModule? Head, string HeadName) FindOutput()
    {
        SourceModule? table = Find("model.embed_tokens", "language_model.model.embed_tokens", "model.language_model.embed_tokens", "backbone.embeddings");
        SourceModule? head = Find("lm_head", "language_model.lm_head");
        return (table, head, head?.Name ?? (table?.Name.StartsWith("language_model.", StringComparison.Ordinal) == true ? "language_model.lm_head" : "lm_head"));

        SourceModule? Find(params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
            {
                if (Modules.Modules.FirstOrDefault(module => module.Name == name) is { } found)
                {
                    return found;
                }
            }

            return null;
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
        if (!File.Exists(path))
        {
            return null;
        }

        // Without its byte-order mark.
        using var config = new StreamReader(new MemoryStream(PythonNumbers.Replace(ConfigObject.ReadFile(path)).ToArray()));
        return Parse(config.ReadToEnd()) as JsonObject;

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

    QuantizationConfig? Quantization((int Rows, int Columns)? blocks)
    {
        QuantizationConfig? said = IsDirectory ? QuantizationConfig.Find(_path) : QuantizationConfig.OfFile(Checkpoint.Files[0]);
        return blocks is not var (rows, columns) ? said
            : said is null ? QuantizationConfig.OfBlocks(rows, columns)
            : throw new ModelException(ModelError.InvalidInput, $"{_path}: blocks of {rows} x {columns} were given for the source, but {said.Source} says how it is quantised: leave them out", _path);
    }
}
