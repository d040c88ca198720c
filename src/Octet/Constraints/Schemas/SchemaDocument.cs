using System.Globalization;
using System.Text.Json;

namespace Octet.Constraints.Schemas;

/// <summary>A schema as it was given: finds its parts, and refuses what is malformed or not supported, by its place.</summary>
sealed class SchemaDocument
{
    const int MostCharacters = 1 << 20;
    const int MostDepth = 128;

    // Schemas that hold together, each looked up among the others.
    const int MostParts = 200;

    static readonly HashSet<string> s_annotations = new(StringComparer.Ordinal)
    {
        "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
        "$schema", "$id", "$comment", "$defs", "definitions",
    };

    static readonly HashSet<string> s_supported = new(StringComparer.Ordinal)
    {
        "type", "properties", "required", "additionalProperties", "enum", "const", "items", "prefixItems", "minItems", "maxItems", "minLength", "maxLength", "pattern", "format",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "anyOf", "oneOf", "allOf", "$ref", "nullable",
    };

    readonly HashSet<string> _checked = new(StringComparer.Ordinal);

    SchemaDocument(JsonElement root) => Root = new SchemaPart("#", root);

    internal SchemaPart Root { get; }

    /// <exception cref="ConstraintException">It is no JSON, too long or too deep.</exception>
    internal static SchemaDocument Parse(string json)
    {
        if (json.Length > MostCharacters)
        {
            throw new ConstraintException(ConstraintError.TooLarge, "#", string.Create(CultureInfo.InvariantCulture, $"the schema has {json.Length} characters; expected at most {MostCharacters}"));
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MostDepth, AllowDuplicateProperties = false });
            return new SchemaDocument(document.RootElement.Clone());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // The last two are halves of surrogate pairs.
            throw new ConstraintException(ConstraintError.Invalid, "#", $"the schema is no JSON: {e.Message}", e);
        }
    }

    /// <summary>
    /// All parts that hold where one does: what it refers to (<c>$ref</c>) and what it joins (<c>allOf</c>), each once.
    /// </summary>
    /// <param name="all">Takes them; may have some already.</param>
    /// <param name="part">The one.</param>
    /// <exception cref="ConstraintException">One is malformed, not supported, or refers to itself.</exception>
    internal void Join(List<SchemaPart> all, SchemaPart part) => Join(all, part, []);

    void Join(List<SchemaPart> all, SchemaPart part, HashSet<string> way)
    {
        if (part.Element.ValueKind == JsonValueKind.True)
        {
            return;
        }

        int known = all.FindIndex(other => other.Pointer == part.Pointer);
        if (!way.Add(part.Pointer) || (known >= 0 && all[known].Chosen != part.Chosen))
        {
            throw Invalid(part, "", "refers to itself without anything in between; expected a property or an item in between");
        }

        if (known < 0)
        {
            Check(part);
            all.Add(part);
            if (all.Count > MostParts)
            {
                throw new ConstraintException(ConstraintError.TooLarge, part.Pointer, string.Create(CultureInfo.InvariantCulture, $"more than {MostParts} schemas hold together here; expected fewer in allOf"));
            }

            if (part.TryGet("$ref", out JsonElement reference))
            {
                Join(all, Resolve(part, reference), way);
            }

            foreach (SchemaPart member in List(part, "allOf"))
            {
                Join(all, member, way);
            }
        }

        way.Remove(part.Pointer);
    }

    /// <summary>The schemas of a keyword that has a list of them; empty where it is not there.</summary>
    internal static List<SchemaPart> List(SchemaPart part, string keyword)
    {
        if (!part.TryGet(keyword, out JsonElement list))
        {
            return [];
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw Invalid(part, keyword, $"found {Kind(list)}; expected a list of schemas, at least one");
        }

        return [.. list.EnumerateArray().Select((element, i) => SchemaPart.Below(part, element, keyword, i.ToString(CultureInfo.InvariantCulture)))];
    }

    /// <summary>What a keyword that has a number of things says; null where it is not there, or more than any text could have.</summary>
    internal static int? Count(SchemaPart part, string keyword)
    {
        if (!part.TryGet(keyword, out JsonElement value))
        {
            return null;
        }

        double number = value.ValueKind == JsonValueKind.Number ? value.GetDouble() : -1;
        return number < 0 || number != Math.Floor(number) ? throw Invalid(part, keyword, $"found {Found(value)}; expected a whole number from 0")
            : number < MostCount ? (int)number
            : keyword.StartsWith("max", StringComparison.Ordinal) ? null
            : throw new ConstraintException(ConstraintError.TooLarge, Place(part, keyword), string.Create(CultureInfo.InvariantCulture, $"found {Found(value)}; expected less than {MostCount}"));
    }

    // A text has fewer characters and items: an upper bound from here on is none.
    internal const int MostCount = 1_000_000;

    internal static ConstraintException Invalid(SchemaPart part, string keyword, string message) => new(ConstraintError.Invalid, Place(part, keyword), message);

    internal static ConstraintException Unsupported(SchemaPart part, string keyword, string message) => new(ConstraintError.Unsupported, Place(part, keyword), message);

    /// <summary>A value of the schema, for a message.</summary>
    internal static string Found(JsonElement value) => OneLine.Of(value.GetRawText());

    internal static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0 ? "an empty list" : "a list",
        JsonValueKind.Object => "an object",
        _ => Found(value),
    };

    static string Place(SchemaPart part, string keyword) => keyword.Length == 0 ? part.Pointer : $"{part.Pointer}/{SchemaPart.Escape(keyword)}";

    void Check(SchemaPart part)
    {
        if (part.IsNever || !_checked.Add(part.Pointer))
        {
            return;
        }

        if (part.Element.ValueKind != JsonValueKind.Object)
        {
            throw Invalid(part, "", $"found {Kind(part.Element)}; expected a schema: an object, true or false");
        }

        foreach (JsonProperty property in part.Element.EnumerateObject())
        {
            if (!s_supported.Contains(property.Name) && !s_annotations.Contains(property.Name) && !property.Name.StartsWith("x-", StringComparison.Ordinal) && !SaysNothing(property))
            {
                throw Unsupported(part, property.Name, $"the keyword {OneLine.Of(property.Name)} is not supported; expected those of docs/constraints.md");
            }
        }
    }

    static bool SaysNothing(JsonProperty property) => property.Name switch
    {
        "uniqueItems" => property.Value.ValueKind == JsonValueKind.False,
        "minProperties" => property.Value.ValueKind == JsonValueKind.Number && property.Value.GetDouble() == 0,
        "patternProperties" => property.Value.ValueKind == JsonValueKind.Object && !property.Value.EnumerateObject().Any(),
        _ => false,
    };

    SchemaPart Resolve(SchemaPart part, JsonElement reference)
    {
        string target = reference.ValueKind == JsonValueKind.String ? reference.GetString()! : throw Invalid(part, "$ref", $"found {Kind(reference)}; expected a JSON pointer such as #/$defs/name");
        if (target != "#" && !target.StartsWith("#/", StringComparison.Ordinal))
        {
            throw Unsupported(part, "$ref", $"found '{OneLine.Of(target)}'; expected a JSON pointer into the same schema, such as #/$defs/name");
        }

        SchemaPart at = Root;
        foreach (string escaped in Uri.UnescapeDataString(target).Split('/').Skip(1))
        {
            string name = escaped.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            JsonElement element = at.Element;
            bool isThere = element.ValueKind == JsonValueKind.Object ? element.TryGetProperty(name, out element)
                : element.ValueKind == JsonValueKind.Array && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < element.GetArrayLength()
                && (element = element[index]).ValueKind != JsonValueKind.Undefined;
            at = isThere ? SchemaPart.Below(at, element, name) : throw Invalid(part, "$ref", $"found '{OneLine.Of(target)}', which is not there; expected the place of a schema");
        }

        return at;
    }
}
