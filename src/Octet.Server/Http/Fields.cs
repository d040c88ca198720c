using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Server.Http;

/// <summary>
/// The fields of a JSON object of a request. What has the wrong type is refused by its place; null is what is not there, as the clients of these APIs write
/// it; unknown fields are nobody's.
/// </summary>
readonly struct Fields
{
    readonly JsonElement _json;

    /// <param name="json">The object.</param>
    /// <param name="path">Where it is in the request; empty: it is the request.</param>
    /// <exception cref="ApiException">It is no object.</exception>
    internal Fields(JsonElement json, string path)
    {
        _json = json.ValueKind == JsonValueKind.Object ? json : throw Wrong(json, path, "an object");
        Path = path;
    }

    internal string Path { get; }

    internal JsonElement Json => _json;

    /// <summary>Where a field is.</summary>
    internal string At(string name) => Path.Length == 0 ? name : $"{Path}.{name}";

    internal bool Has(string name) => Get(name) is not null;

    internal JsonElement? Get(string name) => _json.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    internal string? Text(string name) => Get(name) is { } value ? Text(value, At(name)) : null;

    /// <summary>A text that must be there.</summary>
    internal string RequiredText(string name) => Text(name) ?? throw Missing(name, "a text");

    /// <summary>One of a few words; null: it is not there.</summary>
    internal string? Word(string name, params ReadOnlySpan<string> words)
    {
        string? word = Text(name);
        return word is null || words.Contains(word) ? word : throw ApiException.Invalid(At(name), $"{At(name)} is {Show(Get(name)!.Value)}; expected {OneOf(words)}");
    }

    internal bool? Flag(string name) => Get(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Wrong(other, At(name), "true or false"),
    };

    internal int? Integer(string name, int minimum = int.MinValue, int maximum = int.MaxValue)
        => Get(name) is { } value ? Integer(value, At(name), minimum, maximum) : null;

    internal long? Long(string name) => Get(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out long value) => value,
        { } other => throw Wrong(other, At(name), "a whole number of at most 64 bits"),
    };

    internal float? Number(string name) => Get(name) is { } value ? Number(value, At(name)) : null;

    internal Fields? Object(string name) => Get(name) is { } value ? new Fields(value, At(name)) : null;

    /// <summary>The elements of a list with their places; null: it is not there.</summary>
    internal IReadOnlyList<(JsonElement Json, string Path)>? List(string name) => Get(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } list => Elements(list, At(name)),
        { } other => throw Wrong(other, At(name), "a list"),
    };

    /// <summary>A list of texts, or one text; null: neither is there.</summary>
    internal IReadOnlyList<string>? Texts(string name) => Get(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } one => [Text(one, At(name))],
        { ValueKind: JsonValueKind.Array } list => [.. Elements(list, At(name)).Select(static element => Text(element.Json, element.Path))],
        { } other => throw Wrong(other, At(name), "a text or a list of texts"),
    };

    /// <summary>Token ids; null: they are not there.</summary>
    internal IReadOnlyList<int>? Ids(string name) => List(name)?.Select(static element => Integer(element.Json, element.Path, 0)).ToArray();

    /// <summary>A copy that outlives the request's body; null: it is not there.</summary>
    internal JsonNode? Node(string name) => Get(name) is { } value ? Node(value) : null;

    internal ApiException Missing(string name, string expected) => ApiException.Invalid(At(name), $"{At(name)} is missing; expected {expected}");

    internal static IReadOnlyList<(JsonElement Json, string Path)> Elements(JsonElement list, string path)
    {
        var elements = new List<(JsonElement, string)>(list.GetArrayLength());
        foreach (JsonElement element in list.EnumerateArray())
        {
            elements.Add((element, string.Create(CultureInfo.InvariantCulture, $"{path}[{elements.Count}]")));
        }

        return elements;
    }

    internal static string Text(JsonElement value, string path) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(value, path, "a text");

    internal static int Integer(JsonElement value, string path, int minimum = int.MinValue, int maximum = int.MaxValue)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= minimum && number <= maximum)
        {
            return number;
        }

        throw Wrong(value, path, (minimum, maximum) switch
        {
            (int.MinValue, _) => "a whole number",
            (_, int.MaxValue) => string.Create(CultureInfo.InvariantCulture, $"a whole number from {minimum}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"a whole number from {minimum} to {maximum}"),
        });
    }

    internal static float Number(JsonElement value, string path)
        => value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && float.IsFinite(number) ? number : throw Wrong(value, path, "a number");

    internal static JsonNode Node(JsonElement value) => JsonNode.Parse(value.GetRawText(), documentOptions: RequestBody.Reading)!;

    internal static ApiException Wrong(JsonElement found, string path, string expected)
        => path.Length == 0
            ? new ApiException(StatusCodes.Status400BadRequest, $"the request's body is {Show(found)}; expected {expected}")
            : ApiException.Invalid(path, $"{path} is {Show(found)}; expected {expected}");

    internal static string Show(JsonElement value)
    {
        const int Longest = 60;
        if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
        {
            return value.ValueKind == JsonValueKind.Object ? "an object" : "a list";
        }

        string text = value.GetRawText();
        return text.Length <= Longest ? text : $"{text.AsSpan(0, Longest)}...";
    }

    static string OneOf(ReadOnlySpan<string> words)
    {
        string text = "";
        for (int i = 0; i < words.Length; i++)
        {
            text += i == 0 ? $"\"{words[i]}\"" : i == words.Length - 1 ? $" or \"{words[i]}\"" : $", \"{words[i]}\"";
        }

        return text;
    }
}
