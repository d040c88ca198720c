using System.Text.Json;

namespace Octet.Server.Answers;

/// <summary>A call's arguments, where an API has them as JSON itself.</summary>
static class ToolInput
{
    /// <param name="json">Where it goes.</param>
    /// <param name="arguments">The text of a JSON object, as the model wrote it.</param>
    internal static void Write(Utf8JsonWriter json, string arguments)
    {
        // A call that its tokens ended in the middle is no object.
        if (IsObject(arguments))
        {
            json.WriteRawValue(arguments);
        }
        else
        {
            json.WriteStartObject();
            json.WriteEndObject();
        }
    }

    static bool IsObject(string text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return parsed.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
