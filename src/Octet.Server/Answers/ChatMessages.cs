using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>The messages of a chat completion.</summary>
static class ChatMessages
{
    internal static List<ChatTurn> Read(Fields fields)
    {
        IReadOnlyList<(JsonElement Json, string Path)> messages = fields.List("messages") ?? throw fields.Missing("messages", "a list of messages");
        if (messages.Count == 0)
        {
            throw ApiException.Invalid("messages", "messages is empty; expected at least one message");
        }

        var turns = new List<ChatTurn>(messages.Count);
        var names = new CallNames();
        foreach ((JsonElement json, string path) in messages)
        {
            ChatTurn turn = Message(new Fields(json, path), names);
            names.Add(turn);
            turns.Add(turn);
        }

        return turns;
    }

    static ChatTurn Message(Fields message, CallNames names)
    {
        string role = message.Word("role", "system", "developer", "user", "assistant", "tool", "function") ?? throw message.Missing("role", "a role such as \"user\"");
        IReadOnlyList<ChatToolCall>? calls = role == "assistant" ? Calls(message) : null;
        UnsupportedFields.Refuse(message, ("audio", "models here read text"), ("function_call", "use tool_calls"));
        (string? text, IReadOnlyList<string>? parts) = Content(message, isOptional: calls is not null || role == "assistant");
        string? callId = message.Text("tool_call_id");
        return new ChatTurn(TemplateRole(role), text)
        {
            ContentParts = parts,
            ReasoningContent = message.Text("reasoning_content") ?? message.Text("reasoning"),
            ToolCalls = calls,
            ToolCallId = callId,
            Name = message.Text("name") ?? (callId is null ? null : names.Of(callId)),
        };
    }

    /// <summary>What chat templates call it: they know no developers, and functions by their newer name.</summary>
    internal static string TemplateRole(string role) => role switch
    {
        "developer" => "system",
        "function" => "tool",
        _ => role,
    };

    static (string? Text, IReadOnlyList<string>? Parts) Content(Fields message, bool isOptional)
    {
        switch (message.Get("content"))
        {
            case null when isOptional:
                return (null, null);
            case null:
                throw message.Missing("content", "a text, or a list of parts");
            case { ValueKind: JsonValueKind.String } text:
                return (text.GetString(), null);
            case { ValueKind: JsonValueKind.Array } parts:
                return (null, [.. Fields.Elements(parts, message.At("content")).Select(static part => Part(new Fields(part.Json, part.Path)))]);
            case { } other:
                throw Fields.Wrong(other, message.At("content"), "a text, or a list of parts");
        }
    }

    static string Part(Fields part) => part.RequiredText("type") switch
    {
        "text" => part.RequiredText("text"),
        "refusal" => part.RequiredText("refusal"),
        var type => throw ApiException.Unsupported(part.At("type"), $"{part.At("type")} is \"{type}\"; expected \"text\": models here read text, no pictures, sound or files"),
    };

    static ChatToolCall[]? Calls(Fields message)
    {
        if (message.List("tool_calls") is not { Count: > 0 } calls)
        {
            return null;
        }

        return [.. calls.Select(static entry =>
        {
            var call = new Fields(entry.Json, entry.Path);
            Fields function = call.Object("function") ?? throw call.Missing("function", "an object with a name and arguments");
            return new ChatToolCall(function.RequiredText("name"), Arguments(function)) { Id = call.Text("id") };
        })];
    }

    static string Arguments(Fields function)
    {
        // Some clients send the object itself.
        if (function.Get("arguments") is { ValueKind: JsonValueKind.Object } given)
        {
            return JsonText.Text(Fields.Node(given));
        }

        return function.Text("arguments") is { Length: > 0 } text ? text : "{}";
    }
}
