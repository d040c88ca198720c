namespace Octet.Checkpoints;

/// <summary>
/// A model's <c>generation_config.json</c>: what its producer recommends for generation, used wherever the caller says nothing.
/// An absent key leaves its filter off, as the serving engines do (Transformers' own code would add a top-k of 50).
/// </summary>
public sealed record GenerationConfig
{
    internal const string FileName = "generation_config.json";

    /// <summary><c>do_sample</c>: false, also where absent, means greedy whatever <see cref="Temperature"/> says.</summary>
    public bool DoSample { get; init; }

    /// <summary><c>temperature</c>: from 0; 1 where absent.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary><c>top_k</c>: from 0; 0, also where absent, means off.</summary>
    public int TopK { get; init; }

    /// <summary><c>top_p</c>: from 0 to 1; 1, also where absent, means off.</summary>
    public float TopP { get; init; } = 1;

    /// <summary><c>min_p</c>: from 0 to 1; 0, also where absent, means off.</summary>
    public float MinP { get; init; }

    /// <summary><c>typical_p</c>: above 0, at most 1; 1, also where absent, means off.</summary>
    public float TypicalP { get; init; } = 1;

    /// <summary><c>repetition_penalty</c>: above 0; 1, also where absent, means off.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary><c>eos_token_id</c>, one id or a list in the file: ids that end the text. Those of <c>config.json</c> where absent.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary><c>bos_token_id</c>; that of <c>config.json</c> where absent.</summary>
    public int? BosTokenId { get; init; }

    /// <summary><c>pad_token_id</c>; that of <c>config.json</c> where absent.</summary>
    public int? PadTokenId { get; init; }

    /// <summary><c>max_new_tokens</c>: the longest output in tokens; null where absent (as long as the context allows).</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary><c>min_new_tokens</c>: the shortest output in tokens; 0 where absent.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>Reads <c>generation_config.json</c> of a model directory; where there is none, greedy with the ends of <c>config.json</c>.</summary>
    /// <param name="directory">The model's directory in Hugging Face layout.</param>
    /// <param name="config">The model's <c>config.json</c>.</param>
    /// <exception cref="ModelException">The file cannot be read, or holds what is impossible or not implemented.</exception>
    public static GenerationConfig Load(string directory, ModelConfig config)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(config);
        string path = Path.Combine(directory, FileName);
        return File.Exists(path) ? Read(ConfigObject.Load(path), config) : Default(config);
    }

    /// <summary>Reads the content of a <c>generation_config.json</c>.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="name">What messages call the file.</param>
    /// <param name="config">The model's <c>config.json</c>.</param>
    /// <exception cref="ModelException">The text holds what is impossible or not implemented.</exception>
    public static GenerationConfig Parse(ReadOnlyMemory<byte> json, string name, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Read(ConfigObject.Parse(json, name), config);
    }

    static GenerationConfig Default(ModelConfig config) => new()
    {
        EosTokenIds = config.EosTokenIds,
        BosTokenId = config.BosTokenId,
        PadTokenId = config.PadTokenId,
    };

    static GenerationConfig Read(ConfigObject json, ModelConfig config)
    {
        RefuseWhatIsNotImplemented(json);
        GenerationConfig absent = Default(config);
        int lastId = config.VocabSize - 1;
        return new GenerationConfig
        {
            DoSample = json.TryBoolean("do_sample") ?? absent.DoSample,
            Temperature = (float?)json.TryDouble("temperature", "a number from 0", value => value is >= 0 and <= float.MaxValue) ?? absent.Temperature,
            TopK = json.TryInt32("top_k", 0) ?? absent.TopK,
            TopP = (float?)json.TryDouble("top_p", "a number from 0 to 1", value => value is >= 0 and <= 1) ?? absent.TopP,
            MinP = (float?)json.TryDouble("min_p", "a number from 0 to 1", value => value is >= 0 and <= 1) ?? absent.MinP,
            TypicalP = (float?)json.TryDouble("typical_p", "a number above 0, at most 1", value => value <= 1 && (float)value > 0) ?? absent.TypicalP,
            RepetitionPenalty = (float?)json.TryDouble("repetition_penalty", "a number above 0", value => (float)value is > 0 and <= float.MaxValue) ?? absent.RepetitionPenalty,
            EosTokenIds = json.TryInt32s("eos_token_id", 0, lastId) ?? absent.EosTokenIds,
            BosTokenId = json.TryInt32("bos_token_id", 0, lastId) ?? absent.BosTokenId,
            PadTokenId = json.TryInt32("pad_token_id", 0, lastId) ?? absent.PadTokenId,
            MaxNewTokens = json.TryInt32("max_new_tokens", 1),
            MinNewTokens = json.TryInt32("min_new_tokens", 0) ?? absent.MinNewTokens,
        };
    }

    /// <summary>Settings of Transformers' <c>GenerationConfig</c> that choose other tokens, each with the value that leaves it off.</summary>
    static void RefuseWhatIsNotImplemented(ConfigObject json)
    {
        ReadOnlySpan<(string Key, double Off)> numbers =
        [
            ("num_beams", 1), ("num_beam_groups", 1), ("penalty_alpha", 0), ("epsilon_cutoff", 0), ("eta_cutoff", 0),
            ("no_repeat_ngram_size", 0), ("encoder_repetition_penalty", 1), ("encoder_no_repeat_ngram_size", 0), ("guidance_scale", 1),
        ];
        foreach ((string key, double off) in numbers)
        {
            if (json.TryDouble(key, "a number", _ => true) is double value && value != off)
            {
                throw json.Unsupported(key, off == 0 ? "absent or 0" : "absent or 1");
            }
        }

        foreach (string key in (ReadOnlySpan<string>)["suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "forced_bos_token_id", "forced_eos_token_id", "sequence_bias"])
        {
            if (json.Has(key))
            {
                throw json.Unsupported(key, "absent or null");
            }
        }
    }
}
