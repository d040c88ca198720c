using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Constraints.Calls;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>The one place where what a request demands of an answer's form becomes what the engine is held to.</summary>
static class OutputForms
{
    const string WhiteSpace = "JSON has one space behind a comma or a colon, or none";

    /// <summary>What a conversation's answer is held to: a call where one is asked for, else its form, or a call where tools may be called. Null: nothing.</summary>
    /// <param name="form">The form of its text.</param>
    /// <param name="tools">The tools.</param>
    /// <param name="format">How the model writes calls.</param>
    /// <param name="kept">Where constraints are kept.</param>
    /// <exception cref="ApiException">It cannot be promised.</exception>
    internal static OutputConstraint? Constraint(OutputForm form, ToolSet tools, OutputFormat format, ConstraintCache kept)
    {
        if (tools is { Offered: { } all, Choice: { Mode: ToolChoiceMode.Required, Name: var name } })
        {
            return kept.Get(new OutputForm("tools", $"call {format.Name} {name} {JsonText.Text(all)}", () => CallConstraint.Required(format, all, name)));
        }

        OutputConstraint? text = form.IsAny ? null : kept.Get(form);
        return text is null || tools.Offered is not { } offered ? text : kept.Get(new OutputForm(
            "tools",
            string.Create(CultureInfo.InvariantCulture, $"form or {tools.Parallel} call {format.Name} {form.Key.Length} {form.Key} {JsonText.Text(offered)}"),
            () => CallConstraint.OrForm(text, format, offered, tools.Parallel)));
    }

    /// <summary><c>response_format</c> of a chat completion, or one of the fields of <see cref="ReadExtras"/>.</summary>
    internal static OutputForm ReadChat(Fields fields)
    {
        if (fields.Object("response_format") is not { } format)
        {
            return ReadExtras(fields);
        }

        OutputForm form = format.Word("type", "text", "json_object", "json_schema") switch
        {
            null => throw format.Missing("type", "\"text\", \"json_object\" or \"json_schema\""),
            "json_object" => format.Has("schema") ? Schema(format, "schema") : AnyObject("response_format"),
            "json_schema" => Named(format.Object("json_schema") ?? throw format.Missing("json_schema", "an object with a name and a schema")),
            _ => default,
        };
        OutputForm extra = ReadExtras(fields);
        return extra.IsAny ? form
            : form.IsAny ? extra
            : throw ApiException.Invalid(extra.Path, $"{extra.Path} and response_format: expected one of them");
    }

    /// <summary><c>text.format</c> of a response.</summary>
    internal static OutputForm ReadResponse(Fields fields)
    {
        if (fields.Object("text")?.Object("format") is not { } format)
        {
            return default;
        }

        return format.Word("type", "text", "json_object", "json_schema") switch
        {
            "json_object" => AnyObject("text.format"),
            "json_schema" => Named(format),
            _ => default,
        };
    }

    /// <summary><c>output_config.format</c> of a message, which was <c>output_format</c> once.</summary>
    internal static OutputForm ReadMessage(Fields fields)
    {
        Fields? config = fields.Object("output_config")?.Object("format");
        Fields? older = fields.Object("output_format");
        if (config is not null && older is not null)
        {
            throw ApiException.Invalid("output_format", "output_format and output_config.format: expected one of them");
        }

        if ((config ?? older) is not { } format)
        {
            return default;
        }

        _ = format.Word("type", "json_schema");
        return Schema(format, "schema");
    }

    /// <summary>vLLM's fields: <c>structured_outputs</c>, and <c>guided_json</c> and the like by their older names; llama-server's <c>grammar</c> and <c>json_schema</c>.</summary>
    internal static OutputForm ReadExtras(Fields fields)
    {
        OutputForm form = default;
        UnsupportedFields.Refuse(fields, ("guided_whitespace_pattern", WhiteSpace));
        if (fields.Object("structured_outputs") is { } outputs)
        {
            UnsupportedFields.Refuse(
                outputs,
                ("structural_tag", "use tools with tool_choice, or a grammar"),
                ("whitespace_pattern", WhiteSpace),
                ("disable_any_whitespace", WhiteSpace),
                ("disable_additional_properties", "use additionalProperties of the schema"));
        }

        foreach (string kind in (string[])["json", "json_object", "regex", "choice", "grammar"])
        {
            foreach ((Fields Fields, string Name) place in Places(fields, kind))
            {
                if (Read(place.Fields, place.Name, kind) is { IsAny: false } next)
                {
                    form = form.IsAny ? next : throw ApiException.Invalid(next.Path, $"{next.Path} and {form.Path}: expected one of them");
                }
            }
        }

        return form;
    }

    static IEnumerable<(Fields, string)> Places(Fields fields, string kind)
    {
        // What is empty is none there.
        string? own = kind switch { "grammar" => kind, "json" => "json_schema", _ => null };
        if (own is not null && fields.Get(own) is { } given && !(given.ValueKind == JsonValueKind.String && given.ValueEquals("")))
        {
            yield return (fields, own);
        }

        yield return (fields, "guided_" + kind);
        if (fields.Object("structured_outputs") is { } outputs)
        {
            yield return (outputs, kind);
        }
    }

    static OutputForm Read(Fields fields, string name, string kind)
    {
        if (!fields.Has(name))
        {
            return default;
        }

        string path = fields.At(name);
        switch (kind)
        {
            case "json":
                return fields.Get(name) is { ValueKind: JsonValueKind.String } ? Schema(fields.Text(name)!, path) : Schema(fields, name);
            case "json_object":
                return fields.Flag(name) == true ? AnyObject(path) : default;
            case "choice":
                string[] options = [.. fields.Texts(name)!];

                // A text may hold any character: its length says where it ends.
                string key = string.Concat(options.Select(static option => string.Create(CultureInfo.InvariantCulture, $" {option.Length} {option}")));
                return new OutputForm(path, $"choice{key}", () => OutputConstraint.Choice(options));
            case "regex":
                string pattern = fields.Text(name)!;
                return new OutputForm(path, $"regex {pattern}", () => OutputConstraint.Regex(pattern));
            default:
                string grammar = fields.Text(name)!;
                return new OutputForm(path, $"grammar {grammar}", () => OutputConstraint.Grammar(grammar));
        }
    }

    // A schema may be left out: any object is meant then, as with json_object.
    static OutputForm Named(Fields fields)
    {
        _ = fields.RequiredText("name");
        return fields.Has("schema") ? Schema(fields, "schema") : AnyObject(fields.Path);
    }

    static OutputForm Schema(Fields fields, string name)
    {
        JsonNode schema = fields.Object(name) is null ? throw fields.Missing(name, "a JSON schema") : fields.Node(name)!;
        return Schema(JsonText.Text(schema), fields.At(name));
    }

    static OutputForm Schema(string schema, string path) => new(path, $"schema {schema}", () => OutputConstraint.JsonSchema(schema));

    static OutputForm AnyObject(string path) => new(path, "object", static () => OutputConstraint.JsonObject);
}
