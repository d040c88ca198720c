using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Tokenizers.Reading;

/// <summary>
/// What a model's folder says of its tokenizer beside <c>tokenizer.json</c>: <c>tokenizer_config.json</c>, and
/// <c>special_tokens_map.json</c>, in which older folders name the special tokens.
/// </summary>
sealed class TokenizerConfig
{
    internal const string Name = "tokenizer_config.json";

    static readonly string[] s_tokenNames =
    [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "additional_special_tokens",
    ];

    TokenizerConfig(JsonFile? file, Dictionary<string, JsonNode?> specialTokens)
    {
        File = file;
        SpecialTokens = specialTokens;
    }

    /// <summary>Null where the folder has no <c>tokenizer_config.json</c>.</summary>
    internal JsonFile? File { get; }

    /// <summary>
    /// The special tokens that are set, by name, as templates see them: a string each, <c>additional_special_tokens</c> a list.
    /// </summary>
    internal Dictionary<string, JsonNode?> SpecialTokens { get; }

    internal static TokenizerConfig Read(string directory, Refusal refuse)
    {
        JsonFile? config = JsonFile.Find(directory, Name, refuse);
        JsonFile? map = JsonFile.Find(directory, "special_tokens_map.json", refuse);

        // As transformers 4 has it: where the config lists its added tokens it is the newer of the two, and otherwise the map is.
        bool configFirst = config is not null && config.Has("added_tokens_decoder");
        Dictionary<string, JsonNode?> tokens = new(StringComparer.Ordinal);
        foreach (JsonFile? file in configFirst ? [config, map] : new[] { map, config })
        {
            AddTokens(file, tokens);
        }

        return new TokenizerConfig(config, tokens.Where(static pair => pair.Value is not null).ToDictionary(StringComparer.Ordinal));
    }

    /// <summary>A special token's content; null where it is not set.</summary>
    internal string? Token(string name) => SpecialTokens.GetValueOrDefault(name) is JsonValue token ? (string?)token : null;

    static void AddTokens(JsonFile? file, Dictionary<string, JsonNode?> tokens)
    {
        if (file is null)
        {
            return;
        }

        foreach (string name in s_tokenNames)
        {
            if (file.Has(name))
            {
                tokens.TryAdd(name, Token(file, file.Get(name), name));
            }
        }

        // Tokens of one model alone, such as image_token: 4.x and 5.x of transformers call the object differently.
        foreach (string key in (string[])["extra_special_tokens", "model_specific_special_tokens"])
        {
            if (file.Get(key) is { ValueKind: JsonValueKind.Object } extra)
            {
                foreach (JsonProperty token in extra.EnumerateObject())
                {
                    tokens.TryAdd(token.Name, Token(file, token.Value, token.Name));
                }
            }
        }
    }

    static JsonNode? Token(JsonFile file, JsonElement? value, string name) => value switch
    {
        { ValueKind: JsonValueKind.Array } list => new JsonArray(
            [.. list.EnumerateArray().Select(item => Content(file, item, name)).Where(static text => text is not null).Select(static text => (JsonNode?)JsonValue.Create(text))]),
        { } token when Content(file, token, name) is { } text => JsonValue.Create(text),
        _ => null,
    };

    static string? Content(JsonFile file, JsonElement token, string name) =>
        token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out JsonElement content)
            ? file.Text(content, $"{name}.content")
            : file.Text(token, name);
}
