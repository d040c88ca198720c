using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Cli.IO;

namespace Octet.Cli.Chat;

/// <summary>The messages of <c>octet chat</c>, and their file: <c>{"messages":[...]}</c> in OpenAI's form.</summary>
sealed class Conversation
{
    readonly List<ChatTurn> _turns = [];
    int _kept;

    /// <summary>The system message; null: none.</summary>
    internal ChatTurn? System { get; private set; }

    /// <summary>Every message but the system message.</summary>
    internal IReadOnlyList<ChatTurn> Turns => _turns;

    /// <summary>The first of <see cref="Turns"/> that the model still reads.</summary>
    internal int FirstRead { get; set; }

    /// <summary>Whether there are messages that no file holds.</summary>
    internal bool IsUnsaved => _turns.Count > _kept;

    /// <summary>What the model reads if it reads the turns from one on: the system message and those.</summary>
    internal IReadOnlyList<ChatTurn> From(int first) => System is null ? [.. _turns.Skip(first)] : [System, .. _turns.Skip(first)];

    internal void SetSystem(string? text) => System = text is null ? null : new ChatTurn("system", text);

    internal void Add(ChatTurn turn) => _turns.Add(turn);

    internal void RemoveLast() => _turns.RemoveAt(_turns.Count - 1);

    /// <summary>Forgets the messages; the system message stays.</summary>
    internal void Reset() => Replace([]);

    internal void Save(string path)
    {
        var messages = new JsonArray([.. From(0).Select(turn => (JsonNode)turn.ToJson())]);
        AtomicText.Write(path, JsonOutput.Indented(new JsonObject { ["messages"] = messages }) + "\n");
        _kept = _turns.Count;
    }

    /// <summary>Replaces the conversation; on an error it stays as it was.</summary>
    /// <exception cref="CommandException">The file does not hold a conversation.</exception>
    internal void Load(string path)
    {
        List<ChatTurn> turns = Parse(path, TextInput.ReadBytes(path));
        System = turns is [{ Role: "system" or "developer" } system, ..] ? system : null;
        Replace(turns.Skip(System is null ? 0 : 1));
    }

    void Replace(IEnumerable<ChatTurn> turns)
    {
        _turns.Clear();
        _turns.AddRange(turns);
        FirstRead = 0;
        _kept = _turns.Count;
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
            try
            {
                turns.Add(ChatTurn.FromJson(message));
            }
            catch (ModelException error)
            {
                throw new CommandException($"{path}, message {turns.Count + 1}: {error.Message}");
            }
        }

        return turns;
    }
}
