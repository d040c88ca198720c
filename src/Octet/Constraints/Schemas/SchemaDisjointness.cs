using System.Text.Json;

namespace Octet.Constraints.Schemas;

/// <summary>
/// Whether no value satisfies two schemas, as far as their types, their values, and the properties that both require tell. Branches of <c>oneOf</c>
/// of which that is not certain could hold together, and a text cannot be kept from it byte by byte.
/// </summary>
sealed class SchemaDisjointness(SchemaDocument document)
{
    // Of properties in properties.
    const int MostDepth = 4;
    const int MostBranches = 100;
    const int MostComparisons = 100_000;

    /// <exception cref="ConstraintException">Two of the branches may hold together.</exception>
    internal void Require(SchemaPart part, List<SchemaPart> branches)
    {
        if (branches.Count > MostBranches)
        {
            throw new ConstraintException(ConstraintError.TooLarge, $"{part.Pointer}/oneOf", $"found {branches.Count} branches; expected at most {MostBranches} (or use anyOf)");
        }

        List<SchemaPart>[] joined = [.. branches.Select(Joined)];
        for (int i = 0; i < joined.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (!AreDisjoint(joined[j], joined[i], 0))
                {
                    throw SchemaDocument.Unsupported(
                        part, "oneOf", $"the branches {j} and {i} could hold together; expected branches that differ in type, in enum or const, or in such a property that both require (or use anyOf)");
                }
            }
        }
    }

    List<SchemaPart> Joined(SchemaPart part)
    {
        List<SchemaPart> all = [];
        document.Join(all, part);
        return all;
    }

    bool AreDisjoint(List<SchemaPart> a, List<SchemaPart> b, int depth)
    {
        if (a.Concat(b).Any(static part => part.IsNever))
        {
            return true;
        }

        SchemaTypes typesOfA = Types(a);
        SchemaTypes typesOfB = Types(b);
        List<JsonElement>? valuesOfA = SchemaCompiler.Values(a);
        List<JsonElement>? valuesOfB = SchemaCompiler.Values(b);
        if ((typesOfA & typesOfB) == 0
            || (valuesOfA is not null && valuesOfB is not null && (long)valuesOfA.Count * valuesOfB.Count <= MostComparisons && !valuesOfA.Exists(one => valuesOfB.Exists(other => JsonElement.DeepEquals(one, other)))))
        {
            return true;
        }

        if (depth == MostDepth || (typesOfA & typesOfB) != SchemaTypes.Object)
        {
            return false;
        }

        HashSet<string> requiredOfB = [.. Names(b, "required")];
        return Names(a, "required").Where(requiredOfB.Contains).Any(name => AreDisjoint(Property(a, name), Property(b, name), depth + 1));
    }

    static SchemaTypes Types(List<SchemaPart> all)
    {
        SchemaTypes types = all.Aggregate(SchemaTypes.All, static (types, part) => types & (SchemaTypeNames.Read(part) ?? SchemaTypes.All));
        return SchemaCompiler.Values(all) is { } values ? types & values.Aggregate(SchemaTypes.None, static (found, value) => found | SchemaTypeNames.Of(value)) : types;
    }

    static IEnumerable<string> Names(List<SchemaPart> all, string keyword) => all.SelectMany(part
        => part.TryGet(keyword, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Where(static name => name.ValueKind == JsonValueKind.String).Select(static name => name.GetString()!) : []);

    List<SchemaPart> Property(List<SchemaPart> all, string name)
    {
        List<SchemaPart> parts = [];
        foreach (SchemaPart part in all)
        {
            if (part.TryGet("properties", out JsonElement properties) && properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty(name, out JsonElement schema))
            {
                document.Join(parts, SchemaPart.Below(part, schema, "properties", name));
            }
        }

        return parts;
    }
}
