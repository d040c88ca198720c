using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Cli.IO;

namespace Octet.Cli;

/// <summary>The messages of <c>octet chat</c>, and their file: <c>{"messages":[{"role","content"},...]}</c>.</summary>
sealed class Conversation
{
    readonly List<ChatTurn> _turns = [];

    /// <summary>The system message; null: none.</summary>
    internal string? System { get; set; }

    internal IReadOnlyList<ChatTurn> Turns => System is null ? _turns : [new ChatTurn("system", System), .. _turns];

    internal void Add(string role, string content) => _turns.Add(new ChatTurn(role, content));

    internal void RemoveLast() => _turns.RemoveAt(_turns.Count - 1);

    /// <summary>Forgets the messages; the system message stays.</summary>
    internal void Reset() => _turns.Clear();

    internal void Save(string path)
    {
        var messages = new JsonArray();
        foreach (ChatTurn turn in Turns)
        {
            messages.Add((JsonNode)new JsonObject { ["role"] = turn.Role, ["content"] = turn.Content });
        }

        AtomicText.Write(path, JsonOutput.Indented(new JsonObject { ["messages"] = messages }) + "\n");
    }

    /// <summary>Replaces the conversation; on an error it stays as it was.</summary>
    /// <exception cref="CommandException">The file does not hold a conversation.</exception>
    internal void Load(string path)
    {
        List<ChatTurn> turns = Parse(path, TextInput.ReadBytes(path));
        System = turns is [{ Role: "system" } system, ..] ? system.Content : null;
        _turns.Clear();
        _turns.AddRange(turns.Skip(System is null ? 0 : 1));
    }

    static List<ChatTurn> Parse(string path, byte[] json)
    {
        JsonNode? root;
        try
        {
            JsonLines.RepairSurrogates(json);
            root = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException error)
        {
            throw new CommandException($"{path} is not JSON, or a key occurs twice in an object: line {error.LineNumber + 1}, byte {error.BytePositionInLine}");
        }

        JsonArray messages = root as JsonArray ?? (root as JsonObject)?["messages"] as JsonArray
            ?? throw new CommandException($"{path} holds no conversation: expected {{\"messages\":[...]}}");
        List<ChatTurn> turns = [];
        foreach (JsonNode? message in messages)
        {
            turns.Add(message is JsonObject fields && Text(fields, "role") is { Length: > 0 } role && Text(fields, "content") is { } content
                ? new ChatTurn(role, content)
                : throw new CommandException($"{path}: message {turns.Count + 1} is not {{\"role\":\"...\",\"content\":\"...\"}}"));
        }

        return turns;
    }

    static string? Text(JsonObject fields, string key) => fields[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
