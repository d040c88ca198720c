using System.Text.Json;

namespace Octet.Constraints.Schemas;

/// <summary>What <c>type</c> says, and of which type a value is.</summary>
static class SchemaTypeNames
{
    /// <summary>The types that a schema names, <c>nullable</c> (OpenAPI 3.0) included; null where it names none.</summary>
    internal static SchemaTypes? Read(SchemaPart part)
    {
        bool isNullable = part.TryGet("nullable", out JsonElement nullable) && nullable.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw SchemaDocument.Invalid(part, "nullable", $"found {SchemaDocument.Kind(nullable)}; expected true or false"),
        };
        if (!part.TryGet("type", out JsonElement type))
        {
            return isNullable ? throw SchemaDocument.Unsupported(part, "nullable", "nullable without a type is not supported; expected anyOf with {\"type\": \"null\"}") : null;
        }

        SchemaTypes types = isNullable ? SchemaTypes.Null : SchemaTypes.None;
        if (type.ValueKind == JsonValueKind.Array && type.GetArrayLength() > 0)
        {
            foreach (JsonElement name in type.EnumerateArray())
            {
                types |= Named(part, name);
            }

            return types;
        }

        return types | Named(part, type);
    }

    internal static SchemaTypes Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => SchemaTypes.Null,
        JsonValueKind.True or JsonValueKind.False => SchemaTypes.Boolean,
        JsonValueKind.String => SchemaTypes.String,
        JsonValueKind.Array => SchemaTypes.Array,
        JsonValueKind.Object => SchemaTypes.Object,
        _ => value.GetDouble() is var number && number == Math.Floor(number) ? SchemaTypes.Integer : SchemaTypes.Fraction,
    };

    static SchemaTypes Named(SchemaPart part, JsonElement name) => (name.ValueKind == JsonValueKind.String ? name.GetString() : null) switch
    {
        "null" => SchemaTypes.Null,
        "boolean" => SchemaTypes.Boolean,
        "integer" => SchemaTypes.Integer,
        "number" => SchemaTypes.Number,
        "string" => SchemaTypes.String,
        "array" => SchemaTypes.Array,
        "object" => SchemaTypes.Object,
        _ => throw SchemaDocument.Invalid(part, "type", $"found {SchemaDocument.Kind(name)}; expected null, boolean, integer, number, string, array or object, or a list of them"),
    };
}
