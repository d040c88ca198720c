using System.Globalization;
using System.Text.Json;

namespace Octet.Constraints.Schemas;

/// <summary>
/// Makes rules of a schema: one for each combination of schemas that some value must satisfy together, which is how <c>$ref</c>, <c>allOf</c>, and
/// keywords beside <c>anyOf</c> are understood. See <c>docs/constraints.md</c> for what each keyword comes to.
/// </summary>
sealed partial class SchemaCompiler
{
    // Of the largest schemas in use a tenth.
    const int MostRules = 5_000;
    const int MostProperties = 5_000;
    const int MostComparisons = 10_000_000;

    static readonly string[] s_objectKeywords = ["properties", "required", "additionalProperties"];
    static readonly string[] s_arrayKeywords = ["items", "prefixItems", "minItems", "maxItems"];
    static readonly string[] s_stringKeywords = ["minLength", "maxLength", "pattern", "format"];
    static readonly string[] s_numberKeywords = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];

    readonly SchemaDocument _document;
    readonly JsonText _text;
    readonly Dictionary<string, Rule> _rules = new(StringComparer.Ordinal);
    readonly Queue<(Rule Rule, List<SchemaPart> Parts, bool IsKeywords)> _open = new();
    readonly SortedSet<string> _notChecked = new(StringComparer.Ordinal);

    SchemaCompiler(SchemaDocument document, bool isKeywords) => (_document, _text) = (document, new JsonText(isKeywords));

    /// <param name="json">The schema.</param>
    /// <param name="notChecked">What the schema says that is not held to, by its place.</param>
    /// <param name="isKeywords">Whether the value, an object, is written as a function's arguments in Python, by their names; its own values are JSON.</param>
    /// <exception cref="ConstraintException">It is malformed, not supported or too large.</exception>
    internal static Rule Compile(string json, out IReadOnlyList<string> notChecked, bool isKeywords = false)
    {
        SchemaCompiler compiler = new(SchemaDocument.Parse(json), isKeywords);
        try
        {
            List<SchemaPart> all = [];
            compiler._document.Join(all, compiler._document.Root);
            Rule root = compiler.RuleOf(all, isKeywords);
            while (compiler._open.TryDequeue(out (Rule Rule, List<SchemaPart> Parts, bool IsKeywords) next))
            {
                next.Rule.Body = compiler.Body(next.Parts, next.IsKeywords);
            }

            notChecked = [.. compiler._notChecked];
            return root;
        }
        catch (InvalidOperationException e)
        {
            // How the reader of JSON says that an escape is half of a surrogate pair.
            throw new ConstraintException(ConstraintError.Invalid, "#", $"a string of the schema is no text: {e.Message}", e);
        }
    }

    /// <summary>Any JSON object.</summary>
    internal static Rule AnyObject() => new JsonText().Object;

    Rule RuleOf(params ReadOnlySpan<SchemaPart> parts)
    {
        List<SchemaPart> all = [];
        foreach (SchemaPart part in parts)
        {
            _document.Join(all, part);
        }

        return RuleOf(all);
    }

    /// <param name="all">All that hold, joined (<see cref="SchemaDocument.Join(List{SchemaPart}, SchemaPart)"/>).</param>
    /// <param name="isKeywords">Whether they are of an object that is written as arguments by their names.</param>
    Rule RuleOf(List<SchemaPart> all, bool isKeywords = false)
    {
        if (all.Count == 0)
        {
            return _text.Value;
        }

        string key = (isKeywords ? "=" : "") + string.Join('\n', all.Select(static part => $"{(int)part.Chosen}{part.Pointer}"));
        if (!_rules.TryGetValue(key, out Rule? rule))
        {
            if (_rules.Count == MostRules)
            {
                throw new ConstraintException(
                    ConstraintError.TooLarge, all[0].Pointer, string.Create(CultureInfo.InvariantCulture, $"the schema comes to more than {MostRules} combinations of its parts; expected fewer of allOf, anyOf and oneOf in each other"));
            }

            rule = new Rule(all[0].Pointer);
            _rules.Add(key, rule);
            _open.Enqueue((rule, all, isKeywords));
        }

        return rule;
    }

    Expression Body(List<SchemaPart> all, bool isKeywords)
    {
        if (all.Exists(static part => part.IsNever))
        {
            return Expression.Nothing;
        }

        for (int i = 0; i < all.Count; i++)
        {
            if (Branches(all[i], "anyOf", SchemaChoices.AnyOf) is { Count: > 0 } any)
            {
                return Choose(all, i, any, SchemaChoices.AnyOf, isKeywords);
            }

            if (Branches(all[i], "oneOf", SchemaChoices.OneOf) is { Count: > 0 } one)
            {
                new SchemaDisjointness(_document).Require(all[i], one);
                return Choose(all, i, one, SchemaChoices.OneOf, isKeywords);
            }
        }

        SchemaTypes types = Types(all);
        if (isKeywords)
        {
            return !HasAny(all, ["enum", "const"]) ? types.HasFlag(SchemaTypes.Object) ? ObjectOf(all, isKeywords) : Expression.Nothing
                : throw new ConstraintException(ConstraintError.Unsupported, all[0].Pointer, "enum and const of all arguments together are not supported where calls are written in Python; expected properties");
        }

        return Values(all) is { } values ? OneOf(all, values, types) : OfTypes(all, types);
    }

    static List<SchemaPart> Branches(SchemaPart part, string keyword, SchemaChoices choice) => part.Chosen.HasFlag(choice) ? [] : SchemaDocument.List(part, keyword);

    Expression Choose(List<SchemaPart> all, int at, List<SchemaPart> branches, SchemaChoices choice, bool isKeywords) => Expression.Choice([.. branches.Select(branch =>
    {
        List<SchemaPart> parts = [.. all];
        parts[at] = parts[at] with { Chosen = parts[at].Chosen | choice };
        _document.Join(parts, branch);
        return RuleOf(parts, isKeywords);
    })]);

    /// <summary>The types that all allow. Where none names any, those that its other keywords are about; where there are none, all.</summary>
    static SchemaTypes Types(List<SchemaPart> all)
    {
        SchemaTypes types = SchemaTypes.All;
        bool isNamed = false;
        foreach (SchemaPart part in all)
        {
            if (SchemaTypeNames.Read(part) is { } named)
            {
                types &= named;
                isNamed = true;
            }
        }

        if (isNamed || HasAny(all, ["enum", "const"]))
        {
            return types;
        }

        SchemaTypes meant = (HasAny(all, s_objectKeywords) ? SchemaTypes.Object : 0) | (HasAny(all, s_arrayKeywords) ? SchemaTypes.Array : 0)
            | (HasAny(all, s_stringKeywords) ? SchemaTypes.String : 0) | (HasAny(all, s_numberKeywords) ? SchemaTypes.Number : 0);
        return meant == SchemaTypes.None ? SchemaTypes.All : meant;
    }

    static bool HasAny(List<SchemaPart> all, string[] keywords) => all.Exists(part => Array.Exists(keywords, keyword => part.TryGet(keyword, out _)));

    /// <summary>The values that <c>enum</c> and <c>const</c> of all parts leave; null where there is neither.</summary>
    internal static List<JsonElement>? Values(List<SchemaPart> all)
    {
        List<JsonElement>? left = null;
        foreach (SchemaPart part in all)
        {
            if (part.TryGet("enum", out JsonElement list))
            {
                Keep(list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : throw SchemaDocument.Invalid(part, "enum", $"found {SchemaDocument.Kind(list)}; expected a list of values"));
            }

            if (part.TryGet("const", out JsonElement value))
            {
                Keep([value]);
            }
        }

        return left;

        void Keep(List<JsonElement> values)
        {
            if ((long)values.Count * (left?.Count ?? 0) > MostComparisons)
            {
                throw new ConstraintException(ConstraintError.TooLarge, all[0].Pointer, "lists of enum are too long to compare; expected shorter ones, or one alone");
            }

            left = left is null ? values : [.. left.Where(one => values.Exists(other => JsonElement.DeepEquals(one, other)))];
        }
    }

    static Expression OneOf(List<SchemaPart> all, List<JsonElement> values, SchemaTypes types)
    {
        foreach (SchemaPart part in all)
        {
            foreach (string keyword in (string[])[.. s_objectKeywords, .. s_arrayKeywords, .. s_stringKeywords, .. s_numberKeywords])
            {
                if (part.TryGet(keyword, out _))
                {
                    throw SchemaDocument.Unsupported(part, keyword, $"{keyword} beside enum or const is not supported; expected the values alone");
                }
            }
        }

        List<JsonElement> left = [.. values.Where(value => types.HasFlag(SchemaTypeNames.Of(value)))];
        return left.Exists(static value => value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            ? Expression.Choice([.. left.Select(Written)])
            : LiteralTree.Of(left.Select(Scalar));
    }

    static string Scalar(JsonElement value) => value.ValueKind == JsonValueKind.String ? JsonText.Quoted(value.GetString()!) : value.GetRawText();

    /// <summary>A value as it may be written.</summary>
    static Expression Written(JsonElement value)
    {
        List<Expression> parts = [];
        Write(value);
        return Expression.Sequence(parts);

        void Write(JsonElement value)
        {
            bool isFirst = true;
            if (value.ValueKind == JsonValueKind.Array)
            {
                parts.Add(Expression.Literal("["));
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Separate();
                    Write(item);
                }

                parts.Add(Expression.Literal("]"));
            }
            else if (value.ValueKind == JsonValueKind.Object)
            {
                parts.Add(Expression.Literal("{"));
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    Separate();
                    parts.Add(Expression.Literal(JsonText.Quoted(property.Name)));
                    parts.Add(JsonText.Colon);
                    Write(property.Value);
                }

                parts.Add(Expression.Literal("}"));
            }
            else
            {
                parts.Add(Expression.Literal(Scalar(value)));
            }

            void Separate()
            {
                if (!isFirst)
                {
                    parts.Add(JsonText.Comma);
                }

                isFirst = false;
            }
        }
    }

    Expression OfTypes(List<SchemaPart> all, SchemaTypes types)
    {
        List<Expression> choices = [];
        if (types.HasFlag(SchemaTypes.Object))
        {
            choices.Add(ObjectOf(all, isKeywords: false));
        }

        if (types.HasFlag(SchemaTypes.Array))
        {
            choices.Add(ArrayOf(all));
        }

        if (types.HasFlag(SchemaTypes.String))
        {
            choices.Add(StringOf(all));
        }

        if ((types & SchemaTypes.Number) != 0)
        {
            choices.Add(NumberOf(all, isWhole: !types.HasFlag(SchemaTypes.Fraction)));
        }

        if (types.HasFlag(SchemaTypes.Boolean))
        {
            choices.Add(JsonText.True);
            choices.Add(JsonText.False);
        }

        if (types.HasFlag(SchemaTypes.Null))
        {
            choices.Add(JsonText.Null);
        }

        return Expression.Choice(choices);
    }
}
