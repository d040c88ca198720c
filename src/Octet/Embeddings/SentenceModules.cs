using System.Text;
using Octet.Checkpoints;

namespace Octet.Embeddings;

/// <summary>
/// What sentence-transformers keeps beside a model, and what its own classes take where a file is absent: <c>modules.json</c>, the pooling, dense and
/// normalising modules that it names, the longest text, prompts. What changes the results and is not implemented is refused by its name.
/// </summary>
sealed record SentenceModules
{
    internal const string FileName = "modules.json";

    const string PromptsFile = "config_sentence_transformers.json";

    static readonly string[] s_lengthFiles =
    [
        "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json", "sentence_camembert_config.json",
        "sentence_albert_config.json", "sentence_xlm-roberta_config.json", "sentence_xlnet_config.json",
    ];

    static readonly (string Key, PoolingMode Mode)[] s_modes =
    [
        ("pooling_mode_cls_token", PoolingMode.FirstToken),
        ("pooling_mode_max_tokens", PoolingMode.Max),
        ("pooling_mode_mean_tokens", PoolingMode.Mean),
        ("pooling_mode_mean_sqrt_len_tokens", PoolingMode.MeanSqrtLength),
        ("pooling_mode_weightedmean_tokens", PoolingMode.WeightedMean),
        ("pooling_mode_lasttoken", PoolingMode.LastToken),
    ];

    /// <summary>Whether <c>modules.json</c> is there.</summary>
    internal bool IsStated { get; private init; }

    /// <summary>Null where no file says it.</summary>
    internal Pooling? Pooling { get; private init; }

    /// <summary>Folders of dense layers behind the pooling, in order.</summary>
    internal IReadOnlyList<string> Dense { get; private init; } = [];

    internal bool Normalizes { get; private init; }

    /// <summary><c>max_seq_length</c>, or what the tokenizer's file says instead; null: neither.</summary>
    internal int? MaxTokens { get; private init; }

    /// <summary><c>do_lower_case</c> of sentence-transformers, which is not the tokenizer's.</summary>
    internal bool LowersCase { get; private init; }

    /// <summary><c>prompts</c>: what is put before a text, by name.</summary>
    internal IReadOnlyDictionary<string, string> Prompts { get; private init; } = new Dictionary<string, string>();

    /// <summary><c>default_prompt_name</c>.</summary>
    internal string? DefaultPrompt { get; private init; }

    /// <param name="directory">The model's.</param>
    /// <exception cref="ModelException">A file is broken, or names a module that is not implemented.</exception>
    internal static SentenceModules Load(string directory)
    {
        SentenceModules modules = new() { MaxTokens = TokenizerLength(directory) };
        modules = WithLength(modules, directory);
        modules = WithPrompts(modules, directory);
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
        {
            return modules;
        }

        return WithModules(modules with { IsStated = true }, directory, LoadList(path));
    }

    /// <summary>The folders that the modules of a model are in, apart from its own.</summary>
    internal static IReadOnlyList<string> Folders(string directory)
    {
        string path = Path.Combine(directory, FileName);
        return !File.Exists(path) ? [] : [.. (LoadList(path).TryObjects("modules") ?? []).Select(module => Folder(module)).Where(folder => folder.Length > 0)];
    }

    static SentenceModules WithModules(SentenceModules modules, string directory, ConfigObject list)
    {
        List<string> dense = [];
        Pooling? pooling = null;
        bool normalizes = false;
        foreach (ConfigObject module in list.TryObjects("modules") ?? throw list.Missing("modules", "a list of modules"))
        {
            string type = module.String("type", "a string such as \"sentence_transformers.models.Transformer\"");
            string folder = Folder(module);
            switch (type[(type.LastIndexOf('.') + 1)..])
            {
                case "Transformer" when folder.Length == 0 && pooling is null:
                    break;
                case "Pooling" when pooling is null:
                    pooling = ReadPooling(ConfigObject.Load(Path.Combine(directory, folder, ModelConfig.FileName)));
                    break;
                case "Dense" when pooling is not null && !normalizes:
                    dense.Add(Path.Combine(directory, folder));
                    break;
                case "Normalize" when pooling is not null:
                    normalizes = true;
                    break;
                default:
                    throw module.Unsupported("type", "Transformer in the model's own folder, then one Pooling, then any Dense, then Normalize");
            }
        }

        return modules with { Pooling = pooling ?? throw list.Missing("modules", "a module Pooling behind Transformer"), Dense = dense, Normalizes = normalizes };
    }

