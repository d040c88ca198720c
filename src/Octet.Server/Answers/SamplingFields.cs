using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>
/// The fields that say how tokens are drawn: OpenAI's, and those that vLLM has beside them. What is not there is as the model's <c>generation_config.json</c> has
/// it; ranges are those of <see cref="GenerationOptions"/>.
/// </summary>
static class SamplingFields
{
    // Each is looked for at every token.
    const int MostStops = 64;

    internal static GenerationOptions Read(Fields fields, int? maxTokens, string stop = "stop") => new()
    {
        MaxTokens = maxTokens,
        MinTokens = fields.Integer("min_tokens"),
        Temperature = fields.Number("temperature"),
        TopP = fields.Number("top_p"),
        TopK = TopK(fields),
        MinP = fields.Number("min_p"),
        TypicalP = fields.Number("typical_p"),
        RepetitionPenalty = fields.Number("repetition_penalty"),
        PresencePenalty = fields.Number("presence_penalty"),
        FrequencyPenalty = fields.Number("frequency_penalty"),
        Seed = fields.Long("seed"),
        StopStrings = Stops(fields, stop),
        StopTokenIds = fields.Ids("stop_token_ids"),
        AllowedTokenIds = fields.Ids("allowed_token_ids"),
        LogitBias = LogitBias(fields),
        IgnoreEos = fields.Flag("ignore_eos") ?? false,
        SkipSpecialTokens = fields.Flag("skip_special_tokens") ?? true,
        Priority = fields.Integer("priority") ?? 0,
        CacheSalt = Salt(fields),
    };

    // -1 is vLLM's word for off.
    static int? TopK(Fields fields) => fields.Integer("top_k", -1) is { } k ? Math.Max(0, k) : null;

    // The prefix cache keeps it with every block, and it may be as long as a request: its hash tells it from others as well.
    static string? Salt(Fields fields)
        => fields.Text("cache_salt") is { Length: > 0 } salt ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(salt))) : null;

    static IReadOnlyList<string>? Stops(Fields fields, string name)
    {
        IReadOnlyList<string>? stops = fields.Texts(name);
        return stops switch
        {
            null or [] => null,
            { Count: > MostStops } => throw ApiException.Invalid(fields.At(name), string.Create(CultureInfo.InvariantCulture, $"{fields.At(name)} has {stops.Count} texts; expected at most {MostStops}")),
            _ when stops.Any(text => text.Length == 0) => throw ApiException.Invalid(fields.At(name), $"{fields.At(name)} holds an empty text; expected at least one character each"),
            _ => stops,
        };
    }

    static Dictionary<int, float>? LogitBias(Fields fields)
    {
        if (fields.Object("logit_bias") is not { } bias)
        {
            return null;
        }

        var biases = new Dictionary<int, float>();
        foreach (JsonProperty entry in bias.Json.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                throw ApiException.Invalid(bias.Path, $"{bias.Path} has the key \"{entry.Name}\"; expected token ids, such as \"1734\"");
            }

            biases[id] = entry.Value.ValueKind == JsonValueKind.Null ? 0 : Fields.Number(entry.Value, bias.At(entry.Name));
        }

        return biases;
    }
}
