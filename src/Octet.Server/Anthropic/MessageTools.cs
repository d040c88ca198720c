using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary>The tools of a message, as many of them as the model is to know.</summary>
static class MessageTools
{
    // The service's own search; its names have a date, or none.
    const string Search = "tool_search_tool_";

    /// <param name="fields">Of the request.</param>
    /// <param name="loaded">Tools that a search of the client's has found. A tool with <c>defer_loading</c> is told of when it is among them.</param>
    internal static ToolSet Read(Fields fields, ISet<string> loaded)
    {
        Fields? given = fields.Object("tool_choice");
        ToolChoice? choice = given is { } asked ? Choice(asked) : null;
        List<JsonObject> functions = [];
        List<JsonObject> deferred = [];
        bool isSearched = false;
        foreach ((JsonElement json, string path) in fields.List("tools") ?? [])
        {
            var tool = new Fields(json, path);
            string type = tool.Text("type") ?? "custom";
            if (type.StartsWith(Search, StringComparison.Ordinal))
            {
                isSearched = true;
                continue;
            }

            if (type != "custom")
            {
                throw ApiException.Unsupported(tool.At("type"), $"{tool.At("type")} is \"{type}\"; expected \"custom\": the server has no tools of its own");
            }

            JsonObject function = ToolSet.Function(tool, "input_schema");
            string name = (string)function["name"]!;
            (tool.Flag("defer_loading") == true && !loaded.Contains(name) && choice?.Name != name ? deferred : functions).Add(function);
        }

        // Nobody searches here: what is to be found is told of at once.
        functions.AddRange(isSearched ? deferred : []);
        return ToolSet.Of(functions, choice, given?.Flag("disable_parallel_tool_use") != true, "tool_choice");
    }

    static ToolChoice Choice(Fields choice) => choice.Word("type", "auto", "any", "tool", "none") switch
    {
        "auto" => new ToolChoice(ToolChoiceMode.Auto),
        "none" => new ToolChoice(ToolChoiceMode.None),
        "any" => new ToolChoice(ToolChoiceMode.Required),
        "tool" => new ToolChoice(ToolChoiceMode.Required, choice.RequiredText("name")),
        _ => throw choice.Missing("type", "\"auto\", \"any\", \"tool\" or \"none\""),
    };
}
