using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Constraints;

namespace Octet.Generation;

/// <summary>What one generation goes by: the caller's <see cref="GenerationOptions"/> over the model's <see cref="GenerationConfig"/>, nothing left open.</summary>
sealed record GenerationSettings
{
    /// <summary>The most tokens to generate; null: as the context allows.</summary>
    internal int? MaxTokens { get; init; }

    internal int MinTokens { get; init; }

    /// <summary>0 is greedy.</summary>
    internal float Temperature { get; init; }

    /// <summary>0 is off.</summary>
    internal int TopK { get; init; }

    internal float TopP { get; init; } = 1;

    internal float MinP { get; init; }

    internal float TypicalP { get; init; } = 1;

    internal float RepetitionPenalty { get; init; } = 1;

    internal float PresencePenalty { get; init; }

    internal float FrequencyPenalty { get; init; }

    /// <summary>0 is off.</summary>
    internal int NoRepeatNgramSize { get; init; }

    internal ExponentialDecay? ExponentialDecay { get; init; }

    /// <summary>By rising id.</summary>
    internal (int Id, float Bias)[] LogitBias { get; init; } = [];

    /// <summary>Minus infinity bans.</summary>
    internal (int[] Ids, float Bias)[] SequenceBias { get; init; } = [];

    internal long? Seed { get; init; }

    internal IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>The model's end tokens (unless ignored) and the caller's, distinct.</summary>
    internal int[] StopTokenIds { get; init; } = [];

    /// <summary>The model's end tokens, whether or not they end this text.</summary>
    internal int[] EndTokenIds { get; init; } = [];

    internal int[] BannedTokenIds { get; init; } = [];

    internal int[] BannedFirstTokenIds { get; init; } = [];

    /// <summary>Null: all.</summary>
    internal int[]? AllowedTokenIds { get; init; }

    /// <summary>The caller's constraint, for the model's tokenizer; null: none. <see cref="Resolve"/> knows no tokenizer and leaves it out.</summary>
    internal CompiledConstraint? Constraint { get; init; }

    internal bool SkipSpecialTokens { get; init; } = true;

    internal ReasoningMode Reasoning { get; init; }

    /// <summary>How long the model may think; null: as long as it likes. <see cref="Resolve"/> knows no tokenizer and leaves it out.</summary>
    internal ReasoningLimit? ReasoningLimit { get; init; }

    internal ToolCallMode ToolCalls { get; init; }

    /// <summary>Whether the first whole call ends the text.</summary>
    internal bool EndsBehindCall { get; init; }

    internal JsonNode? Tools { get; init; }

    /// <summary>Alternatives to each token; null: no probabilities.</summary>
    internal int? LogProbabilities { get; init; }

    internal int Priority { get; init; }

    internal TimeSpan? TimeLimit { get; init; }

    internal string? CacheSalt { get; init; }

    /// <summary>Whether a generated token ends the text.</summary>
    internal bool IsStop(int token) => StopTokenIds.AsSpan().Contains(token);

    /// <param name="options">What the caller wants; null: nothing in particular.</param>
    /// <param name="defaults">What the model's producer recommends. A temperature from the caller samples even where the producer does not.</param>
    /// <param name="tokenizerSize">The number of ids the tokenizer has; the caller's ids must be below it.</param>
    /// <param name="promptTokens">The length of the prompt, which the producer's <c>max_length</c> and <c>min_length</c> count.</param>
    /// <exception cref="ArgumentException">An option is out of range, or the options leave no token that could be drawn.</exception>
    /// <exception cref="ModelException">The producer wants what Octet cannot follow, and the caller says nothing else; or the prompt alone is longer than <c>max_length</c>.</exception>
    internal static GenerationSettings Resolve(GenerationOptions? options, GenerationConfig defaults, int tokenizerSize, int promptTokens = 0)
    {
        options ??= new GenerationOptions();
        options.Validate();
        RequireBelow(tokenizerSize, options.LogitBias?.Keys, nameof(options.LogitBias));
        RequireBelow(tokenizerSize, options.StopTokenIds, nameof(options.StopTokenIds));
        RequireBelow(tokenizerSize, options.BannedTokenIds, nameof(options.BannedTokenIds));
        RequireBelow(tokenizerSize, options.BannedFirstTokenIds, nameof(options.BannedFirstTokenIds));
        RequireBelow(tokenizerSize, options.BannedSequences?.SelectMany(ids => ids), nameof(options.BannedSequences));
        RequireBelow(tokenizerSize, options.AllowedTokenIds, nameof(options.AllowedTokenIds));

        IReadOnlyList<int> ends = defaults.EosTokenIds;
        if (options.IgnoreGenerationConfig)
        {
            defaults = new GenerationConfig();
        }

        defaults.RequireUnderstood(options);

        // Who wants more tokens than the producer gives by default has said how many at least.
        int? maxTokens = options.MaxTokens ?? Largest(defaults.MaxNewTokens ?? Rest(defaults.MaxLength, promptTokens), options.MinTokens);
        var settings = new GenerationSettings
        {
            MaxTokens = maxTokens,
            MinTokens = options.MinTokens ?? Math.Min(defaults.MinNewTokens ?? Math.Max(0, (defaults.MinLength ?? 0) - promptTokens), maxTokens ?? int.MaxValue),
            Temperature = options.Temperature ?? (defaults.DoSample ? defaults.Temperature : 0),
            TopK = options.TopK ?? defaults.TopK,
            TopP = options.TopP ?? defaults.TopP,
            MinP = options.MinP ?? defaults.MinP,
            TypicalP = options.TypicalP ?? defaults.TypicalP,
            RepetitionPenalty = options.RepetitionPenalty ?? defaults.RepetitionPenalty,
            PresencePenalty = options.PresencePenalty ?? 0,
            FrequencyPenalty = options.FrequencyPenalty ?? 0,
            NoRepeatNgramSize = options.NoRepeatNgramSize ?? defaults.NoRepeatNgramSize,
            ExponentialDecay = options.ExponentialDecayLengthPenalty ?? defaults.ExponentialDecayLengthPenalty,
            LogitBias = [.. (options.LogitBias ?? Enumerable.Empty<KeyValuePair<int, float>>()).OrderBy(entry => entry.Key).Select(entry => (entry.Key, entry.Value))],
            SequenceBias = Biases(options, defaults, ends),
            Seed = options.Seed,
            StopStrings = options.StopStrings ?? (options.IgnoreEos ? [] : defaults.StopStrings),
            StopTokenIds = [.. (options.IgnoreEos ? [] : ends).Concat(options.StopTokenIds ?? []).Distinct()],
            EndTokenIds = [.. ends.Distinct()],
            BannedTokenIds = [.. (options.BannedTokenIds ?? defaults.SuppressTokens).Distinct()],
            BannedFirstTokenIds = [.. (options.BannedFirstTokenIds ?? defaults.BeginSuppressTokens).Distinct()],
            AllowedTokenIds = options.AllowedTokenIds is { } allowed ? [.. allowed.Distinct()] : null,
            SkipSpecialTokens = options.SkipSpecialTokens,
            Reasoning = options.Reasoning,
            ToolCalls = options.ToolCalls,
            EndsBehindCall = options.EndsBehindCall,
            Tools = options.Tools,
            LogProbabilities = options.LogProbabilities,
            Priority = options.Priority,
            TimeLimit = options.TimeLimit,
            CacheSalt = options.CacheSalt,
        };

        settings.RequireSomethingToDraw(tokenizerSize);
        return settings;
    }

