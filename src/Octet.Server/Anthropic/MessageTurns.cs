using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary>Anthropic's messages as those that chat templates know: results of tools are messages of their own there.</summary>
static class MessageTurns
{
    /// <param name="fields">Of the request.</param>
    /// <param name="loaded">Gets the names of tools that a search has found.</param>
    internal static List<ChatTurn> Read(Fields fields, ISet<string> loaded)
    {
        IReadOnlyList<(JsonElement Json, string Path)> messages = fields.List("messages") ?? throw fields.Missing("messages", "a list of messages");
        if (messages.Count == 0)
        {
            throw ApiException.Invalid("messages", "messages is empty; expected at least one message");
        }

        List<ChatTurn> turns = [];
        var names = new CallNames();
        if (fields.Has("system"))
        {
            turns.Add(System(Blocks(fields, "system")));
        }

        for (int i = 0; i < messages.Count; i++)
        {
            var message = new Fields(messages[i].Json, messages[i].Path);
            string role = message.Word("role", "user", "assistant", "system") ?? throw message.Missing("role", "\"user\" or \"assistant\"");
            IReadOnlyList<(JsonElement Json, string Path)> blocks = Blocks(message);

            // Of an answer that is begun nothing need be there yet.
            if (blocks.Count == 0 && !(role == "assistant" && i == messages.Count - 1))
            {
                throw ApiException.Invalid(message.At("content"), $"{message.At("content")} is empty; expected a text, or at least one block");
            }

            if (role == "assistant")
            {
                ChatTurn turn = Assistant(blocks);
                names.Add(turn);
                turns.Add(turn);
            }
            else if (role == "system")
            {
                turns.Add(System(blocks));
            }
            else
            {
                AddUser(turns, blocks, names, loaded);
            }
        }

        return turns;
    }

    static ChatTurn System(IReadOnlyList<(JsonElement Json, string Path)> blocks)
        => new("system", string.Join('\n', blocks.Select(static block => ClientHeader.Without(Text(block.Json, block.Path))).OfType<string>()));

    /// <summary>A text stands for one block of it.</summary>
    internal static IReadOnlyList<(JsonElement Json, string Path)> Blocks(Fields message, string name = "content") => message.Get(name) switch
    {
        { ValueKind: JsonValueKind.String } text => [(text, message.At(name))],
        { ValueKind: JsonValueKind.Array } list => Fields.Elements(list, message.At(name)),
        null => throw message.Missing(name, "a text, or a list of blocks"),
        { } other => throw Fields.Wrong(other, message.At(name), "a text, or a list of blocks"),
    };

    static ChatTurn Assistant(IReadOnlyList<(JsonElement Json, string Path)> blocks)
    {
        List<string> texts = [];
        List<string> thoughts = [];
        List<ChatToolCall> calls = [];
        foreach ((JsonElement json, string path) in blocks)
        {
            if (json.ValueKind == JsonValueKind.String)
            {
                texts.Add(json.GetString()!);
                continue;
            }

            var block = new Fields(json, path);
            switch (block.RequiredText("type"))
            {
                case "thinking":
                    thoughts.Add(block.RequiredText("thinking") is { Length: > 0 } thought ? thought : SealedReasoning.Open(block.Text("signature")) ?? "");
                    break;
                case "redacted_thinking" or "fallback":
                    break;
                case "tool_use":
                    Fields input = block.Object("input") ?? throw block.Missing("input", "an object");
                    calls.Add(new ChatToolCall(block.RequiredText("name"), JsonText.Text(Fields.Node(input.Json))) { Id = block.RequiredText("id") });
                    break;
                default:
                    texts.Add(Text(block));
                    break;
            }
        }

        return new ChatTurn("assistant", texts.Count == 0 && calls.Count > 0 ? null : string.Join('\n', texts))
        {
            ReasoningContent = thoughts.Count == 0 ? null : string.Join('\n', thoughts),
            ToolCalls = calls.Count == 0 ? null : calls,
        };
    }

    static void AddUser(List<ChatTurn> turns, IReadOnlyList<(JsonElement Json, string Path)> blocks, CallNames names, ISet<string> loaded)
    {
        List<string> texts = [];
        foreach ((JsonElement json, string path) in blocks)
        {
            string? type = json.ValueKind == JsonValueKind.String ? null : new Fields(json, path).RequiredText("type");
            if (type == "tool_result")
            {
                turns.Add(ToolResult.Read(new Fields(json, path), names, loaded));
            }
            else if (type == "mid_conv_system")
            {
                AddTexts();
                turns.Add(System(Blocks(new Fields(json, path))));
            }
            else
            {
                texts.Add(Text(json, path));
            }
        }

        AddTexts();

        void AddTexts()
        {
            if (texts.Count > 0)
            {
                turns.Add(texts is [{ } only] ? new ChatTurn("user", only) : new ChatTurn("user", null) { ContentParts = texts });
                texts = [];
            }
        }
    }

    /// <summary>What a block says, or a text that stands for one.</summary>
    internal static string Text(JsonElement json, string path) => json.ValueKind == JsonValueKind.String ? json.GetString()! : Text(new Fields(json, path));

    static string Text(Fields block) => block.RequiredText("type") switch
    {
        "text" => block.RequiredText("text"),
        "document" => TextDocument.Read(block),
        "search_result" => TextDocument.ReadSearchResult(block),
        _ => throw ApiException.Unsupported(
            block.At("type"), $"{block.At("type")} is {Fields.Show(block.Get("type")!.Value)}; expected \"text\", \"tool_use\" or \"tool_result\": models here read text, no pictures or files"),
    };
}
