using System.Text;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;

namespace Octet.Embeddings;

/// <summary>
/// What sentence-transformers keeps beside a model, and what its own classes take where a file is absent: <c>modules.json</c>, the pooling, dense,
/// normalising and scoring modules that it names, how texts become tokens, prompts. What changes the results and is not implemented is refused by its name.
/// </summary>
sealed record SentenceModules
{
    internal const string FileName = "modules.json";

    const string PromptsFile = "config_sentence_transformers.json";

    const string ListKey = "modules";

    const string CrossEncoder = "CrossEncoder";

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

    /// <summary>How a reranker's score is made of a decoder's logits; null: no module says it.</summary>
    internal LogitScore? Score { get; private init; }

    /// <summary>Whether scores go through the logistic function (<c>activation_fn</c>); null: the file does not say it.</summary>
    internal bool? IsLogistic { get; private init; }

    /// <summary>How texts become messages for the model's chat template; null: they do not.</summary>
    internal MessageForm? Messages { get; private init; }

    /// <summary>The longest text, or what the tokenizer's file says instead; null: neither.</summary>
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
        string path = Path.Combine(directory, FileName);
        bool isStated = File.Exists(path);
        var settings = TransformerSettings.Load(directory, isStated);
        SentenceModules modules = WithPrompts(
            new() { IsStated = isStated, MaxTokens = settings.MaxTokens ?? TokenizerLength(directory), LowersCase = settings.LowersCase, Messages = settings.Messages }, directory);
        return isStated ? WithModules(modules, directory, LoadList(path)) : modules;
    }

    /// <summary>Whether a directory's files say that its model makes scores of pairs. What cannot be read is left to who opens it.</summary>
    internal static bool IsReranker(string directory)
    {
        try
        {
            string list = Path.Combine(directory, FileName);
            string prompts = Path.Combine(directory, PromptsFile);
            return File.Exists(list)
                && ((File.Exists(prompts) && ConfigObject.Load(prompts).TryString("model_type") == CrossEncoder)
                    || (LoadList(list).TryObjects(ListKey) ?? []).Any(static module => Class(module) == nameof(LogitScore)));
        }
        catch (ModelException)
        {
            return false;
        }
    }

    /// <summary>The folders that the modules of a model are in, apart from its own.</summary>
    internal static IReadOnlyList<string> Folders(string directory)
    {
        string path = Path.Combine(directory, FileName);
        return !File.Exists(path) ? [] : [.. (LoadList(path).TryObjects(ListKey) ?? []).Select(module => Folder(module)).Where(folder => folder.Length > 0)];
    }

    static SentenceModules WithModules(SentenceModules modules, string directory, ConfigObject list)
    {
        List<string> dense = [];
        Pooling? pooling = null;
        LogitScore? score = null;
        bool normalizes = false;
        foreach (ConfigObject module in list.TryObjects(ListKey) ?? throw list.Missing(ListKey, "a list of modules"))
        {
            string folder = Folder(module);
            switch (Class(module))
            {
                case "Transformer" when folder.Length == 0 && pooling is null && score is null:
                    break;
                case nameof(LogitScore) when pooling is null && score is null:
                    score = LogitScore.Load(Path.Combine(directory, folder));
                    break;
                case "Pooling" when pooling is null && score is null:
                    pooling = ReadPooling(ConfigObject.Load(Path.Combine(directory, folder, ModelConfig.FileName)));
                    break;
                case "Dense" when pooling is not null && !normalizes:
                    dense.Add(Path.Combine(directory, folder));
                    break;
                case "Normalize" when pooling is not null:
                    normalizes = true;
                    break;
                default:
                    throw module.Unsupported("type", "Transformer in the model's own folder, then LogitScore, or one Pooling, then any Dense, then Normalize");
            }
        }

        return modules with { Pooling = pooling, Dense = dense, Normalizes = normalizes, Score = score };
    }

    static Pooling ReadPooling(ConfigObject json)
    {
        bool includesPrompt = json.TryBoolean("include_prompt") ?? true;
        if (json.Has("pooling_mode"))
        {
            // One, or since 5.4 several, whose vectors stand behind one another in this order.
            string[] names = json.IsList("pooling_mode") ? json.TryStrings("pooling_mode")! : [json.TryString("pooling_mode")!];
            return names.Length > 0 ? new Pooling([.. names.Select(name => Mode(json, name))], includesPrompt) : throw json.Unexpected("pooling_mode", "at least one mode");
        }

        // The mean is the class's own default, where no key says anything or all say no.
        PoolingMode[] modes = [.. s_modes.Where(mode => json.TryBoolean(mode.Key) ?? false).Select(mode => mode.Mode)];
        return new Pooling(modes.Length == 0 ? [PoolingMode.Mean] : modes, includesPrompt);
    }

    static PoolingMode Mode(ConfigObject json, string name) => name switch
    {
        "cls" => PoolingMode.FirstToken,
        "max" => PoolingMode.Max,
        "mean" => PoolingMode.Mean,
        "mean_sqrt_len_tokens" => PoolingMode.MeanSqrtLength,
        "weightedmean" => PoolingMode.WeightedMean,
        "lasttoken" => PoolingMode.LastToken,
        _ => throw json.Unsupported("pooling_mode", "\"cls\", \"max\", \"mean\", \"mean_sqrt_len_tokens\", \"weightedmean\", \"lasttoken\""),
    };

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
            : modules with { Prompts = prompts, DefaultPrompt = chosen, IsLogistic = EncoderConfig.Logistic(json, "activation_fn") };
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

    /// <summary>The last part of a module's class: what stands before it is another one in each version.</summary>
    static string Class(ConfigObject module)
    {
        string type = module.String("type", "a string such as \"sentence_transformers.models.Transformer\"");
        return type[(type.LastIndexOf('.') + 1)..];
    }

    /// <summary>A module's folder, which lies in the model's.</summary>
    static string Folder(ConfigObject module)
    {
        string path = module.TryString("path") ?? "";
        return path.Length == 0 || (path.AsSpan().IndexOfAny("/\\:") < 0 && path is not ("." or "..")) ? path : throw module.Unexpected("path", "the name of a folder beside modules.json");
    }
}
