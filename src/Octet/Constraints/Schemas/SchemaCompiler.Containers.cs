using System.Text.Json;
using Octet.Output;

namespace Octet.Constraints.Schemas;

/// <summary>Objects and arrays.</summary>
sealed partial class SchemaCompiler
{
    GraphExpression ObjectOf(List<SchemaPart> all, bool isKeywords)
    {
        List<string> names = [];
        HashSet<string> required = new(StringComparer.Ordinal);
        foreach (SchemaPart part in all)
        {
            AddProperties(part, names);
        }

        foreach (SchemaPart part in all)
        {
            foreach (string name in Required(part))
            {
                required.Add(name);
                names.Add(name);
            }
        }

        names = [.. names.Distinct(StringComparer.Ordinal)];
        if (names.Count > MostProperties)
        {
            throw new ConstraintException(ConstraintError.TooLarge, all[0].Pointer, $"found {names.Count} properties; expected at most {MostProperties}");
        }

        List<(int, Expression?, int)> edges = [];

        // Node 2i + 1: the first i properties are passed, and none was there; one more: one was.
        int none = 1;
        int some = 2;
        int nodes = 2 * names.Count + 3;
        edges.Add((0, isKeywords ? null : Expression.Literal("{"), none));
        foreach (string name in names)
        {
            Expression value = RuleOf(PropertyParts(all, name));
            int begin = nodes++;
            edges.Add((none, null, begin));
            edges.Add((some, JsonText.Comma, begin));
            edges.Add((begin, Expression.Sequence(isKeywords ? Keyword(all[0], name) : Expression.Sequence(Expression.Literal(JsonText.Quoted(name)), JsonText.Colon), value), some + 2));
            if (!required.Contains(name))
            {
                edges.Add((none, null, none + 2));
                edges.Add((some, null, some + 2));
            }

            none += 2;
            some += 2;
        }

        // A function has the arguments that it has.
        if (!isKeywords && OtherProperties(all, names) is { } others)
        {
            int begin = nodes++;
            edges.Add((none, null, begin));
            edges.Add((some, JsonText.Comma, begin));
            edges.Add((begin, Expression.Sequence(KeyExcept(names), JsonText.Colon, others), some));
        }

        Expression? end = isKeywords ? null : Expression.Literal("}");
        edges.Add((none, end, nodes));
        edges.Add((some, end, nodes));
        return new GraphExpression(nodes + 1, edges);
    }

    static Expression Keyword(SchemaPart part, string name) => PythonCall.IsWord(name) ? Expression.Literal(name + "=")
        : throw SchemaDocument.Unsupported(part, "properties", $"{OneLine.Of(name)} cannot name an argument where calls are written in Python; expected letters, digits and _");

    static void AddProperties(SchemaPart part, List<string> names)
    {
        if (!part.TryGet("properties", out JsonElement properties))
        {
            return;
        }

        if (properties.ValueKind != JsonValueKind.Object)
        {
            throw SchemaDocument.Invalid(part, "properties", $"found {SchemaDocument.Kind(properties)}; expected an object of schemas");
        }

        names.AddRange(properties.EnumerateObject().Select(static property => property.Name));
    }

    static IEnumerable<string> Required(SchemaPart part)
    {
        if (!part.TryGet("required", out JsonElement list))
        {
            return [];
        }

        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(static name => name.ValueKind == JsonValueKind.String)
            ? list.EnumerateArray().Select(static name => name.GetString()!)
            : throw SchemaDocument.Invalid(part, "required", $"found {SchemaDocument.Kind(list)}; expected a list of names");
    }

    /// <summary>What the value of a property must satisfy: of each schema what it says of the name, else what it says of all others.</summary>
    List<SchemaPart> PropertyParts(List<SchemaPart> all, string name)
    {
        List<SchemaPart> parts = [];
        foreach (SchemaPart part in all)
        {
            if (part.TryGet("properties", out JsonElement properties) && properties.TryGetProperty(name, out JsonElement schema))
            {
                _document.Join(parts, SchemaPart.Below(part, schema, "properties", name));
            }
            else if (part.TryGet("additionalProperties", out JsonElement others))
            {
                _document.Join(parts, SchemaPart.Below(part, others, "additionalProperties"));
            }
        }

        return parts;
    }

    /// <summary>
    /// The values of properties that no schema names; null where there are none. Where nothing is said of them there are some only if none is
    /// named: a model has no use for more.
    /// </summary>
    Rule? OtherProperties(List<SchemaPart> all, List<string> names)
    {
        List<SchemaPart> parts = [];
        bool isSaid = false;
        foreach (SchemaPart part in all)
        {
            if (part.TryGet("additionalProperties", out JsonElement others))
            {
                isSaid = true;
                _document.Join(parts, SchemaPart.Below(part, others, "additionalProperties"));
            }
        }

        return isSaid || names.Count == 0 ? RuleOf(parts) : null;
    }

