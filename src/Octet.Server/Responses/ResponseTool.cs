using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>A tool as the client knows it; to the model all are functions.</summary>
/// <param name="Name">Its name, in its namespace.</param>
/// <param name="Namespace">The namespace; null: none.</param>
/// <param name="Kind">How its calls are told.</param>
sealed record ResponseTool(string Name, string? Namespace, ResponseToolKind Kind)
{
    internal const string Search = "tool_search";

    // The one argument that a custom tool is to the model.
    const string Input = "input";

    /// <summary>A custom tool as a function. Its grammar is told, and not promised: a function's argument is a text in JSON.</summary>
    internal static JsonObject CustomFunction(Fields tool)
    {
        JsonObject function = ToolSet.Function(tool, "parameters");
        string input = "The whole input, as it is.";
        if (tool.Object("format") is { } format && format.Word("type", "text", "grammar") == "grammar")
        {
            input += $" It follows this grammar ({format.RequiredText("syntax")}):\n{format.RequiredText("definition")}";
        }

        function["parameters"] = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { [Input] = new JsonObject { ["type"] = "string", ["description"] = input } },
            ["required"] = new JsonArray(Input),
            ["additionalProperties"] = false,
        };
        return function;
    }

    /// <summary>The arguments of a call of a custom tool, from its input.</summary>
    internal static string CustomArguments(string input) => JsonText.Text(new JsonObject { [Input] = input });

    /// <summary>The input of a call of a custom tool, from its arguments; what the model has written otherwise is the input as it is.</summary>
    internal static string CustomInput(string arguments)
    {
        try
        {
            using var parsed = JsonDocument.Parse(arguments);
            return parsed.RootElement.ValueKind == JsonValueKind.Object && parsed.RootElement.TryGetProperty(Input, out JsonElement input) && input.ValueKind == JsonValueKind.String ? input.GetString()! : arguments;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Half of a character is no text.
            return arguments;
        }
    }
}
