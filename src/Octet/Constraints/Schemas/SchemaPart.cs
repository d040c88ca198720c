using System.Text.Json;

namespace Octet.Constraints.Schemas;

/// <summary>A schema of the document. What a value must satisfy is a list of them.</summary>
/// <param name="Pointer">The JSON pointer to it, with <c>#</c> in front.</param>
/// <param name="Element">An object or a boolean.</param>
/// <param name="Chosen">Which of its choices, <c>anyOf</c> and <c>oneOf</c>, have been taken apart: their branches are parts of their own.</param>
readonly record struct SchemaPart(string Pointer, JsonElement Element, SchemaChoices Chosen = SchemaChoices.None)
{
    internal bool IsNever => Element.ValueKind == JsonValueKind.False;

    internal bool TryGet(string keyword, out JsonElement value)
    {
        value = default;
        return Element.ValueKind == JsonValueKind.Object && Element.TryGetProperty(keyword, out value);
    }

    /// <summary>The schema below it.</summary>
    /// <param name="part">What it is below.</param>
    /// <param name="element">What it is.</param>
    /// <param name="path">The names and indices that lead there.</param>
    internal static SchemaPart Below(SchemaPart part, JsonElement element, params ReadOnlySpan<string> path)
    {
        string pointer = part.Pointer;
        foreach (string name in path)
        {
            pointer += "/" + Escape(name);
        }

        return new SchemaPart(pointer, element);
    }

    internal static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}

[Flags]
enum SchemaChoices
{
    None = 0,
    AnyOf = 1,
    OneOf = 2,
}

/// <summary>JSON's types, with a number that is no integer as one of its own.</summary>
[Flags]
enum SchemaTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Fraction = 8,
    Number = Integer | Fraction,
    String = 16,
    Array = 32,
    Object = 64,
    All = 127,
}
