using System.Text.Json;

namespace Octet.Tokenizers.Reading;

/// <summary>A value of the file together with the words that name its place in messages.</summary>
readonly struct JsonPlace(JsonElement element, string file, string path)
{
    internal bool IsNull => element.ValueKind == JsonValueKind.Null;

    internal bool IsZero => element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) && value == 0;

    /// <summary>The value of a property; null where it is absent or null.</summary>
    internal JsonPlace? Find(string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Unexpected("an object");
        }

        return element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? new JsonPlace(value, file, $"{path}.{name}")
            : null;
    }

    /// <summary>The value of a property that must be there.</summary>
    internal JsonPlace Get(string name) => Find(name) ?? throw Problem($"has no \"{name}\"");

    internal IEnumerable<JsonPlace> Items() =>
        element.ValueKind == JsonValueKind.Array ? Items(element, file, path) : throw Unexpected("an array");

    internal string Text() => element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Unexpected("a string");

    internal bool Flag() => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Unexpected("true or false"),
    };

    internal bool Flag(string name, bool absent) => Find(name)?.Flag() ?? absent;

    internal int Id() => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id) && id is >= 0 and <= Vocabulary.MaxId
        ? id
        : throw Unexpected($"an id from 0 to {Vocabulary.MaxId}");

    /// <summary>A whole number of a range.</summary>
    internal int Number(int least, int most) => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) && value >= least && value <= most
        ? value
        : throw Unexpected(most == int.MaxValue ? $"a whole number from {least} on" : $"a whole number from {least} to {most}");

    internal bool IsText => element.ValueKind == JsonValueKind.String;

    internal string TypeName() => Get("type").Text();

    internal TokenizerException Problem(string problem) => new($"{file}: {path}: {problem}");

    internal TokenizerException Unexpected(string expected) => Problem($"expected {expected}, found {Describe()}");

    internal TokenizerException Unsupported(string type, string supported) =>
        Problem($"{QuotedText.Of(type)} is not supported; supported: {supported}");

    static IEnumerable<JsonPlace> Items(JsonElement list, string file, string path)
    {
        int index = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            yield return new JsonPlace(item, file, $"{path}[{index++}]");
        }
    }

    string Describe() => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => QuotedText.Of(element.GetString()!),
        _ => QuotedText.Clip(element.GetRawText()),
    };
}
