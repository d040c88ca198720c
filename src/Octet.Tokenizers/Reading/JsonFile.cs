using System.Text.Json;

namespace Octet.Tokenizers.Reading;

/// <summary>
/// A small JSON file of a model, such as <c>tokenizer_config.json</c>: one object. A key that is there twice is refused wherever it
/// stands, for two programs would read the file differently. A key whose value is null counts as absent.
/// </summary>
sealed class JsonFile
{
    readonly JsonElement _root;
    readonly Refusal _refuse;

    JsonFile(string path, JsonElement root, Refusal refuse)
    {
        Path = path;
        _root = root;
        _refuse = refuse;
    }

    internal string Path { get; }

    /// <summary>Reads a file of a folder; null where there is none of this name.</summary>
    internal static JsonFile? Find(string directory, string name, Refusal refuse)
    {
        string path = System.IO.Path.Combine(directory, name);
        if (!File.Exists(path))
        {
            return null;
        }

        byte[] json = FileText.Read(path, refuse);
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new JsonFile(path, document.RootElement.Clone(), refuse)
                : throw refuse(path, $"expected a JSON object, found {document.RootElement.ValueKind}", null);
        }
        catch (JsonException e) when (e is { LineNumber: long line, BytePositionInLine: long position })
        {
            throw refuse(path, ForeignContent.Describe(json, json.Length, expectsJson: true) ?? $"not JSON: line {line + 1}, byte {position + 1}", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A key that is there twice, which the message names, or one that is half of a surrogate pair.
            throw refuse(path, $"not usable JSON: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    internal bool Has(string key) => _root.TryGetProperty(key, out _);

    internal JsonElement? Get(string key) =>
        _root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>True or false; null where the key is absent.</summary>
    internal bool? Flag(string key) => Get(key)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Problem($"{key} is neither true nor false"),
    };

    /// <summary>The text of a string; null for a value of another type.</summary>
    /// <param name="value">A value of this file.</param>
    /// <param name="what">The value's place, for messages.</param>
    internal string? Text(JsonElement value, string what)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException e)
        {
            throw _refuse(Path, $"{what} holds an escape that is half of a surrogate pair; expected whole characters", e);
        }
    }

    internal Exception Problem(string reason) => _refuse(Path, reason, null);
}
