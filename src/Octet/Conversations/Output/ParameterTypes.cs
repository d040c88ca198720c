using System.Text.Json.Nodes;

namespace Octet.Output;

/// <summary>What the tools say of their parameters, for formats that write all values as text.</summary>
/// <param name="tools">A list in OpenAI's form, or null.</param>
sealed class ParameterTypes(JsonNode? tools)
{
    /// <summary>Whether there is a tool of a name.</summary>
    internal bool Has(string tool) => Find(tool) is not null;

    /// <summary>The types that a parameter's schema allows; none where nothing is known.</summary>
    internal string[] Of(string tool, string parameter) => Types(((Find(tool)?["parameters"] as JsonObject)?["properties"] as JsonObject)?[parameter] as JsonObject);

    JsonObject? Find(string tool) => (tools as JsonArray ?? [])
        .Select(static item => (item as JsonObject)?["function"] as JsonObject ?? item as JsonObject)
        .FirstOrDefault(function => Text(function?["name"]) == tool);

    static string[] Types(JsonObject? schema) => schema switch
    {
        null => [],
        _ when schema["type"] is JsonArray several => [.. several.Select(Text).OfType<string>()],
        _ when Text(schema["type"]) is { } one => [one],
        _ when (schema["anyOf"] ?? schema["oneOf"]) is JsonArray choices => [.. choices.SelectMany(static choice => Types(choice as JsonObject)).Distinct()],
        _ when schema["enum"] is JsonArray values && values.All(static value => Text(value) is not null) => ["string"],
        _ => [],
    };

    static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
