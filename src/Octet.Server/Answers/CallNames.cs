namespace Octet.Server.Answers;

/// <summary>The tools that the calls of a conversation name, by the calls' ids: results of tools say the id alone, and templates may want the name.</summary>
sealed class CallNames
{
    readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>The tool that a call which came before names, of several with the same id the last; null: there is no such call.</summary>
    internal string? Of(string callId) => _names.GetValueOrDefault(callId);

    internal void Add(ChatToolCall call)
    {
        if (call.Id is { } id)
        {
            _names[id] = call.Name;
        }
    }

    /// <summary>Adds the calls of a message.</summary>
    internal void Add(ChatTurn turn)
    {
        foreach (ChatToolCall call in turn.ToolCalls ?? [])
        {
            Add(call);
        }
    }
}
