using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Octet.Cli.Options;

/// <summary>How tokens are chosen. What is not given is as the model's producer recommends.</summary>
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
    readonly Option<long?> _seed = Number.Seed("--seed", "The same seed gives the same text [default: another one each time]");
    readonly Option<string[]> _stop = new("--stop") { Description = "A text that ends the answer and is no part of it; may be repeated", HelpName = "TEXT", Arity = ArgumentArity.OneOrMore };
    readonly Option<bool> _ignoreEos = new("--ignore-eos") { Description = "Go on where the model would end, up to --max-tokens" };
    readonly Option<Dictionary<int, float>?> _logitBias = new("--logit-bias")
    {
        Description = "Added to one token's logit, -100 to 100; may be repeated",
        HelpName = "ID=X",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = ParseBias,
    };

    internal SamplingOptions(Command command)
    {
        foreach (Option option in (Option[])[_maxTokens, _minTokens, _temperature, _topK, _topP, _minP, _typicalP, _repetition, _presence, _frequency, _logitBias, _seed, _stop, _ignoreEos])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>A seed is always set, so that a result can say which one it came from.</summary>
    /// <exception cref="UsageException">Two options contradict each other.</exception>
    internal GenerationOptions Read(ParseResult parsed)
    {
        GenerationOptions options = Values(parsed);
        if (options.MinTokens > options.MaxTokens)
        {
            throw new UsageException($"--min-tokens is {options.MinTokens}: expected at most --max-tokens, {options.MaxTokens}");
        }

        return options.StopStrings?.Contains("") is true
            ? throw new UsageException("--stop is empty: expected at least one character")
            : options;
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
        Seed = parsed.GetValue(_seed) ?? Random.Shared.NextInt64(1L << 53),
        StopStrings = parsed.GetValue(_stop),
        IgnoreEos = parsed.GetValue(_ignoreEos),
    };

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