    // Null as the first: there is no bound.
    static int? Largest(int? bound, int? wanted) => wanted > bound ? wanted : bound;

    static int? Rest(int? maxLength, int promptTokens)
    {
        if (maxLength <= promptTokens)
        {
            throw new ModelException(ModelError.InvalidInput, string.Create(
                CultureInfo.InvariantCulture,
                $"the prompt has {promptTokens} tokens, and {GenerationConfig.FileName} gives prompt and answer together {maxLength} (max_length): shorten the prompt, or set MaxTokens"));
        }

        return maxLength - promptTokens;
    }

    /// <summary>As Transformers has it, an end token by itself is never banned by <c>bad_words_ids</c>.</summary>
    static (int[] Ids, float Bias)[] Biases(GenerationOptions options, GenerationConfig defaults, IReadOnlyList<int> ends)
    {
        IEnumerable<IReadOnlyList<int>> banned = options.BannedSequences ?? defaults.BadWordsIds.Where(ids => ids.Count != 1 || !ends.Contains(ids[0]));
        return
        [
            .. defaults.SequenceBias.Select(entry => (entry.TokenIds.ToArray(), entry.Bias)),
            .. banned.Select(ids => (ids.ToArray(), float.NegativeInfinity)),
        ];
    }

    void RequireSomethingToDraw(int tokenizerSize)
    {
        List<int> banned = [.. SequenceBias.Where(entry => entry.Ids.Length == 1 && float.IsNegativeInfinity(entry.Bias)).Select(entry => entry.Ids[0])];
        IEnumerable<int> drawable = (AllowedTokenIds ?? Enumerable.Range(0, tokenizerSize)).Except(BannedTokenIds);
        if (!drawable.Any())
        {
            throw Refuse(nameof(GenerationOptions.BannedTokenIds), "BannedTokenIds holds every token that may be drawn; expected at least one that is not");
        }

        drawable = drawable.Except(banned);
        if (!drawable.Any())
        {
            throw Refuse(nameof(GenerationOptions.BannedSequences), "BannedSequences holds, as a sequence of its own, every token that may be drawn; expected at least one that is not");
        }

        IEnumerable<int> first = drawable.Except(BannedFirstTokenIds);
        if (!first.Any())
        {
            throw Refuse(nameof(GenerationOptions.BannedFirstTokenIds), "BannedFirstTokenIds holds every token that may be drawn; expected at least one that is not");
        }

        if (MinTokens > 0 && !drawable.Except(StopTokenIds).Any())
        {
            throw Refuse(
                nameof(GenerationOptions.MinTokens),
                string.Create(CultureInfo.InvariantCulture, $"MinTokens is {MinTokens}, but every token that may be drawn is a stop token; expected 0, or a token that is not"));
        }

        if (MinTokens > 0 && !first.Except(StopTokenIds).Any())
        {
            throw Refuse(
                nameof(GenerationOptions.BannedFirstTokenIds),
                string.Create(CultureInfo.InvariantCulture, $"MinTokens is {MinTokens}, and BannedFirstTokenIds leaves stop tokens alone to be drawn first; expected MinTokens 0, or another token"));
        }
    }

    static ArgumentException Refuse(string option, string message) => new(message, option);

    static void RequireBelow(int tokenizerSize, IEnumerable<int>? ids, string option)
    {
        foreach (int id in ids ?? [])
        {
            if (id >= tokenizerSize)
            {
                throw new ArgumentOutOfRangeException(
                    option,
                    string.Create(CultureInfo.InvariantCulture, $"{option} holds token {id}; expected ids below {tokenizerSize}, the size of the tokenizer"));
            }
        }
    }
}