    static Pooling ReadPooling(ConfigObject json)
    {
        bool includesPrompt = json.TryBoolean("include_prompt") ?? true;
        if (json.TryString("pooling_mode") is { } name)
        {
            PoolingMode mode = name switch
            {
                "cls" => PoolingMode.FirstToken,
                "max" => PoolingMode.Max,
                "mean" => PoolingMode.Mean,
                "mean_sqrt_len_tokens" => PoolingMode.MeanSqrtLength,
                "weightedmean" => PoolingMode.WeightedMean,
                "lasttoken" => PoolingMode.LastToken,
                _ => throw json.Unsupported("pooling_mode", "\"cls\", \"max\", \"mean\", \"mean_sqrt_len_tokens\", \"weightedmean\", \"lasttoken\""),
            };
            return new Pooling([mode], includesPrompt);
        }

        PoolingMode[] modes = [.. s_modes.Where(mode => json.TryBoolean(mode.Key) ?? false).Select(mode => mode.Mode)];
        if (modes.Length == 0)
        {
            // The class's own default, where no key says anything.
            modes = s_modes.Any(mode => json.Has(mode.Key)) ? throw json.Missing("pooling_mode_mean_tokens", "one of the pooling_mode_ keys to be true") : [PoolingMode.Mean];
        }

        return new Pooling(modes, includesPrompt);
    }

    static SentenceModules WithLength(SentenceModules modules, string directory)
    {
        if (s_lengthFiles.Select(name => Path.Combine(directory, name)).FirstOrDefault(File.Exists) is not { } path)
        {
            return modules;
        }

        ConfigObject json = ConfigObject.Load(path);
        return modules with { MaxTokens = json.TryInt32("max_seq_length", 1) ?? modules.MaxTokens, LowersCase = json.TryBoolean("do_lower_case") ?? false };
    }

    static SentenceModules WithPrompts(SentenceModules modules, string directory)
    {
        string path = Path.Combine(directory, PromptsFile);
        if (!File.Exists(path))
        {
            return modules;
        }

        ConfigObject json = ConfigObject.Load(path);
        Dictionary<string, string> prompts = new(StringComparer.Ordinal);
        if (json.TryObject("prompts") is { } named)
        {
            foreach (string name in named.Names)
            {
                prompts[name] = named.TryString(name) ?? "";
            }
        }

        string? chosen = json.TryString("default_prompt_name");
        return chosen is not null && !prompts.ContainsKey(chosen)
            ? throw json.Unexpected("default_prompt_name", $"one of the prompts{(prompts.Count == 0 ? ", of which there are none" : $": {string.Join(", ", prompts.Keys)}")}")
            : modules with { Prompts = prompts, DefaultPrompt = chosen };
    }

    // Tokenizers without a limit have one of 10^30.
    static int? TokenizerLength(string directory)
    {
        string path = Path.Combine(directory, "tokenizer_config.json");
        return File.Exists(path) && ConfigObject.Load(path).TryDouble("model_max_length", "a number from 1", value => value >= 1) is { } length && length <= int.MaxValue ? (int)length : null;
    }

    static ConfigObject LoadList(string path)
    {
        ReadOnlySpan<byte> text = ConfigObject.ReadFile(path);
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        return ConfigObject.Parse(Encoding.UTF8.GetBytes($"{{\"modules\":{Encoding.UTF8.GetString(text.StartsWith(mark) ? text[mark.Length..] : text)}}}"), path);
    }

    /// <summary>A module's folder, which lies in the model's.</summary>
    static string Folder(ConfigObject module)
    {
        string path = module.TryString("path") ?? "";
        return path.Length == 0 || (path.AsSpan().IndexOfAny("/\\:") < 0 && path is not ("." or "..")) ? path : throw module.Unexpected("path", "the name of a folder beside modules.json");
    }
}
