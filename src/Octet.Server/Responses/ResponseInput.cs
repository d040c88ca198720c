using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>The input of a response: items, which become the messages that chat templates know.</summary>
sealed class ResponseInput
{
    readonly List<ChatTurn> _turns = [];
    readonly CallNames _names = new();

    // Those of the last message, as long as more may come: a list that no other request has.
    List<ChatToolCall>? _calls;

    ResponseInput(IEnumerable<ChatTurn> before)
    {
        foreach (ChatTurn turn in before)
        {
            _turns.Add(turn);
            _names.Add(turn);
        }
    }

    /// <summary>Adds the input's messages behind those of an earlier response.</summary>
    internal static List<ChatTurn> Read(Fields fields, IEnumerable<ChatTurn> before)
    {
        var read = new ResponseInput(before);
        List<ChatTurn> turns = read._turns;
        JsonElement input = fields.Get("input") ?? throw fields.Missing("input", "a text, or a list of items");
        if (input.ValueKind == JsonValueKind.String)
        {
            turns.Add(new ChatTurn("user", input.GetString()));
            return turns;
        }

        IReadOnlyList<(JsonElement Json, string Path)> items = input.ValueKind == JsonValueKind.Array ? fields.List("input")! : throw Fields.Wrong(input, "input", "a text, or a list of items");
        foreach ((JsonElement json, string path) in items)
        {
            read.Add(new Fields(json, path));
        }

        return turns.Count > 0 ? turns : throw ApiException.Invalid("input", "input is empty; expected at least one item");
    }

    /// <summary>The items as they are listed afterwards.</summary>
    internal static JsonArray Items(Fields fields)
    {
        var items = new JsonArray();
        if (fields.Get("input") is { ValueKind: JsonValueKind.String } text)
        {
            items.Add((JsonNode)new JsonObject { ["type"] = "message", ["role"] = "user", ["content"] = new JsonArray(new JsonObject { ["type"] = "input_text", ["text"] = text.GetString() }) });
        }
        else
        {
            foreach ((JsonElement json, _) in fields.List("input")!)
            {
                items.Add(Fields.Node(json));
            }
        }

        foreach (JsonNode? item in items)
        {
            item!.AsObject().TryAdd("id", ApiRequest.NewId("item_"));
            item.AsObject().TryAdd("type", "message");
        }

        return items;
    }

    void Add(Fields item)
    {
        switch (item.Text("type") ?? "message")
        {
            case "message":
                string role = item.Word("role", "user", "assistant", "system", "developer") ?? throw item.Missing("role", "a role such as \"user\"");
                AddMessage(ChatMessages.TemplateRole(role), Parts(item, "content"));
                break;
            case "function_call":
                AddCall(new ChatToolCall(NameOf(item), item.Text("arguments") is { Length: > 0 } arguments ? arguments : "{}") { Id = item.RequiredText("call_id") });
                break;
            case "custom_tool_call":
                AddCall(new ChatToolCall(NameOf(item), ResponseTool.CustomArguments(item.RequiredText("input"))) { Id = item.RequiredText("call_id") });
                break;
            case "tool_search_call":
                AddCall(new ChatToolCall(ResponseTool.Search, item.Object("arguments") is { } search ? JsonText.Text(Fields.Node(search.Json)) : "{}") { Id = item.Text("call_id") });
                break;
            case "function_call_output" or "custom_tool_call_output":
                string id = item.RequiredText("call_id");
                AddTurn(new ChatTurn("tool", string.Join('\n', Parts(item, "output"))) { ToolCallId = id, Name = _names.Of(id) });
                break;
            case "tool_search_output":
                AddFound(item);
                break;
            case "reasoning":
                AddReasoning(item);
                break;
            case "additional_tools" or "web_search_call":
                // The first is among the tools; of the second the model has no words.
                break;
            case var type:
                throw ApiException.Unsupported(item.At("type"), $"{item.At("type")} is \"{type}\"; expected \"message\", \"function_call\", \"function_call_output\", \"reasoning\" or those of custom tools and tool_search");
        }
    }

    static string NameOf(Fields call) => ToolNames.Flat(call.Text("namespace"), call.RequiredText("name"));

    /// <summary>What a search has found: the tools themselves are among those of the request.</summary>
    void AddFound(Fields item)
    {
        string names = string.Join(", ", (item.List("tools") ?? []).Select(static tool => new Fields(tool.Json, tool.Path).Text("name")).OfType<string>());
        AddTurn(new ChatTurn("tool", names.Length == 0 ? "No tools were found." : $"These tools can be called now: {names}") { ToolCallId = item.Text("call_id"), Name = ResponseTool.Search });
    }

    /// <summary>What was thought: as it is, sealed, or in short; somebody else's seal says nothing.</summary>
    void AddReasoning(Fields item)
    {
        string text = Texts(item, "content");
        text = text.Length > 0 ? text : SealedReasoning.Open(item.Text("encrypted_content")) ?? Texts(item, "summary");
        if (text.Length > 0)
        {
            AddTurn(new ChatTurn("assistant", null) { ReasoningContent = text });
        }

        static string Texts(Fields item, string name) => string.Join('\n', (item.List(name) ?? []).Select(static part => new Fields(part.Json, part.Path).RequiredText("text")));
    }

    void AddTurn(ChatTurn turn)
    {
        _turns.Add(turn);
        _calls = null;
    }

    /// <summary>An answer is one message to a template, in as many items as it was given in.</summary>
    void AddMessage(string role, IReadOnlyList<string> parts)
    {
        ChatTurn turn = parts is [{ } only] ? new ChatTurn(role, only) : new ChatTurn(role, null) { ContentParts = parts };
        if (role == "assistant" && _turns is [.., { Role: "assistant", Content: null, ContentParts: null, ToolCalls: null } thought])
        {
            _turns[^1] = turn with { ReasoningContent = thought.ReasoningContent };
        }
        else
        {
            AddTurn(turn);
        }
    }

    void AddCall(ChatToolCall call)
    {
        _names.Add(call);
        if (_calls is { } calls)
        {
            calls.Add(call);
        }
        else if (_turns is [.., { Role: "assistant" } last])
        {
            _calls = [.. last.ToolCalls ?? [], call];
            _turns[^1] = last with { ToolCalls = _calls };
        }
        else
        {
            _calls = [call];
            _turns.Add(new ChatTurn("assistant", null) { ToolCalls = _calls });
        }
    }

    static IReadOnlyList<string> Parts(Fields item, string name) => item.Get(name) switch
    {
        { ValueKind: JsonValueKind.String } text => [text.GetString()!],
        { ValueKind: JsonValueKind.Array } list => [.. Fields.Elements(list, item.At(name)).Select(static part => Part(new Fields(part.Json, part.Path)))],
        null => throw item.Missing(name, "a text, or a list of parts"),
        { } other => throw Fields.Wrong(other, item.At(name), "a text, or a list of parts"),
    };

    static string Part(Fields part) => part.RequiredText("type") switch
    {
        "input_text" or "output_text" or "text" => part.RequiredText("text"),
        "refusal" => part.RequiredText("refusal"),
        var type => throw ApiException.Unsupported(part.At("type"), $"{part.At("type")} is \"{type}\"; expected \"input_text\" or \"output_text\": models here read text, no pictures, sound or files"),
    };
}
