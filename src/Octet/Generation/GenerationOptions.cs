using System.Globalization;
using System.Text.Json.Nodes;

namespace Octet;

/// <summary>
/// What a caller wants of one generation. Every property is optional; null means the model's own default
/// (<c>generation_config.json</c>), and where that says nothing, off.
/// </summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens to generate, from 0. Null: the model's default, else as long as the context allows.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The fewest tokens before a stop token may come, from 0, at most <see cref="MaxTokens"/>; above the model's default for that, it is the most too. Stop strings are not held off.</summary>
    public int? MinTokens { get; init; }

    /// <summary>Divides the logits, from 0. Below 1 sharpens, above 1 flattens; 0 takes the most likely token (greedy). Null where the model's producer does not sample: greedy too.</summary>
    public float? Temperature { get; init; }

    /// <summary>Keep the k most likely tokens, from 0; 0 is off; greedy, it has no effect.</summary>
    public int? TopK { get; init; }

    /// <summary>Keep the fewest most likely tokens whose probability reaches p, from 0 to 1; 1 is off; greedy, it has no effect. <see href="https://arxiv.org/abs/1904.09751"/></summary>
    public float? TopP { get; init; }

    /// <summary>Keep tokens at least this fraction as likely as the most likely one, from 0 to 1; 0 is off; greedy, it has no effect. <see href="https://arxiv.org/abs/2407.01082"/></summary>
    public float? MinP { get; init; }

    /// <summary>Keep tokens of typical information content up to this probability, above 0, at most 1; 1 is off; greedy, it has no effect. <see href="https://arxiv.org/abs/2202.00666"/></summary>
    public float? TypicalP { get; init; }

    /// <summary>Makes tokens of prompt and output less likely, above 0; 1 is off, below 1 encourages. <see href="https://arxiv.org/abs/1909.05858"/></summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>Subtracted from the logits of tokens that the output already has, from -2 to 2; 0 is off (OpenAI's API).</summary>
    public float? PresencePenalty { get; init; }

    /// <summary>Subtracted from a token's logit once for each time the output already has it, from -2 to 2; 0 is off (OpenAI's API).</summary>
    public float? FrequencyPenalty { get; init; }

    /// <summary>
    /// No sequence of this many tokens comes twice in prompt and output together, from 0; 0 is off (Transformers'
    /// <c>no_repeat_ngram_size</c>).
    /// </summary>
    public int? NoRepeatNgramSize { get; init; }

    /// <summary>Makes the model's end likelier the longer the output gets.</summary>
    public ExponentialDecay? ExponentialDecayLengthPenalty { get; init; }

    /// <summary>Added to the logits of the tokens named, from -100 to 100 (OpenAI's API).</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>
    /// Any number: the same seed on the same logits draws the same tokens on every machine. Null: a new one each time, which
    /// <see cref="GenerationStatistics.Seed"/> tells. Greedy, it has no effect.
    /// </summary>
    public long? Seed { get; init; }

    /// <summary>
    /// Texts that end the generation; none of them is part of the output. Each at least one character, whole Unicode. One that is or holds a
    /// special token (<c>&lt;|im_end|&gt;</c>) is found where the model writes that token, whether or not special tokens are part of the output.
    /// </summary>
    public IReadOnlyList<string>? StopStrings { get; init; }

    /// <summary>Tokens that end the generation, besides the model's own.</summary>
    public IReadOnlyList<int>? StopTokenIds { get; init; }

    /// <summary>
    /// The model's own ends (<see cref="LanguageModel.EndTokenIds"/>, and its stop strings) do not end the generation; they can still be
    /// drawn. Meant for measurements.
    /// </summary>
    public bool IgnoreEos { get; init; }

    /// <summary>Tokens that are never drawn.</summary>
    public IReadOnlyList<int>? BannedTokenIds { get; init; }

    /// <summary>Tokens that are never drawn first.</summary>
    public IReadOnlyList<int>? BannedFirstTokenIds { get; init; }

    /// <summary>Sequences of tokens that never come: the last token of each is not drawn behind the others, which may be the prompt's. Each at least one token.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? BannedSequences { get; init; }

    /// <summary>The only tokens that may be drawn, at least one that is not banned. Null: all.</summary>
    public IReadOnlyList<int>? AllowedTokenIds { get; init; }

    /// <summary>
    /// What the whole answer must be: JSON of a schema, a match of a regular expression, and so on. Tokens that end the text are drawn only where it is
    /// complete; where nothing else may follow it ends there, whatever <see cref="MinTokens"/> says. Needs a tokenizer; a constraint that it cannot
    /// write is a <see cref="ConstraintException"/>. Null: anything.
    /// </summary>
    public OutputConstraint? Constraint { get; init; }

    /// <summary>Special tokens (<c>&lt;|im_end|&gt;</c>) are left out of the text. The one that ends it is left out in any case.</summary>
    public bool SkipSpecialTokens { get; init; } = true;

    /// <summary>What becomes of what the model thinks before it answers.</summary>
    public ReasoningMode Reasoning { get; init; }

    /// <summary>
    /// The most tokens of reasoning, from 0: then the mark that ends it comes as the model's template writes it, goes before every other rule, and the answer goes on. A
    /// character is not cut in two for it. The marks are none of these tokens, and all are of <see cref="MaxTokens"/>. No effect on what does not think, or has no tokenizer.
    /// Null: as many as the model likes.
    /// </summary>
    public int? ReasoningBudget { get; init; }

    /// <summary>What becomes of the calls of tools that the model writes.</summary>
    public ToolCallMode ToolCalls { get; init; }

    /// <summary>
    /// The tools that the model was given, a list in OpenAI's form: where its format writes all arguments as text, their schemas tell what they
    /// are. Null: those of <see cref="PromptOptions.Tools"/>, where a conversation is answered.
    /// </summary>
    public JsonNode? Tools { get; init; }

    /// <summary>Whether the first whole call ends the generation, where calls come apart: with <see cref="FinishReason.Stop"/>, and nothing behind it.</summary>
    internal bool EndsBehindCall { get; init; }

    /// <summary>With every token how likely it was, and so many of the likeliest tokens in its place, from 0 to 100. Null: nothing of it.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Who goes first where not all generations can be computed at once: the higher number.</summary>
    public int Priority { get; init; }

    /// <summary>From the request on, above zero; then the generation ends with <see cref="FinishReason.TimeLimit"/> and what there is of it. Null: none.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Beginnings of prompts are shared only with generations that have the same salt: between users who may not learn by the time it takes what others have asked. Null is a salt too.</summary>
    public string? CacheSalt { get; init; }

    /// <summary>Nothing that the model's <c>generation_config.json</c> recommends or asks for counts, but its end tokens.</summary>
    public bool IgnoreGenerationConfig { get; init; }

    /// <summary>Checks every value against the range its property states.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    /// <exception cref="ArgumentException">A list is unusable, or two options contradict each other.</exception>
    public void Validate()
    {
        Require(MaxTokens is null or >= 0, nameof(MaxTokens), MaxTokens, "a whole number from 0");
        Require(MinTokens is null or >= 0, nameof(MinTokens), MinTokens, "a whole number from 0");
        Require(!(MinTokens > MaxTokens), nameof(MinTokens), MinTokens, string.Create(CultureInfo.InvariantCulture, $"at most MaxTokens, {MaxTokens}"));
        Require(Temperature is null or (>= 0 and <= float.MaxValue), nameof(Temperature), Temperature, "a number from 0");
        Require(TopK is null or >= 0, nameof(TopK), TopK, "a whole number from 0 (0 is off)");
        Require(TopP is null or (>= 0 and <= 1), nameof(TopP), TopP, "a number from 0 to 1 (1 is off)");
        Require(MinP is null or (>= 0 and <= 1), nameof(MinP), MinP, "a number from 0 to 1 (0 is off)");
        Require(TypicalP is null or (> 0 and <= 1), nameof(TypicalP), TypicalP, "a number above 0, at most 1 (1 is off)");
        Require(RepetitionPenalty is null or (> 0 and <= float.MaxValue), nameof(RepetitionPenalty), RepetitionPenalty, "a number above 0 (1 is off)");
        Require(PresencePenalty is null or (>= -2 and <= 2), nameof(PresencePenalty), PresencePenalty, "a number from -2 to 2 (0 is off)");
        Require(FrequencyPenalty is null or (>= -2 and <= 2), nameof(FrequencyPenalty), FrequencyPenalty, "a number from -2 to 2 (0 is off)");
        Require(NoRepeatNgramSize is null or >= 0, nameof(NoRepeatNgramSize), NoRepeatNgramSize, "a whole number from 0 (0 is off)");
        Require(
            ExponentialDecayLengthPenalty is null or { StartIndex: >= 0, DecayFactor: > 0 and <= double.MaxValue },
            nameof(ExponentialDecayLengthPenalty), ExponentialDecayLengthPenalty, "a start from 0 and a factor above 0 (1 is off)");
        Require(Reasoning is >= ReasoningMode.Keep and <= ReasoningMode.Hide, nameof(Reasoning), Reasoning, "one of the enumeration");
        Require(ReasoningBudget is null or >= 0, nameof(ReasoningBudget), ReasoningBudget, "a whole number from 0");
        Require(ToolCalls is >= ToolCallMode.Keep and <= ToolCallMode.Separate, nameof(ToolCalls), ToolCalls, "one of the enumeration");
        Require(LogProbabilities is null or (>= 0 and <= 100), nameof(LogProbabilities), LogProbabilities, "a whole number from 0 to 100");
        Require(TimeLimit is null || TimeLimit > TimeSpan.Zero, nameof(TimeLimit), TimeLimit, "a time above zero");
        RequireIds(StopTokenIds, nameof(StopTokenIds));
        RequireIds(BannedTokenIds, nameof(BannedTokenIds));
        RequireIds(BannedFirstTokenIds, nameof(BannedFirstTokenIds));
        RequireIds(AllowedTokenIds, nameof(AllowedTokenIds));
        foreach (IReadOnlyList<int>? sequence in BannedSequences ?? [])
        {
            RequireIds(sequence, nameof(BannedSequences));
            if (sequence is null or [])
            {
                throw Refuse(nameof(BannedSequences), "BannedSequences holds an empty sequence; expected at least one token id each");
            }
        }

        foreach ((int id, float bias) in LogitBias ?? Enumerable.Empty<KeyValuePair<int, float>>())
        {
            Require(id >= 0, nameof(LogitBias), id, "token ids from 0");
            Require(bias is >= -100 and <= 100, nameof(LogitBias), bias, "numbers from -100 to 100");
        }

        foreach (string? stop in StopStrings ?? [])
        {
            if (string.IsNullOrEmpty(stop))
            {
                throw Refuse(nameof(StopStrings), "StopStrings holds an empty string; expected at least one character each");
            }

            // Such a text never occurs in the output, and cutting there would break a character in two.
            if (HasLoneSurrogate(stop))
            {
                throw Refuse(nameof(StopStrings), "StopStrings holds half of a surrogate pair; expected whole Unicode characters");
            }
        }

        if (AllowedTokenIds is not null && AllowedTokenIds.All((BannedTokenIds ?? []).Contains))
        {
            throw Refuse(nameof(AllowedTokenIds), AllowedTokenIds.Count == 0
                ? "AllowedTokenIds is empty; expected at least one token id, or null for all"
                : "AllowedTokenIds are all in BannedTokenIds; expected at least one that may be drawn");
        }
    }

    static void RequireIds(IReadOnlyList<int>? ids, string option)
    {
        foreach (int id in ids ?? [])
        {
            Require(id >= 0, option, id, "token ids from 0");
        }
    }

    static void Require<T>(bool holds, string option, T value, string expected)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(option, string.Create(CultureInfo.InvariantCulture, $"{option} is {value}; expected {expected}"));
        }
    }

    static ArgumentException Refuse(string option, string message) => new(message, option);

    static bool HasLoneSurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                {
                    return true;
                }

                i++;
            }
        }

        return false;
    }
}
