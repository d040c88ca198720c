using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>The one place where what a request demands of an answer's form becomes what the engine is held to.</summary>
static class Constraints
{
    /// <exception cref="ApiException">The form cannot be promised.</exception>
    internal static GenerationOptions Apply(GenerationOptions options, OutputForm form, ToolSet tools)
    {
        if (form.Kind != OutputFormKind.Text)
        {
            throw ApiException.Unsupported(form.Path, $"{form.Path} asks for {(form.Kind == OutputFormKind.JsonObject ? "a JSON object" : "JSON of a schema")}, which cannot be promised yet; expected text");
        }

        return tools.Choice.Mode == ToolChoiceMode.Required
            ? throw ApiException.Unsupported("tool_choice", "tool_choice asks for a call, which cannot be promised yet; expected \"auto\" or \"none\"")
            : options;
    }

    /// <summary><c>response_format</c> of a chat completion.</summary>
    internal static OutputForm ReadChat(Fields fields)
    {
        if (fields.Object("response_format") is not { } format)
        {
            return default;
        }

        return format.Word("type", "text", "json_object", "json_schema") switch
        {
            null => throw format.Missing("type", "\"text\", \"json_object\" or \"json_schema\""),
            "json_object" => new OutputForm(OutputFormKind.JsonObject, null, "response_format"),
            "json_schema" => Schema(format.Object("json_schema") ?? throw format.Missing("json_schema", "an object with a name and a schema"), "response_format"),
            _ => default,
        };
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
            "json_object" => new OutputForm(OutputFormKind.JsonObject, null, "text.format"),
            "json_schema" => Schema(format, "text.format"),
            _ => default,
        };
    }

    /// <summary><c>output_config.format</c> of a message.</summary>
    internal static OutputForm ReadMessage(Fields fields)
    {
        const string Path = "output_config.format";
        if (fields.Object("output_config")?.Object("format") is not { } format)
        {
            return default;
        }

        _ = format.Word("type", "json_schema");
        return new OutputForm(OutputFormKind.JsonSchema, format.Object("schema") is null ? throw format.Missing("schema", "a JSON schema") : format.Node("schema"), Path);
    }

    static OutputForm Schema(Fields fields, string path)
    {
        _ = fields.RequiredText("name");
        return new OutputForm(OutputFormKind.JsonSchema, fields.Object("schema") is null ? throw fields.Missing("schema", "a JSON schema") : fields.Node("schema"), path);
    }
}
