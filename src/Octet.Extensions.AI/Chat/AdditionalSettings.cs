using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <summary>
/// What a call's <see cref="ChatOptions.AdditionalProperties"/>, or those of <see cref="EmbeddingGenerationOptions"/>, say, under the names that servers of open models take. A value may be of .NET's own
/// types or JSON. Other names are not looked at: they may be meant for somebody else in the pipeline.
/// </summary>
sealed class AdditionalSettings(AdditionalPropertiesDictionary? properties)
{
    internal int? MinTokens => Integer("min_tokens");

    internal float? MinP => Number("min_p");

    internal float? TypicalP => Number("typical_p");

    internal float? RepetitionPenalty => Number("repetition_penalty");

    internal int? NoRepeatNgramSize => Integer("no_repeat_ngram_size");

    /// <summary>vLLM's name, then llama-server's.</summary>
    internal int? ReasoningBudget => Integer("thinking_token_budget") ?? Integer("reasoning_budget");

    internal bool? IgnoreEos => Flag("ignore_eos");

    internal bool? SkipSpecialTokens => Flag("skip_special_tokens");

    /// <summary>Of an embedding: one of the model's prompts.</summary>
    internal string? PromptName => Find("prompt_name") is not { } found ? null
        : found.ValueKind == JsonValueKind.String ? found.GetString() : throw Unexpected("prompt_name", found, "the name of a prompt");

    internal IReadOnlyList<int>? StopTokenIds
    {
        get
        {
            const string Expected = "a list of token ids";
            return Find("stop_token_ids") is not { } found ? null
                : found.ValueKind == JsonValueKind.Array ? [.. found.EnumerateArray().Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value) ? value : throw Unexpected("stop_token_ids", found, Expected))]
                : throw Unexpected("stop_token_ids", found, Expected);
        }
    }

    /// <summary>OpenAI's form: an object whose names are token ids.</summary>
    internal IReadOnlyDictionary<int, float>? LogitBias
    {
        get
        {
            if (Find("logit_bias") is not { } found)
            {
                return null;
            }

            var biases = new Dictionary<int, float>();
            foreach (JsonProperty bias in Members("logit_bias", found))
            {
                if (!int.TryParse(bias.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || bias.Value.ValueKind != JsonValueKind.Number)
                {
                    throw Unexpected("logit_bias", found, "an object of numbers by token id");
                }

                biases[id] = bias.Value.GetSingle();
            }

            return biases;
        }
    }

    /// <summary>Variables of the chat template.</summary>
    internal Dictionary<string, JsonNode?>? TemplateVariables => Find("chat_template_kwargs") is not { } found ? null
        : Members("chat_template_kwargs", found).ToDictionary(static member => member.Name, static member => JsonNode.Parse(member.Value.GetRawText()), StringComparer.Ordinal);

    internal JsonNode? Documents => Find("documents") is not { } found ? null
        : found.ValueKind == JsonValueKind.Array ? JsonNode.Parse(found.GetRawText()) : throw Unexpected("documents", found, "a list");

    int? Integer(string name) => Find(name) is not { } found ? null
        : found.ValueKind == JsonValueKind.Number && found.TryGetInt32(out int value) ? value : throw Unexpected(name, found, "a whole number");

    float? Number(string name) => Find(name) is not { } found ? null
        : found.ValueKind == JsonValueKind.Number ? found.GetSingle() : throw Unexpected(name, found, "a number");

    bool? Flag(string name) => Find(name) is not { } found ? null
        : found.ValueKind is JsonValueKind.True or JsonValueKind.False ? found.GetBoolean() : throw Unexpected(name, found, "true or false");

    static JsonElement.ObjectEnumerator Members(string name, JsonElement found)
        => found.ValueKind == JsonValueKind.Object ? found.EnumerateObject() : throw Unexpected(name, found, "an object");

    JsonElement? Find(string name)
    {
        if (properties?.TryGetValue(name, out object? value) != true || value is null)
        {
            return null;
        }

        JsonElement found = value switch
        {
            JsonElement element => element,
            JsonNode node => JsonElement.Parse(node.ToJsonString()),
            _ => JsonSerializer.SerializeToElement(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType())),
        };
        return found.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined ? null : found;
    }

    static ModelException Unexpected(string name, JsonElement found, string expected)
    {
        const int Longest = 80;
        string text = found.GetRawText();
        return new ModelException(ModelError.InvalidInput, $"the additional property {name} is {(text.Length <= Longest ? text : $"{text.AsSpan(0, Longest)}...")}: expected {expected}");
    }
}
