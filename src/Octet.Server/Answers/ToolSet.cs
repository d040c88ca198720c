using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>The tools of a request, in OpenAI's form, and which of them may be called.</summary>
/// <param name="Tools">A list of <c>{"type":"function","function":{...}}</c>; null: none.</param>
/// <param name="Choice">Which may be called.</param>
/// <param name="Parallel">Whether an answer may hold several calls.</param>
sealed record ToolSet(JsonArray? Tools, ToolChoice Choice, bool Parallel)
{
    /// <summary>What the model is told of: nothing where it may call none.</summary>
    internal JsonArray? Offered => Choice.Mode == ToolChoiceMode.None ? null : Tools;

    /// <summary>Makes a set of tools that were read, whatever the API.</summary>
    /// <exception cref="ApiException">The choice does not fit the tools.</exception>
    internal static ToolSet Of(List<JsonObject> functions, ToolChoice? choice, bool parallel, string choicePath)
    {
        if (choice?.Allowed is { } allowed)
        {
            HashSet<string> names = [.. functions.Select(static function => (string)function["name"]!)];
            string? unknown = allowed.FirstOrDefault(name => !names.Contains(name));
            functions = unknown is null ? [.. functions.Where(function => allowed.Contains((string)function["name"]!))]
                : throw ApiException.Invalid(choicePath, $"{choicePath} allows the tool \"{unknown}\"; expected names of the tools");
        }

        if (functions.Count == 0)
        {
            return choice is { Mode: ToolChoiceMode.Required }
                ? throw ApiException.Invalid(choicePath, $"{choicePath} asks for a call, and there are no tools")
                : new ToolSet(null, new ToolChoice(ToolChoiceMode.None), parallel);
        }

        if (choice?.Name is { } name && !functions.Any(function => (string?)function["name"] == name))
        {
            throw ApiException.Invalid(choicePath, $"{choicePath} names the tool \"{name}\"; expected one of the tools");
        }

        var tools = new JsonArray([.. functions.Select(function => (JsonNode)new JsonObject { ["type"] = "function", ["function"] = function })]);
        return new ToolSet(tools, choice ?? new ToolChoice(ToolChoiceMode.Auto), parallel);
    }

    /// <summary>A function's own fields, checked.</summary>
    /// <param name="fields">Where they are.</param>
    /// <param name="schema">What the schema of the arguments is called.</param>
    internal static JsonObject Function(Fields fields, string schema)
    {
        string name = fields.RequiredText("name");
        RequireName(fields, name);
        var function = new JsonObject { ["name"] = name };
        if (fields.Text("description") is { } description)
        {
            function["description"] = description;
        }

        if (fields.Object(schema) is not null)
        {
            function["parameters"] = fields.Node(schema);
        }

        if (fields.Flag("strict") is { } strict)
        {
            function["strict"] = strict;
        }

        return function;
    }

    /// <summary>Refuses what calls of a model could not be read with: white space, marks, names without end.</summary>
    internal static void RequireName(Fields fields, string name)
    {
        const int Longest = 128;
        if (name.Length is 0 or > Longest || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':'))
        {
            throw ApiException.Invalid(fields.At("name"), $"{fields.At("name")} is not the name of a tool; expected 1 to {Longest} letters, digits, _, - and the like");
        }
    }

    /// <summary>The tools of a chat completion.</summary>
    internal static ToolSet ReadChat(Fields fields)
    {
        List<JsonObject> functions = [];
        foreach ((JsonElement json, string path) in fields.List("tools") ?? [])
        {
            var tool = new Fields(json, path);
            string type = tool.Text("type") ?? "function";
            if (type != "function")
            {
                throw ApiException.Unsupported(tool.At("type"), $"{tool.At("type")} is \"{type}\"; expected \"function\": other tools are not supported");
            }

            functions.Add(Function(tool.Object("function") ?? throw tool.Missing("function", "an object with a name"), "parameters"));
        }

        return Of(functions, ReadChoice(fields), fields.Flag("parallel_tool_calls") ?? true, "tool_choice");
    }

    /// <summary><c>tool_choice</c> of a chat completion, or of a response, which has the fields of the function beside its type.</summary>
    internal static ToolChoice? ReadChoice(Fields fields)
    {
        const string Name = "tool_choice";
        if (fields.Get(Name) is not { } given)
        {
            return null;
        }

        if (given.ValueKind == JsonValueKind.String)
        {
            return Word(fields.Word(Name, "none", "auto", "required")!);
        }

        var choice = new Fields(given, Name);
        return choice.RequiredText("type") switch
        {
            "function" or "custom" => new ToolChoice(ToolChoiceMode.Required, NameOf(choice)),
            "allowed_tools" => Allowed(choice.Object("allowed_tools") ?? choice),
            var type => throw ApiException.Unsupported($"{Name}.type", $"{Name}.type is \"{type}\"; expected \"function\" or \"allowed_tools\", or the words \"none\", \"auto\" and \"required\""),
        };
    }

    static string NameOf(Fields tool)
    {
        Fields named = tool.Object("function") ?? tool.Object("custom") ?? tool;
        return ToolNames.Flat(named.Text("namespace"), named.RequiredText("name"));
    }

    static ToolChoice Allowed(Fields choice)
    {
        string mode = choice.Word("mode", "auto", "required") ?? throw choice.Missing("mode", "\"auto\" or \"required\"");
        IReadOnlyList<(JsonElement Json, string Path)> tools = choice.List("tools") ?? throw choice.Missing("tools", "a list of tools");

        // Tools of the service are none of those that a model is told of.
        return Word(mode) with { Allowed = tools.Select(static tool => new Fields(tool.Json, tool.Path)).Where(static tool => tool.Text("type") is null or "function" or "custom").Select(NameOf).ToHashSet(StringComparer.Ordinal) };
    }

    internal static ToolChoice Word(string word) => new(word switch
    {
        "none" => ToolChoiceMode.None,
        "required" => ToolChoiceMode.Required,
        _ => ToolChoiceMode.Auto,
    });
}
