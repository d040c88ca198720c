using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>The one place where what a request demands of an answer's form becomes what the engine is held to.</summary>
static class OutputForms
{
    /// <summary>The form that a conversation's answer must have: its own, or that of a call where one is asked for.</summary>
    /// <exception cref="ApiException">Two forms are asked for at once.</exception>
    internal static OutputForm Of(OutputForm form, ToolSet tools)
    {
        if (tools.Offered is null)
        {
            return form;
        }

        // A text of the form could not be a call too.
        return !form.IsAny ? throw ApiException.Invalid(form.Path, $"{form.Path} and tools that may be called: expected one of them, or tool_choice \"none\"")
            : tools.Choice.Mode == ToolChoiceMode.Required ? ForcedCall.Form(tools)
            : form;
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
            "json_object" => AnyObject("response_format"),
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

    /// <summary><c>output_config.format</c> of a message.</summary>
    internal static OutputForm ReadMessage(Fields fields)
    {
        if (fields.Object("output_config")?.Object("format") is not { } format)
        {
            return default;
        }

        _ = format.Word("type", "json_schema");
        return Schema(format, "schema");
    }

    /// <summary>vLLM's fields: <c>structured_outputs</c>, and <c>guided_json</c> and the like by their older names.</summary>
    internal static OutputForm ReadExtras(Fields fields)
    {
        OutputForm form = default;
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
                return new OutputForm(path, $"choice {string.Join('\0', options)}", () => OutputConstraint.Choice(options));
            case "regex":
                string pattern = fields.Text(name)!;
                return new OutputForm(path, $"regex {pattern}", () => OutputConstraint.Regex(pattern));
            default:
                string grammar = fields.Text(name)!;
                return new OutputForm(path, $"grammar {grammar}", () => OutputConstraint.Grammar(grammar));
        }
    }

    static OutputForm Named(Fields fields)
    {
        _ = fields.RequiredText("name");
        return Schema(fields, "schema");
    }

    static OutputForm Schema(Fields fields, string name)
    {
        JsonNode schema = fields.Object(name) is null ? throw fields.Missing(name, "a JSON schema") : fields.Node(name)!;
        return Schema(JsonText.Text(schema), fields.At(name));
    }

    static OutputForm Schema(string schema, string path) => new(path, $"schema {schema}", () => OutputConstraint.JsonSchema(schema));

    static OutputForm AnyObject(string path) => new(path, "object", static () => OutputConstraint.JsonObject);
}
