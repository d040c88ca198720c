using System.Text;
using Octet.Output;

namespace Octet;

/// <summary>Puts the pieces of an output together to the message that it is.</summary>
public sealed class OutputCollector
{
    readonly StringBuilder _text = new();
    readonly StringBuilder _reasoning = new();
    readonly CallCollector _call = new();
    readonly List<ChatToolCall> _calls = [];

    /// <summary>Takes the next piece.</summary>
    /// <param name="piece">A piece, in the order in which they came.</param>
    public void Add(OutputPiece piece)
    {
        switch (piece.Kind)
        {
            case OutputKind.Text:
                _text.Append(piece.Text);
                break;
            case OutputKind.Reasoning:
                _reasoning.Append(piece.Text);
                break;
        }

        if (_call.Add(piece) is { } call)
        {
            _calls.Add(call);
        }
    }

    /// <summary>Takes pieces in their order.</summary>
    /// <param name="pieces">The next pieces.</param>
    public void Add(IEnumerable<OutputPiece> pieces)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        foreach (OutputPiece piece in pieces)
        {
            Add(piece);
        }
    }

    /// <summary>The assistant's message so far: its text, its reasoning and its whole calls. What there is none of is null; without calls the text is not.</summary>
    public ChatTurn ToTurn() => new("assistant", _text.Length == 0 && _calls.Count > 0 ? null : _text.ToString())
    {
        ReasoningContent = _reasoning.Length == 0 ? null : _reasoning.ToString(),
        ToolCalls = _calls.Count == 0 ? null : [.. _calls],
    };
}
