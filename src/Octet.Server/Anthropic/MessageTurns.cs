using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary>Anthropic's messages as those that chat templates know: results of tools are messages of their own there.</summary>
static class MessageTurns
{
    internal static List<ChatTurn> Read(Fields fields)
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
            turns.Add(System(fields));
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
                turns.Add(new ChatTurn("system", string.Join('\n', blocks.Select(static block => block.Json.ValueKind == JsonValueKind.String ? block.Json.GetString()! : Text(new Fields(block.Json, block.Path))))));
            }
            else
            {
                AddUser(turns, blocks, names);
            }
        }

        return turns;
    }

    static ChatTurn System(Fields fields) => fields.Get("system") is { ValueKind: JsonValueKind.String } text
        ? new ChatTurn("system", text.GetString())
        : new ChatTurn("system", string.Join('\n', (fields.List("system") ?? []).Select(static block => Text(new Fields(block.Json, block.Path)))));

    /// <summary>A text stands for one block of it.</summary>
    static IReadOnlyList<(JsonElement Json, string Path)> Blocks(Fields message, string name = "content") => message.Get(name) switch
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
                    thoughts.Add(block.RequiredText("thinking"));
                    break;
                case "redacted_thinking":
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

    static void AddUser(List<ChatTurn> turns, IReadOnlyList<(JsonElement Json, string Path)> blocks, CallNames names)
    {
        List<string> texts = [];
        foreach ((JsonElement json, string path) in blocks)
        {
            if (json.ValueKind == JsonValueKind.String)
            {
                texts.Add(json.GetString()!);
                continue;
            }

            var block = new Fields(json, path);
            if (block.RequiredText("type") == "tool_result")
            {
                string id = block.RequiredText("tool_use_id");
                string result = !block.Has("content") ? "" : string.Join('\n', Blocks(block).Select(static part => part.Json.ValueKind == JsonValueKind.String ? part.Json.GetString()! : Text(new Fields(part.Json, part.Path))));
                turns.Add(new ChatTurn("tool", result) { ToolCallId = id, Name = names.Of(id) });
            }
            else
            {
                texts.Add(Text(block));
            }
        }

        if (texts.Count > 0)
        {
            turns.Add(texts is [{ } only] ? new ChatTurn("user", only) : new ChatTurn("user", null) { ContentParts = texts });
        }
    }

    static string Text(Fields block) => block.RequiredText("type") is "text"
        ? block.RequiredText("text")
        : throw ApiException.Unsupported(block.At("type"), $"{block.At("type")} is {Fields.Show(block.Get("type")!.Value)}; expected \"text\", \"tool_use\" or \"tool_result\": models here read text, no pictures or documents");
}
