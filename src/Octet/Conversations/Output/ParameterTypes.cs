using System.Text.Json.Nodes;

namespace Octet.Output;

/// <summary>What the tools say of their parameters, for formats that write all values as text.</summary>
/// <param name="tools">A list in OpenAI's form, or null.</param>
sealed class ParameterTypes(JsonNode? tools)
{
    /// <summary>The types that a parameter's schema allows; none where nothing is known.</summary>
    internal string[] Of(string tool, string parameter)
    {
        foreach (JsonNode? item in tools as JsonArray ?? [])
        {
            JsonObject? function = (item as JsonObject)?["function"] as JsonObject ?? item as JsonObject;
            if (Text(function?["name"]) == tool)
            {
                return Types(((function!["parameters"] as JsonObject)?["properties"] as JsonObject)?[parameter] as JsonObject);
            }
        }

        return [];
    }

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