    /// <summary>A key, but none of these, so that no name comes twice: what they begin with in common is a tree.</summary>
    Expression KeyExcept(List<string> names)
    {
        if (names.Count == 0)
        {
            return _text.Key;
        }

        List<(int, Expression?, int)> edges = [];
        List<Dictionary<int, int>> children = [[]];
        HashSet<int> ends = [];
        foreach (string name in names)
        {
            int node = 0;
            foreach (System.Text.Rune character in name.EnumerateRunes())
            {
                if (!children[node].TryGetValue(character.Value, out int child))
                {
                    child = children.Count;
                    children.Add([]);
                    children[node].Add(character.Value, child);
                    edges.Add((node, JsonText.Escaped(CharacterSet.Of(character.Value)), child));
                }

                node = child;
            }

            ends.Add(node);
        }

        int other = children.Count;
        int last = other + 1;
        for (int node = 0; node < children.Count; node++)
        {
            edges.Add((node, _text.AnyBut(CharacterSet.Of([.. children[node].Keys.Select(static value => (value, value))])), other));
            if (!ends.Contains(node))
            {
                edges.Add((node, null, last));
            }
        }

        edges.Add((other, _text.AnyBut(CharacterSet.Empty), other));
        edges.Add((other, null, last));
        return Expression.Sequence(JsonText.Quote, new GraphExpression(last + 1, edges), JsonText.Quote);
    }

    Expression ArrayOf(List<SchemaPart> all)
    {
        int least = 0;
        int? most = null;
        int prefix = 0;
        bool saysRest = false;
        List<SchemaPart> rest = [];
        foreach (SchemaPart part in all)
        {
            least = Math.Max(least, SchemaDocument.Count(part, "minItems") ?? 0);
            most = SchemaDocument.Count(part, "maxItems") is { } bound ? Math.Min(bound, most ?? bound) : most;
            prefix = Math.Max(prefix, SchemaDocument.List(part, "prefixItems").Count);
            if (part.TryGet("items", out JsonElement items))
            {
                if (items.ValueKind == JsonValueKind.Array)
                {
                    throw SchemaDocument.Unsupported(part, "items", "a list of items is not supported; expected prefixItems");
                }

                saysRest = true;
                _document.Join(rest, SchemaPart.Below(part, items, "items"));
            }
        }

        if (least > most)
        {
            return Expression.Nothing;
        }

        if (prefix == 0)
        {
            return all.Exists(static part => part.TryGet("items", out _)) || least > 0 || most is not null ? JsonText.Brackets(RuleOf(rest), least, most) : _text.Array;
        }

        // Where nothing is said of items behind those named, there are none unless they must be.
        if (!saysRest)
        {
            most = Math.Min(Math.Max(least, prefix), most ?? int.MaxValue);
        }

        return WithPrefix(all, prefix, RuleOf(rest), least, most);
    }

    GraphExpression WithPrefix(List<SchemaPart> all, int prefix, Rule rest, int least, int? most)
    {
        int named = Math.Min(prefix, most ?? prefix);
        int end = named + 2;
        List<(int, Expression?, int)> edges = [(0, Expression.Literal("["), 1)];
        for (int i = 0; i <= named; i++)
        {
            if (i < named)
            {
                Expression item = RuleOf(ItemParts(all, i));
                edges.Add((i + 1, i == 0 ? item : Expression.Sequence(JsonText.Comma, item), i + 2));
            }

            if (i >= least && i < prefix)
            {
                edges.Add((i + 1, Expression.Literal("]"), end));
            }
        }

        if (named == prefix)
        {
            edges.Add((named + 1, Expression.Sequence(
                new RepeatExpression(Expression.Sequence(JsonText.Comma, rest), Math.Max(0, least - prefix), most - prefix), Expression.Literal("]")), end));
        }

        return new GraphExpression(end + 1, edges);
    }

    /// <summary>What the item at an index must satisfy: of each schema what it says of the index, else what it says of all others.</summary>
    List<SchemaPart> ItemParts(List<SchemaPart> all, int index)
    {
        List<SchemaPart> parts = [];
        foreach (SchemaPart part in all)
        {
            List<SchemaPart> named = SchemaDocument.List(part, "prefixItems");
            if (index < named.Count)
            {
                _document.Join(parts, named[index]);
            }
            else if (part.TryGet("items", out JsonElement items))
            {
                _document.Join(parts, SchemaPart.Below(part, items, "items"));
            }
        }

        return parts;
    }
}
