using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using Octet.Constraints.Schemas;

namespace Octet.Constraints.Calls;

/// <summary>A tool as a constraint knows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Arguments">A JSON object that its schema allows, or the same as arguments by their names (<see cref="SchemaCompiler"/>).</param>
sealed record ToolShape(string Name, Expression Arguments)
{
    // Of all tools together, as of one schema.
    const int MostCharacters = 1 << 20;

    /// <summary>The name as a string of JSON.</summary>
    internal string Quoted => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(Name)}\"";

    /// <summary>The tools of a list in OpenAI's form.</summary>
    /// <param name="tools">The list.</param>
    /// <param name="only">The tool that alone may be called; null: all may.</param>
    /// <param name="isKeywords">Whether arguments are written as a call in Python has them.</param>
    /// <exception cref="ConstraintException">A schema is broken or not supported, or there is no such tool.</exception>
    internal static IReadOnlyList<ToolShape> Read(JsonNode tools, string? only, bool isKeywords)
    {
        int characters = 0;
        List<ToolShape> shapes = [];
        foreach (JsonNode? tool in (JsonArray)tools)
        {
            JsonObject function = tool!["function"] as JsonObject ?? (JsonObject)tool;
            string name = (string)function["name"]!;
            if (only is not null && name != only)
            {
                continue;
            }

            string? schema = SchemaOf(name, function["parameters"]);
            characters += name.Length + (schema?.Length ?? 0);
            if (characters > MostCharacters)
            {
                throw new ConstraintException(ConstraintError.TooLarge, "", $"the tools and their schemas have more than {MostCharacters} characters; expected fewer tools, or smaller schemas");
            }

            shapes.Add(new ToolShape(name, ArgumentsOf(name, schema, isKeywords)));
        }

        return shapes.Count > 0 ? shapes : throw new ConstraintException(ConstraintError.Unsatisfiable, "", $"there is no tool {only}; expected one of the tools");
    }

    /// <summary>The schema of a tool's arguments, of objects alone; null: there is none.</summary>
    static string? SchemaOf(string name, JsonNode? parameters)
    {
        if (parameters is null)
        {
            return null;
        }

        string place = Place(name);
        JsonObject schema = parameters.DeepClone() as JsonObject ?? throw NoObject(place);
        bool allows = schema["type"] switch
        {
            null => true,
            JsonArray types => types.Any(static type => IsObject(type)),
            var type => IsObject(type),
        };
        schema["type"] = allows ? "object" : throw NoObject(place);
        return schema.ToJsonString();
    }

    static Expression ArgumentsOf(string name, string? schema, bool isKeywords)
    {
        try
        {
            return schema is not null ? SchemaCompiler.Compile(schema, out _, isKeywords) : isKeywords ? Expression.Empty : Expression.Literal("{}");
        }
        catch (ConstraintException error)
        {
            throw new ConstraintException(error.Error, Place(name), error.Message, error);
        }
    }

    static string Place(string name) => $"the parameters of {name}";

    static bool IsObject(JsonNode? type) => type is JsonValue value && value.TryGetValue(out string? text) && text == "object";

    static ConstraintException NoObject(string place) => new(ConstraintError.Unsupported, place, "their schema allows no object; expected type object");
}
