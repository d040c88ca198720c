using System.Text.Json;
using System.Text.RegularExpressions;

namespace Octet;

/// <summary>
/// What of a repository a model needs: config, tokenizer, template and safetensors in its top directory, templates with names in the
/// folder <c>additional_chat_templates</c>, and of sentence-transformers its lists and the folders of its modules. Nothing else is ever downloaded, so that no file of a cache that this class filled can run code when it is opened.
/// </summary>
static partial class NeededFiles
{
    // Octet reads the first eight; the others are small, and what Python's tokenizers read.
    static readonly HashSet<string> s_texts = new(StringComparer.Ordinal)
    {
        WeightFiles.Config, "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "hf_quant_config.json",
        "modules.json", "config_sentence_transformers.json",
        "chat_template.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "vocab.txt",
    };

    // Formats that unpickle when they are loaded.
    static readonly string[] s_pickles = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"];

    /// <summary>The index among a repository's files, if its weights are in shards that one names.</summary>
    internal static ModelFile? Index(IEnumerable<ModelFile> all)
    {
        ModelFile[] files = [.. all];
        return Choose(files).IndexName is { } index ? files.First(file => file.Path == index) : null;
    }

    static WeightFileNames.Choice Choose(IEnumerable<ModelFile> all) => WeightFileNames.Choose(all.Select(file => file.Path).Where(path => !path.Contains('/', StringComparison.Ordinal)));

    /// <summary>The files that are needed.</summary>
    /// <param name="repository">For messages.</param>
    /// <param name="all">All files.</param>
    /// <param name="index">The content of the index, if there is one.</param>
    /// <exception cref="ModelHubException">There is no model, or none that is safe.</exception>
    internal static IReadOnlyList<ModelFile> Select(string repository, IReadOnlyList<ModelFile> all, ReadOnlyMemory<byte>? index)
    {
        var byName = new Dictionary<string, ModelFile>(StringComparer.Ordinal);
        foreach (ModelFile file in all)
        {
            byName[file.Path] = file;
        }

        bool hasTokenizer = byName.ContainsKey("tokenizer.json");
        List<ModelFile> needed = [.. byName.Values.Where(file => s_texts.Contains(file.Path) || (!hasTokenizer && IsOtherTokenizer(file.Path)))];
        WeightFileNames.Choice choice = Choose(all);
        if (choice.IndexName is { } indexName && index is { } json)
        {
            needed.Add(byName[indexName]);
            needed.AddRange(Shards(repository, json).Select(shard => byName.GetValueOrDefault(shard)
                ?? throw NotAModel($"{repository}: {indexName} names the shard '{OneLine.Of(shard)}', which the repository does not have: it is incomplete")));
        }
        else if (choice.Files.Length > 0)
        {
            needed.AddRange(choice.Files.Select(name => byName[name]));
        }
        else
        {
            throw choice.Problem is { } problem ? NotAModel($"{repository} has neither {WeightFiles.Single} nor {WeightFiles.Index}; {problem}") : NoWeights(repository, all);
        }

        return byName.ContainsKey(WeightFiles.Config)
            ? [.. needed.Concat(byName.Values.Where(file => IsTemplate(file.Path) || IsModule(file.Path))).OrderBy(file => file.Path, StringComparer.Ordinal)]
            : throw NotAModel($"{repository} has no {WeightFiles.Config}: expected a language model in the layout of Hugging Face transformers");
    }

    /// <summary>Whether a file is what <c>Tokenizer.Load</c> reads where there is no <c>tokenizer.json</c>.</summary>
    static bool IsOtherTokenizer(string path)
        => path is "tekken.json" or "tokenizer.model" or "tiktoken.model" || (path.EndsWith(".tiktoken", StringComparison.Ordinal) && RepositoryCache.IsPlainName(path));

    /// <summary>Whether a file is one of the named chat templates, which transformers saves in a folder of their own.</summary>
    static bool IsTemplate(string path)
    {
        const string Folder = "additional_chat_templates/";
        return path.StartsWith(Folder, StringComparison.Ordinal) && path.EndsWith(".jinja", StringComparison.Ordinal) && RepositoryCache.IsPlainName(path[Folder.Length..]);
    }

    /// <summary>Whether a file is one of a module of sentence-transformers, such as <c>1_Pooling/config.json</c>, or says how long its texts are.</summary>
    static bool IsModule(string path) => Module.IsMatch(path);

    [GeneratedRegex(@"^([0-9]{1,2}_[A-Za-z]{1,32}/(config\.json|model\.safetensors)|sentence_[a-z-]{1,20}_config\.json)\z")]
    static partial Regex Module { get; }

    static IReadOnlyCollection<string> Shards(string repository, ReadOnlyMemory<byte> json)
    {
        IReadOnlyCollection<string> shards;
        try
        {
            shards = WeightFiles.Shards(json);
        }
        catch (JsonException e)
        {
            throw new ModelHubException(ModelHubError.NotAModel, $"{repository}: {WeightFiles.Index} is not the index of a sharded model: {OneLine.Of(e.Message)}", e);
        }

        foreach (string shard in shards)
        {
            if (!RepositoryCache.IsPlainName(shard))
            {
                throw new ModelHubException(
                    ModelHubError.UnsafeName, $"{repository}: {WeightFiles.Index} names the shard '{OneLine.Of(shard)}': a shard must be a plain file name beside the index; nothing is downloaded");
            }

            if (!shard.EndsWith(".safetensors", StringComparison.Ordinal))
            {
                throw NotAModel($"{repository}: {WeightFiles.Index} names the shard '{OneLine.Of(shard)}': expected names that end in .safetensors");
            }
        }

        return shards.Count > 0 ? shards : throw NotAModel($"{repository}: {WeightFiles.Index} names no shards");
    }

    static ModelHubException NoWeights(string repository, IReadOnlyList<ModelFile> all)
    {
        if (all.FirstOrDefault(file => s_pickles.Contains(Path.GetExtension(file.Path), StringComparer.OrdinalIgnoreCase)) is { } pickle)
        {
            return NotAModel(
                $"{repository} has its weights only as pickles ({OneLine.Of(pickle.Path)}), and a pickle can run any code when it is opened: Octet reads safetensors alone; look for a repository or revision with model.safetensors");
        }

        return NotAModel(all.FirstOrDefault(file => file.Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) is { } gguf
            ? $"{repository} has its weights as GGUF ({OneLine.Of(gguf.Path)}): Octet reads safetensors; look for the repository that they were made from"
            : $"{repository} has neither {WeightFiles.Single} nor {WeightFiles.Index}: expected a language model in the layout of Hugging Face transformers");
    }

    static ModelHubException NotAModel(string message) => new(ModelHubError.NotAModel, message);
}
