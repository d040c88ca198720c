using System.Globalization;
using System.Text.Json;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>Texts or token ids, one or several: what <c>prompt</c> and <c>input</c> may be.</summary>
static class PromptInputs
{
    /// <summary>Of each its text, or its tokens.</summary>
    /// <param name="fields">Of the request.</param>
    /// <param name="name">The field.</param>
    /// <param name="most">How many there may be.</param>
    internal static IReadOnlyList<(string? Text, int[]? Ids)> Read(Fields fields, string name, int most)
    {
        JsonElement given = fields.Get(name) ?? throw fields.Missing(name, "a text, token ids, or a list of either");
        if (given.ValueKind == JsonValueKind.String)
        {
            return [(given.GetString(), null)];
        }

        if (given.ValueKind != JsonValueKind.Array)
        {
            throw Fields.Wrong(given, fields.At(name), "a text, token ids, or a list of either");
        }

        IReadOnlyList<(JsonElement Json, string Path)> elements = Fields.Elements(given, fields.At(name));
        if (elements.Count == 0)
        {
            throw ApiException.Invalid(fields.At(name), $"{fields.At(name)} is empty; expected at least one");
        }

        if (elements[0].Json.ValueKind == JsonValueKind.Number)
        {
            return [(null, Ids(elements))];
        }

        return elements.Count <= most
            ? [.. elements.Select(static element => element.Json.ValueKind == JsonValueKind.Array
                ? ((string?)null, (int[]?)Ids(Fields.Elements(element.Json, element.Path)))
                : (Fields.Text(element.Json, element.Path), null))]
            : throw ApiException.Invalid(fields.At(name), string.Create(CultureInfo.InvariantCulture, $"{fields.At(name)} has {elements.Count} entries; expected at most {most}"));
    }

    static int[] Ids(IReadOnlyList<(JsonElement Json, string Path)> elements)
        => [.. elements.Select(static element => Fields.Integer(element.Json, element.Path, 0))];
}
