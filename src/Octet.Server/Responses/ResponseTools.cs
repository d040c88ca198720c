using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>
/// The tools of a response: functions, custom tools, both in namespaces, and a search that the client makes. Agents offer tools of the service, too, whoever serves: those are passed over where there are
/// others, and not among the tools that the response names.
/// </summary>
sealed class ResponseTools
{
    static readonly string[] s_passedOver = ["web_search", "image_generation"];

    readonly Dictionary<string, ResponseTool> _known = new(StringComparer.Ordinal);
    readonly HashSet<string> _told = new(StringComparer.Ordinal);
    readonly List<JsonObject> _functions = [];
    readonly List<JsonObject> _deferred = [];
    bool _clientSearches;
    ApiException? _passedOver;

    ResponseTools()
    {
    }

    /// <summary>Those that the model is told of.</summary>
    internal ToolSet Set { get; private set; } = new(null, default, true);

    /// <summary>Those of the request that are not passed over.</summary>
    internal JsonArray Told { get; } = [];

    /// <param name="fields">Of the request: tools come in its input, too, where a search has found them.</param>
    internal static ResponseTools Read(Fields fields)
    {
        var tools = new ResponseTools();
        foreach ((JsonElement json, string path) in fields.List("tools") ?? [])
        {
            if (tools.Add(new Fields(json, path), isLoaded: false))
            {
                tools.Told.Add(Fields.Node(json));
            }
        }

        foreach (Fields item in Items(fields))
        {
            if (item.Text("type") is "additional_tools" or "tool_search_output")
            {
                foreach ((JsonElement json, string path) in item.List("tools") ?? [])
                {
                    tools.Add(new Fields(json, path), isLoaded: true);
                }
            }
        }

        // Where nobody searches, what is to be found is told of at once.
        List<JsonObject> functions = [.. tools._functions, .. tools._clientSearches ? [] : tools._deferred.Where(function => tools._told.Add((string)function["name"]!))];
        if (functions.Count == 0 && tools._passedOver is { } refusal)
        {
            throw refusal;
        }

        tools.Set = ToolSet.Of(functions, ToolSet.ReadChoice(fields), fields.Flag("parallel_tool_calls") ?? true, "tool_choice");
        return tools;
    }

    /// <summary>The tool that a call of the model's means.</summary>
    internal ResponseTool Of(string name) => _known.GetValueOrDefault(name) ?? new ResponseTool(name, null, ResponseToolKind.Function);

    static IEnumerable<Fields> Items(Fields fields) => fields.Get("input") is { ValueKind: JsonValueKind.Array } input
        ? Fields.Elements(input, "input").Where(static item => item.Json.ValueKind == JsonValueKind.Object).Select(static item => new Fields(item.Json, item.Path)) : [];

    /// <returns>Whether it is not passed over.</returns>
    bool Add(Fields tool, bool isLoaded)
    {
        string type = tool.RequiredText("type");
        if (s_passedOver.Any(name => type.StartsWith(name, StringComparison.Ordinal)))
        {
            _passedOver ??= Unsupported(tool, type);
            return false;
        }

        switch (type)
        {
            case "function" or "custom":
                Add(tool, null, isLoaded);
                break;
            case "namespace":
                AddSpace(tool, isLoaded);
                break;
            case ResponseTool.Search:
                AddSearch(tool);
                break;
            default:
                throw Unsupported(tool, type);
        }

        return true;
    }

    JsonObject Add(Fields tool, string? space, bool isLoaded)
    {
        bool isCustom = tool.RequiredText("type") switch
        {
            "custom" => true,
            "function" => false,
            var type => throw Unsupported(tool, type),
        };
        JsonObject function = isCustom ? ResponseTool.CustomFunction(tool) : ToolSet.Function(tool, "parameters");
        string name = (string)function["name"]!;
        string flat = ToolNames.Flat(space, name);
        ToolSet.RequireName(tool, flat);
        function["name"] = flat;
        if (!_known.TryAdd(flat, new ResponseTool(name, space, isCustom ? ResponseToolKind.Custom : ResponseToolKind.Function)) && !isLoaded)
        {
            throw Taken(tool, "name", flat);
        }

        if (!isLoaded && tool.Flag("defer_loading") == true)
        {
            _deferred.Add(function);
        }
        else if (_told.Add(flat))
        {
            // What a search has found may be among the tools already.
            _functions.Add(function);
        }

        return function;
    }

    void AddSpace(Fields space, bool isLoaded)
    {
        string name = space.RequiredText("name");
        ToolSet.RequireName(space, name);
        JsonObject? first = null;
        foreach ((JsonElement json, string path) in space.List("tools") ?? throw space.Missing("tools", "a list of tools"))
        {
            JsonObject function = Add(new Fields(json, path), name, isLoaded);
            first ??= function;
        }

        // What is said of all is said once.
        if (first is not null && space.Text("description") is { Length: > 0 } description)
        {
            first["description"] = (string?)first["description"] is { Length: > 0 } own ? $"{own}\n\n{name}: {description}" : $"{name}: {description}";
        }
    }

    void AddSearch(Fields tool)
    {
        if (tool.Word("execution", "server", "client") != "client")
        {
            return;
        }

        _clientSearches = true;
        var function = new JsonObject { ["name"] = ResponseTool.Search };
        if (tool.Text("description") is { } description)
        {
            function["description"] = description;
        }

        if (tool.Object("parameters") is not null)
        {
            function["parameters"] = tool.Node("parameters");
        }

        if (!_known.TryAdd(ResponseTool.Search, new ResponseTool(ResponseTool.Search, null, ResponseToolKind.Search)))
        {
            throw Taken(tool, "type", ResponseTool.Search);
        }

        _functions.Add(function);
    }

    static ApiException Taken(Fields tool, string field, string name)
        => ApiException.Invalid(tool.At(field), $"{tool.At(field)} is \"{name}\" to the model, as another tool is; expected a name of its own");

    static ApiException Unsupported(Fields tool, string type)
        => ApiException.Unsupported(tool.At("type"), $"{tool.At("type")} is \"{type}\"; expected \"function\", \"custom\" or \"namespace\": the server has no tools of its own");
}
