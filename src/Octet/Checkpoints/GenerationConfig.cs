namespace Octet.Checkpoints;

/// <summary>
/// A model's <c>generation_config.json</c>: what its producer recommends for generation, used wherever the caller says nothing.
/// An absent key leaves its filter off, as the serving engines do (Transformers' own code would add a top-k of 50). Loading refuses only a
/// file that is no JSON object: a value that Octet cannot follow is refused by the generation that would have to, and one that the caller
/// overrules, or that cannot have an effect, is not.
/// </summary>
/// <remarks>
/// -1, and 0 where a value could not be 0, mean «not set», as <c>null</c> does. Whole numbers may be written as 2048.0.
/// </remarks>
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

    /// <summary><c>no_repeat_ngram_size</c>: from 0; 0, also where absent, means off.</summary>
    public int NoRepeatNgramSize { get; init; }

    /// <summary><c>exponential_decay_length_penalty</c>; null where absent.</summary>
    public ExponentialDecay? ExponentialDecayLengthPenalty { get; init; }

    /// <summary><c>sequence_bias</c>: what is added to the logit of the last token of a sequence behind the others; empty where absent.</summary>
    public IReadOnlyList<SequenceBias> SequenceBias { get; init; } = [];

    /// <summary><c>bad_words_ids</c>: sequences of tokens that never come; empty where absent.</summary>
    public IReadOnlyList<IReadOnlyList<int>> BadWordsIds { get; init; } = [];

    /// <summary><c>suppress_tokens</c>: tokens that never come; empty where absent.</summary>
    public IReadOnlyList<int> SuppressTokens { get; init; } = [];

    /// <summary><c>begin_suppress_tokens</c>: tokens that do not come first; empty where absent.</summary>
    public IReadOnlyList<int> BeginSuppressTokens { get; init; } = [];

    /// <summary><c>eos_token_id</c>, one id or a list in the file: ids that end the text. Those of <c>config.json</c> where absent. Ids that the model does not have are left out.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary><c>stop_strings</c>, one text or a list in the file: texts that end the generation; empty where absent.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary><c>bos_token_id</c>; that of <c>config.json</c> where absent. Octet has no use for it: null where it is no id of the model.</summary>
    public int? BosTokenId { get; init; }

    /// <summary><c>pad_token_id</c>; that of <c>config.json</c> where absent. Octet has no use for it: null where it is no id of the model.</summary>
    public int? PadTokenId { get; init; }

    /// <summary><c>max_new_tokens</c>: the longest output in tokens; null where absent (as long as the context allows).</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary><c>max_length</c>: the longest prompt and output together, where <see cref="MaxNewTokens"/> is absent; null where absent, or 20, which Transformers writes for nothing.</summary>
    public int? MaxLength { get; init; }

    /// <summary><c>min_new_tokens</c>: the shortest output in tokens; null where absent.</summary>
    public int? MinNewTokens { get; init; }

    /// <summary><c>min_length</c>: the shortest prompt and output together, where <see cref="MinNewTokens"/> is absent; null where absent.</summary>
    public int? MinLength { get; init; }

    /// <summary>Keys of the file that neither Octet nor Transformers knows: they have no effect.</summary>
    public IReadOnlyList<string> UnknownKeys { get; init; } = [];

    /// <summary>What of the file Octet cannot follow.</summary>
    internal IReadOnlyList<RefusedSetting> Refused { get; init; } = [];

    /// <summary>Reads <c>generation_config.json</c> of a model directory; where there is none, greedy with the ends of <c>config.json</c>.</summary>
    /// <param name="directory">The model's directory in Hugging Face layout.</param>
    /// <param name="config">The model's <c>config.json</c>.</param>
    /// <exception cref="ModelException">The file cannot be read or is no JSON object.</exception>
    public static GenerationConfig Load(string directory, ModelConfig config)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(config);
        string path = Path.Combine(directory, FileName);
        return File.Exists(path) ? new GenerationConfigReader(ConfigObject.Load(path), config).Read() : Default(config);
    }

    /// <summary>Reads the content of a <c>generation_config.json</c>.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="name">What messages call the file.</param>
    /// <param name="config">The model's <c>config.json</c>.</param>
    /// <exception cref="ModelException">The text is no JSON object.</exception>
    public static GenerationConfig Parse(ReadOnlyMemory<byte> json, string name, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new GenerationConfigReader(ConfigObject.Parse(json, name), config).Read();
    }

    /// <summary>Refuses what Octet cannot follow of the file, unless the caller overrules it or it cannot have an effect.</summary>
    /// <exception cref="ModelException">There is such a setting.</exception>
    internal void RequireUnderstood(GenerationOptions options)
    {
        bool samples = options.Temperature is { } temperature ? temperature > 0 : DoSample && Temperature > 0;
        foreach ((string key, ModelException reason) in Refused)
        {
            if (!IsOverruled(key, options) && (samples || !IsSamplingOnly(key)))
            {
                throw new ModelException(
                    ModelError.Unsupported, $"{reason.Message}; a value that is given instead overrules it, and IgnoreGenerationConfig leaves out the whole file", reason.Path, innerException: reason);
            }
        }
    }

    static bool IsSamplingOnly(string key) => key is "temperature" or "top_k" or "top_p" or "min_p" or "typical_p" || OtherGenerationKeys.IsSamplingOnly(key);

    bool IsOverruled(string key, GenerationOptions options) => key switch
    {
        "do_sample" or "temperature" or "penalty_alpha" => options.Temperature is not null,
        "top_k" => options.TopK is not null,
        "top_p" => options.TopP is not null,
        "min_p" => options.MinP is not null,
        "typical_p" => options.TypicalP is not null,
        "repetition_penalty" => options.RepetitionPenalty is not null,
        "no_repeat_ngram_size" => options.NoRepeatNgramSize is not null,
        "exponential_decay_length_penalty" => options.ExponentialDecayLengthPenalty is not null,
        "suppress_tokens" => options.BannedTokenIds is not null,
        "begin_suppress_tokens" => options.BannedFirstTokenIds is not null,
        "bad_words_ids" => options.BannedSequences is not null,
        "stop_strings" => options.StopStrings is not null || options.IgnoreEos,
        "eos_token_id" => options.IgnoreEos || options.StopTokenIds is not null,
        "max_new_tokens" => options.MaxTokens is not null,
        "max_length" => options.MaxTokens is not null || MaxNewTokens is not null,
        "min_new_tokens" => options.MinTokens is not null,
        "min_length" => options.MinTokens is not null || MinNewTokens is not null,
        _ => false,
    };

    internal static GenerationConfig Default(ModelConfig config) => new()
    {
        EosTokenIds = config.EosTokenIds,
        BosTokenId = config.BosTokenId,
        PadTokenId = config.PadTokenId,
    };
}
