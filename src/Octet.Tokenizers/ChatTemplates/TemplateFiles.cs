using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>What a model's folder says of its chat template.</summary>
sealed record TemplateFiles(string Name, string? Default, string? ToolUse, Dictionary<string, JsonNode?> SpecialTokens)
{
    static readonly string[] s_tokenNames =
    [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "additional_special_tokens",
    ];

    internal static TemplateFiles Read(string directory)
    {
        string configPath = Path.Combine(directory, "tokenizer_config.json");
        JsonObject? config = File.Exists(configPath) ? ReadConfig(configPath) : null;
        Dictionary<string, JsonNode?> tokens = SpecialTokensOf(config);
        string templatePath = Path.Combine(directory, "chat_template.jinja");
        if (File.Exists(templatePath))
        {
            return new TemplateFiles(templatePath, File.ReadAllText(templatePath), null, tokens);
        }

        switch (config?["chat_template"])
        {
            case null:
                return new TemplateFiles(configPath, null, null, tokens);
            case JsonArray named:
                string? toolUse = Find(named, "tool_use");
                string source = Find(named, "default") ?? toolUse
                    ?? throw Unusable(configPath, "chat_template lists no template named 'default'");
                return new TemplateFiles(configPath, source, toolUse, tokens);
            case JsonNode node:
                return new TemplateFiles(configPath, TextOf(node) ?? throw Unusable(configPath, "chat_template is neither a string nor a list"), null, tokens);
        }
    }

    static JsonObject ReadConfig(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw Unusable(path, "expected a JSON object");
        }
        catch (JsonException error)
        {
            throw new ChatTemplateException(path, 0, "ValueError", $"not JSON: {error.Message}", error);
        }
    }

    /// <summary>The tokens that are set: a null one is no variable, as in transformers.</summary>
    static Dictionary<string, JsonNode?> SpecialTokensOf(JsonObject? config)
    {
        Dictionary<string, JsonNode?> tokens = new(StringComparer.Ordinal);
        foreach (string name in s_tokenNames)
        {
            JsonNode? value = config?[name];
            if (value is JsonArray list)
            {
                tokens[name] = new JsonArray([.. list.Select(ContentOf).Where(static text => text is not null).Select(static text => (JsonNode?)JsonValue.Create(text))]);
            }
            else if (ContentOf(value) is { } text)
            {
                tokens[name] = JsonValue.Create(text);
            }
        }

        return tokens;
    }

    static string? ContentOf(JsonNode? token) => token is JsonObject added ? TextOf(added["content"]) : TextOf(token);

    static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    static string? Find(JsonArray templates, string name) =>
        templates.OfType<JsonObject>().Where(entry => TextOf(entry["name"]) == name).Select(static entry => TextOf(entry["template"])).FirstOrDefault();

    static ChatTemplateException Unusable(string path, string reason) => new(path, 0, "ValueError", reason);
}
