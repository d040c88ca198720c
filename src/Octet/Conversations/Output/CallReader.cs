using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Output;

/// <summary>Reads a call, or several, behind the mark that one begins with.</summary>
abstract class CallReader
{
    /// <summary>Names and ids are shorter; whatever takes longer to tell is no call.</summary>
    protected const int MaxName = 256;

    /// <summary>Reads on. Done: all calls are ended. Broken: what is left of the last one is none.</summary>
    internal abstract Progress Read(OutputScanner scanner);

    /// <summary>Takes what comes up to a mark, and the mark: a name, all in one line.</summary>
    protected static Progress ReadName(OutputScanner scanner, ReadOnlySpan<string> ends, out string name, out int end)
    {
        end = scanner.Find(ends, 0, out int at);
        name = scanner.Rest[..at].ToString();
        if (at > MaxName || name.AsSpan().ContainsAny('\n', '\r'))
        {
            return Progress.Broken;
        }

        if (end < 0)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        if (name.Length == 0 || name.Any(char.IsWhiteSpace))
        {
            return Progress.Broken;
        }

        scanner.Skip(at + ends[end].Length);
        return Progress.Done;
    }

    /// <summary>The text of a JSON string that is this text.</summary>
    protected static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    /// <summary>The text that a string of JSON is; empty where it is none, or holds half of a surrogate pair, which comes to light only when it is read.</summary>
    protected static string ParseText(string json)
    {
        try
        {
            return Parse(json, out _) is JsonValue value && value.TryGetValue(out string? text) ? text : "";
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }

    /// <summary>The value that a text of JSON is; null where it is none.</summary>
    protected static JsonNode? Parse(string json, out bool isJson)
    {
        try
        {
            JsonNode? node = JsonNode.Parse(json);

            // Lazy as it is: a key twice comes to light only when it is asked.
            _ = (node as JsonObject)?.Count;
            isJson = true;
            return node;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            isJson = false;
            return null;
        }
    }
}
