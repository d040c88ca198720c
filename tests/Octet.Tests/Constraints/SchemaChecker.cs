using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Octet.Tests.Constraints;

/// <summary>JSON Schema (2020-12) as its validation vocabulary defines it, for the keywords that the tests use: knows nothing of automata.</summary>
sealed class SchemaChecker
{
    readonly JsonElement _root;

    SchemaChecker(JsonElement root) => _root = root;

    internal static bool IsValid(string schema, string json)
    {
        using var schemaDocument = JsonDocument.Parse(schema);
        using var document = JsonDocument.Parse(json);
        return new SchemaChecker(schemaDocument.RootElement).Holds(schemaDocument.RootElement, document.RootElement);
    }

    bool Holds(JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return schema.ValueKind == JsonValueKind.True;
        }

        return schema.EnumerateObject().All(keyword => Holds(keyword.Name, keyword.Value, schema, value));
    }

    bool Holds(string keyword, JsonElement says, JsonElement schema, JsonElement value)
    {
        bool isNumber = value.ValueKind == JsonValueKind.Number;
        bool isString = value.ValueKind == JsonValueKind.String;
        bool isArray = value.ValueKind == JsonValueKind.Array;
        bool isObject = value.ValueKind == JsonValueKind.Object;
        return keyword switch
        {
            "$ref" => Holds(Find(says.GetString()!), value),
            "allOf" => says.EnumerateArray().All(branch => Holds(branch, value)),
            "anyOf" => says.EnumerateArray().Any(branch => Holds(branch, value)),
            "oneOf" => says.EnumerateArray().Count(branch => Holds(branch, value)) == 1,
            "type" => IsNull(schema, value) || (says.ValueKind == JsonValueKind.Array ? says.EnumerateArray().Any(name => Is(name.GetString()!, value)) : Is(says.GetString()!, value)),
            "const" => JsonElement.DeepEquals(says, value),
            "enum" => says.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)),
            "minimum" => !isNumber || Number(value) >= Number(says),
            "maximum" => !isNumber || Number(value) <= Number(says),
            "exclusiveMinimum" => !isNumber || Number(value) > Number(says),
            "exclusiveMaximum" => !isNumber || Number(value) < Number(says),
            "multipleOf" => !isNumber || Number(value) % Number(says) == 0,
            "minLength" => !isString || value.GetString()!.EnumerateRunes().Count() >= says.GetInt32(),
            "maxLength" => !isString || value.GetString()!.EnumerateRunes().Count() <= says.GetInt32(),
            "pattern" => !isString || Regex.IsMatch(value.GetString()!, says.GetString()!),
            "format" => !isString || HasFormat(says.GetString()!, value.GetString()!),
            "minItems" => !isArray || value.GetArrayLength() >= says.GetInt32(),
            "maxItems" => !isArray || value.GetArrayLength() <= says.GetInt32(),
            "prefixItems" => !isArray || value.EnumerateArray().Zip(says.EnumerateArray()).All(pair => Holds(pair.Second, pair.First)),
            "items" => !isArray || value.EnumerateArray().Skip(schema.TryGetProperty("prefixItems", out JsonElement prefix) ? prefix.GetArrayLength() : 0).All(item => Holds(says, item)),
            "required" => !isObject || says.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
            "properties" => !isObject || says.EnumerateObject().All(property => !value.TryGetProperty(property.Name, out JsonElement found) || Holds(property.Value, found)),
            "additionalProperties" => !isObject || value.EnumerateObject().All(property => IsNamed(schema, property.Name) || Holds(says, property.Value)),
            "$defs" or "$schema" or "title" or "description" or "default" or "nullable" => true,
            _ => throw new NotSupportedException(keyword),
        };
    }

    static bool IsNull(JsonElement schema, JsonElement value) => value.ValueKind == JsonValueKind.Null && schema.TryGetProperty("nullable", out JsonElement nullable) && nullable.GetBoolean();

    static bool IsNamed(JsonElement schema, string name) => schema.TryGetProperty("properties", out JsonElement properties) && properties.TryGetProperty(name, out _);

    static bool Is(string type, JsonElement value) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && Number(value) == Math.Floor(Number(value)),
        "string" => value.ValueKind == JsonValueKind.String,
        "array" => value.ValueKind == JsonValueKind.Array,
        "object" => value.ValueKind == JsonValueKind.Object,
        _ => throw new NotSupportedException(type),
    };

    // Bounds in the tests are decimals; numbers beyond them are compared as what is left of them.
    static decimal Number(JsonElement value) => value.TryGetDecimal(out decimal exact) ? exact : value.GetDouble() < 0 ? decimal.MinValue : decimal.MaxValue;

    static bool HasFormat(string format, string text) => format switch
    {
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "time" => Regex.IsMatch(text, @"^\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\z") && TimeOnly.TryParse(text[..8], CultureInfo.InvariantCulture, out _),
        "date-time" => text[10] == 'T' && HasFormat("date", text[..10]) && HasFormat("time", text[11..]),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "email" => System.Net.Mail.MailAddress.TryCreate(text, out _),
        "ipv4" => System.Net.IPAddress.TryParse(text, out System.Net.IPAddress? address) && address.ToString() == text,
        "hostname" => Uri.CheckHostName(text) != UriHostNameType.Unknown,
        _ => true,
    };

    JsonElement Find(string pointer)
    {
        JsonElement at = _root;
        foreach (string name in pointer.Split('/').Skip(1))
        {
            at = at.ValueKind == JsonValueKind.Array ? at[int.Parse(name, CultureInfo.InvariantCulture)] : at.GetProperty(name);
        }

        return at;
    }
}
