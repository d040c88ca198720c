using System.Globalization;
using Octet.Checkpoints;

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

    /// <summary>By rising id.</summary>
    internal (int Id, float Bias)[] LogitBias { get; init; } = [];

    internal long? Seed { get; init; }

    internal IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>The model's end tokens (unless ignored) and the caller's, distinct.</summary>
    internal int[] StopTokenIds { get; init; } = [];

    internal int[] BannedTokenIds { get; init; } = [];

    /// <summary>Null: all.</summary>
    internal int[]? AllowedTokenIds { get; init; }

    /// <summary>Whether a generated token ends the text.</summary>
    internal bool IsStop(int token) => StopTokenIds.AsSpan().Contains(token);

    /// <param name="options">What the caller wants; null: nothing in particular.</param>
    /// <param name="defaults">What the model's producer recommends. A temperature from the caller samples even where the producer does not.</param>
    /// <param name="tokenizerSize">The number of ids the tokenizer has; the caller's ids must be below it.</param>
    /// <exception cref="ArgumentException">An option is out of range, or the options leave no token that could be drawn.</exception>
    internal static GenerationSettings Resolve(GenerationOptions? options, GenerationConfig defaults, int tokenizerSize)
    {
        options ??= new GenerationOptions();
        options.Validate();
        RequireBelow(tokenizerSize, options.LogitBias?.Keys, nameof(options.LogitBias));
        RequireBelow(tokenizerSize, options.StopTokenIds, nameof(options.StopTokenIds));
        RequireBelow(tokenizerSize, options.BannedTokenIds, nameof(options.BannedTokenIds));
        RequireBelow(tokenizerSize, options.AllowedTokenIds, nameof(options.AllowedTokenIds));

        IEnumerable<int> ends = options.IgnoreEos ? [] : defaults.EosTokenIds;
        int? maxTokens = options.MaxTokens ?? defaults.MaxNewTokens;
        var settings = new GenerationSettings
        {
            MaxTokens = maxTokens,
            MinTokens = options.MinTokens ?? Math.Min(defaults.MinNewTokens, maxTokens ?? int.MaxValue),
            Temperature = options.Temperature ?? (defaults.DoSample ? defaults.Temperature : 0),
            TopK = options.TopK ?? defaults.TopK,
            TopP = options.TopP ?? defaults.TopP,
            MinP = options.MinP ?? defaults.MinP,
            TypicalP = options.TypicalP ?? defaults.TypicalP,
            RepetitionPenalty = options.RepetitionPenalty ?? defaults.RepetitionPenalty,
            PresencePenalty = options.PresencePenalty ?? 0,
            FrequencyPenalty = options.FrequencyPenalty ?? 0,
            LogitBias = [.. (options.LogitBias ?? Enumerable.Empty<KeyValuePair<int, float>>()).OrderBy(entry => entry.Key).Select(entry => (entry.Key, entry.Value))],
            Seed = options.Seed,
            StopStrings = options.StopStrings ?? [],
            StopTokenIds = [.. ends.Concat(options.StopTokenIds ?? []).Distinct()],
            BannedTokenIds = [.. (options.BannedTokenIds ?? []).Distinct()],
            AllowedTokenIds = options.AllowedTokenIds is { } allowed ? [.. allowed.Distinct()] : null,
        };

        settings.RequireSomethingToDraw(tokenizerSize);
        return settings;
    }

    void RequireSomethingToDraw(int tokenizerSize)
    {
        IEnumerable<int> drawable = (AllowedTokenIds ?? Enumerable.Range(0, tokenizerSize)).Except(BannedTokenIds);
        if (!drawable.Any())
        {
            throw Refuse(nameof(GenerationOptions.BannedTokenIds), "BannedTokenIds holds every token that may be drawn; expected at least one that is not");
        }

        if (MinTokens > 0 && !drawable.Except(StopTokenIds).Any())
        {
            throw Refuse(
                nameof(GenerationOptions.MinTokens),
                string.Create(CultureInfo.InvariantCulture, $"MinTokens is {MinTokens}, but every token that may be drawn is a stop token; expected 0, or a token that is not"));
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
