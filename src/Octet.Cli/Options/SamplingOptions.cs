using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Octet.Cli.Options;

/// <summary>How tokens are chosen, where the answer ends and what of it is shown. What is not given is as the model's producer recommends.</summary>
sealed class SamplingOptions
{
    readonly Option<int?> _maxTokens = Number.Integer("--max-tokens", "The most tokens to generate [default: as the context allows]", 0);
    readonly Option<int?> _minTokens = Number.Integer("--min-tokens", "The fewest tokens before the model may end", 0);
    readonly Option<float?> _temperature = Number.Real("--temperature", "0 takes the most likely token; below 1 sharpens, above 1 flattens", "a number from 0", x => x is >= 0 and <= float.MaxValue);
    readonly Option<int?> _topK = Number.Integer("--top-k", "Only the k most likely tokens (0: all)", 0);
    readonly Option<float?> _topP = Number.Real("--top-p", "Only the most likely tokens that together reach this probability (1: all)", "a number from 0 to 1", x => x is >= 0 and <= 1);
    readonly Option<float?> _minP = Number.Real("--min-p", "Only tokens at least this fraction as likely as the most likely one (0: all)", "a number from 0 to 1", x => x is >= 0 and <= 1);
    readonly Option<float?> _typicalP = Number.Real("--typical-p", "Only tokens of typical information content up to this probability (1: all)", "a number above 0, at most 1", x => x is > 0 and <= 1);
    readonly Option<float?> _repetition = Number.Real("--repetition-penalty", "Makes tokens that already occur less likely (1: off)", "a number above 0", x => x is > 0 and <= float.MaxValue);
    readonly Option<float?> _presence = Number.Real("--presence-penalty", "Subtracted from the logits of tokens in the answer (0: off)", "a number from -2 to 2", x => x is >= -2 and <= 2);
    readonly Option<float?> _frequency = Number.Real("--frequency-penalty", "The same, once for each occurrence (0: off)", "a number from -2 to 2", x => x is >= -2 and <= 2);
    readonly Option<int?> _ngram = Number.Integer("--no-repeat-ngram", "No sequence of this many tokens twice in prompt and answer (0: off)", 0);
    readonly Option<long?> _seed = Number.Seed("--seed", "The same seed gives the same text [default: another one each time, which --stats and --json tell]");
    readonly Option<string[]?> _stop = new("--stop")
    {
        Description = $"A text that ends the answer and is no part of it, special tokens such as <|im_end|> too; may be repeated. Escapes: {StopText.Escapes}",
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = ParseStops,
    };
    readonly Option<int[]?> _stopIds = new("--stop-id")
    {
        Description = "Ids of tokens that end the answer, beside the model's own; may be repeated",
        HelpName = "N,N,...",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = ParseIds,
    };
    readonly Option<bool> _ignoreEos = new("--ignore-eos") { Description = "Go on where the model would end, up to --max-tokens" };
    readonly Option<bool> _ignoreConfig = new("--ignore-generation-config") { Description = "Leave out what the model's generation_config.json recommends" };
    readonly Option<bool> _special = new("--special") { Description = "Keep special tokens in the text" };
    readonly Option<string?> _reasoning = Choice.Create(
        "--reasoning", "What the model thinks before it answers: left out, on the error stream (in --json apart), or in the text as it comes [default: keep]", "hide", "show", "keep");
    readonly Option<int?> _reasoningBudget = Number.Integer(
        "--reasoning-budget", "The most tokens that the model may think, then it answers; 0: none [default: as many as it likes]", 0);
    readonly Option<Dictionary<int, float>?> _logitBias = new("--logit-bias")
    {
        Description = "Added to one token's logit, -100 to 100; may be repeated",
        HelpName = "ID=X",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = ParseBias,
    };

    internal SamplingOptions(Command command)
    {
        foreach (Option option in (Option[])[_maxTokens, _minTokens, _temperature, _topK, _topP, _minP, _typicalP, _repetition, _presence, _frequency, _ngram, _logitBias, _seed, _stop, _stopIds, _ignoreEos, _ignoreConfig, _special, _reasoning, _reasoningBudget])
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="UsageException">Two options contradict each other.</exception>
    internal GenerationOptions Read(ParseResult parsed)
    {
        GenerationOptions options = Values(parsed);
        if (options.MinTokens > options.MaxTokens)
        {
            throw new UsageException($"--min-tokens is {options.MinTokens}: expected at most --max-tokens, {options.MaxTokens}");
        }

        return options;
    }

    GenerationOptions Values(ParseResult parsed) => new()
    {
        MaxTokens = parsed.GetValue(_maxTokens),
        MinTokens = parsed.GetValue(_minTokens),
        Temperature = parsed.GetValue(_temperature),
        TopK = parsed.GetValue(_topK),
        TopP = parsed.GetValue(_topP),
        MinP = parsed.GetValue(_minP),
        TypicalP = parsed.GetValue(_typicalP),
        RepetitionPenalty = parsed.GetValue(_repetition),
        PresencePenalty = parsed.GetValue(_presence),
        FrequencyPenalty = parsed.GetValue(_frequency),
        LogitBias = parsed.GetValue(_logitBias),
        NoRepeatNgramSize = parsed.GetValue(_ngram),
        Seed = parsed.GetValue(_seed),
        StopStrings = parsed.GetResult(_stop) is null ? null : parsed.GetValue(_stop),
        StopTokenIds = Number.Given(parsed, _stopIds),
        IgnoreEos = parsed.GetValue(_ignoreEos),
        IgnoreGenerationConfig = parsed.GetValue(_ignoreConfig),
        SkipSpecialTokens = !parsed.GetValue(_special),
        ReasoningBudget = parsed.GetValue(_reasoningBudget),
        Reasoning = parsed.GetValue(_reasoning) switch
        {
            "hide" => ReasoningMode.Hide,
            "show" => ReasoningMode.Separate,
            _ => ReasoningMode.Keep,
        },
    };

    static string[]? ParseStops(ArgumentResult result)
    {
        List<string> stops = [];
        foreach (Token token in result.Tokens)
        {
            switch (StopText.Parse(token.Value))
            {
                case "":
                    result.AddError("--stop is empty: expected at least one character");
                    return null;
                case { } stop:
                    stops.Add(stop);
                    break;
                default:
                    result.AddError($"--stop is '{token.Value}': a backslash begins one of {StopText.Escapes}, and the text is whole characters");
                    return null;
            }
        }

        return [.. stops];
    }

    static int[]? ParseIds(ArgumentResult result)
    {
        List<int> ids = [];
        foreach (string part in result.Tokens.SelectMany(token => token.Value.Split([',', ' '], StringSplitOptions.TrimEntries)))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                result.AddError($"--stop-id is '{part}': expected token ids, whole numbers from 0, separated by commas");
                return null;
            }

            ids.Add(id);
        }

        return [.. ids];
    }

    static Dictionary<int, float>? ParseBias(ArgumentResult result)
    {
        Dictionary<int, float> biases = [];
        foreach (Token token in result.Tokens)
        {
            string[] parts = token.Value.Split('=');
            if (parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                || !float.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out float bias)
                || bias is not (>= -100 and <= 100))
            {
                result.AddError($"--logit-bias is '{token.Value}': expected a token id, =, and a number from -100 to 100");
                return null;
            }

            biases[id] = bias;
        }

        return biases;
    }
}
