using System.Text.Json;

namespace Octet.Checkpoints;

/// <summary>Reads <see cref="GenerationConfig"/> key by key; what cannot be followed is noted, for whoever would have to follow it.</summary>
sealed class GenerationConfigReader(ConfigObject json, ModelConfig model)
{
    // Transformers' default of max_length, which older versions wrote into the file although nobody had asked for it; generate() itself
    // takes it for «not set».
    const int UnsetMaxLength = 20;

    static readonly string[] s_honoured =
    [
        "do_sample", "temperature", "top_k", "top_p", "min_p", "typical_p", "repetition_penalty", "no_repeat_ngram_size",
        "exponential_decay_length_penalty", "sequence_bias", "bad_words_ids", "suppress_tokens", "begin_suppress_tokens", "eos_token_id", "stop_strings",
        "bos_token_id", "pad_token_id", "max_new_tokens", "max_length", "min_new_tokens", "min_length",
    ];

    readonly List<RefusedSetting> _refused = [];

    internal GenerationConfig Read()
    {
        GenerationConfig absent = GenerationConfig.Default(model);
        var config = new GenerationConfig
        {
            DoSample = Value("do_sample", "true or false", Boolean) ?? absent.DoSample,
            Temperature = Number("temperature", "a number from 0", x => x is >= 0 and <= float.MaxValue) ?? absent.Temperature,
            TopK = Whole("top_k", 0) ?? absent.TopK,
            TopP = Number("top_p", "a number from 0 to 1", x => x is >= 0 and <= 1) ?? absent.TopP,
            MinP = Number("min_p", "a number from 0 to 1", x => x is >= 0 and <= 1) ?? absent.MinP,
            TypicalP = Number("typical_p", "a number above 0, at most 1", x => x <= 1 && (float)x > 0) ?? absent.TypicalP,
            RepetitionPenalty = Number("repetition_penalty", "a number above 0", x => (float)x is > 0 and <= float.MaxValue) ?? absent.RepetitionPenalty,
            NoRepeatNgramSize = Whole("no_repeat_ngram_size", 0) ?? absent.NoRepeatNgramSize,
            ExponentialDecayLengthPenalty = Value("exponential_decay_length_penalty", "[tokens without it, a number above 0]", Decay),
            SequenceBias = List("sequence_bias", "a list of [[token ids], bias]", Bias) ?? absent.SequenceBias,
            BadWordsIds = List("bad_words_ids", "a list of lists of token ids", Sequence)?.Where(ids => ids.Count > 0).ToArray() ?? absent.BadWordsIds,
            SuppressTokens = Ids("suppress_tokens") ?? absent.SuppressTokens,
            BeginSuppressTokens = Ids("begin_suppress_tokens") ?? absent.BeginSuppressTokens,
            EosTokenIds = Ends() ?? absent.EosTokenIds,
            StopStrings = List("stop_strings", "a text or a list of texts", Text) ?? absent.StopStrings,
            BosTokenId = json.Has("bos_token_id") ? OwnId("bos_token_id") : absent.BosTokenId,
            PadTokenId = json.Has("pad_token_id") ? OwnId("pad_token_id") : absent.PadTokenId,
            MaxNewTokens = Whole("max_new_tokens", 1),
            MaxLength = Whole("max_length", 1) is { } length and not UnsetMaxLength ? length : null,
            MinNewTokens = Whole("min_new_tokens", 0),
            MinLength = Whole("min_length", 0),
            UnknownKeys = [.. json.Entries.Select(entry => entry.Name).Where(key => !s_honoured.Contains(key) && !OtherGenerationKeys.IsKnown(key))],
        };
        _refused.AddRange(OtherGenerationKeys.Refused(json, config.DoSample));
        return config with { Refused = _refused };
    }

    /// <summary>What <paramref name="read"/> makes of a value; null where it is not set, or refused.</summary>
    T? Value<T>(string key, string expected, Func<JsonElement, T?> read)
        where T : struct
        => Set(key) is { } value ? read(value) ?? Refuse<T?>(key, expected) : null;

    /// <summary>What <paramref name="read"/> makes of every item of a list; of one value, of that. Null where it is not set, or refused.</summary>
    T[]? List<T>(string key, string expected, Func<JsonElement, T?> read)
    {
        if (Set(key) is not { } value)
        {
            return null;
        }

        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        T[] found = [.. items.Select(read).OfType<T>()];
        return found.Length == items.Length ? found : Refuse<T[]>(key, expected);
    }

    float? Number(string key, string expected, Func<double, bool> isValid)
    {
        if (Set(key) is not { } value)
        {
            return null;
        }

        double number = value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double found) ? found : double.NaN;
        return isValid(number) ? (float)number : number is 0 or -1 ? null : Refuse<float?>(key, expected);
    }

    int? Whole(string key, int minimum)
    {
        if (Set(key) is not { } value)
        {
            return null;
        }

        int? number = WholeNumber(value);
        return number >= minimum ? number : number is 0 or -1 ? null : Refuse<int?>(key, $"a whole number from {minimum}");
    }

    /// <summary>-1 in the list is no token.</summary>
    int[]? Ids(string key)
        => List(key, "a list of token ids", value => WholeNumber(value) is >= -1 and { } id ? id : (int?)null)?.OfType<int>().Where(id => id >= 0).ToArray();

    int[]? Ends() => List("eos_token_id", "a token id, or a list of them", value => WholeNumber(value))?.OfType<int>().Where(IsOwn).Distinct().ToArray();

    /// <summary>The value, where it is there and says anything.</summary>
    JsonElement? Set(string key)
        => json.Find(key) is { } value
            && !(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)
            && !(value.ValueKind == JsonValueKind.String && value.ValueEquals(""))
            ? value
            : null;

    int? OwnId(string key) => json.Find(key) is { } value && WholeNumber(value) is { } id && IsOwn(id) ? id : null;

    bool IsOwn(int id) => id >= 0 && id < model.VocabSize;

    static bool? Boolean(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => WholeNumber(value) switch { 0 => false, 1 => true, _ => null },
    };

    static ExponentialDecay? Decay(JsonElement value)
        => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2 && WholeNumber(value[0]) is >= 0 and { } start
            && value[1].ValueKind == JsonValueKind.Number && value[1].TryGetDouble(out double factor) && factor > 0 && double.IsFinite(factor)
            ? new ExponentialDecay(start, factor)
            : null;

    static SequenceBias? Bias(JsonElement value)
        => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2 && Sequence(value[0]) is { Count: > 0 } ids
            && value[1].ValueKind == JsonValueKind.Number && value[1].TryGetSingle(out float bias) && float.IsFinite(bias)
            ? new SequenceBias(ids, bias)
            : null;

    static IReadOnlyList<int>? Sequence(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        int?[] ids = [.. value.EnumerateArray().Select(WholeNumber)];
        return ids.All(id => id >= 0) ? [.. ids.OfType<int>()] : null;
    }

    static string? Text(JsonElement value) => ConfigObject.AsString(value) is { Length: > 0 } text ? text : null;

    /// <summary>A whole number, also one that is written as 2048.0.</summary>
    static int? WholeNumber(JsonElement value)
        => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number == Math.Truncate(number) && Math.Abs(number) <= int.MaxValue
            ? (int)number
            : null;

    T? Refuse<T>(string key, string expected)
    {
        _refused.Add(new RefusedSetting(key, json.Unexpected(key, expected)));
        return default;
    }
}
