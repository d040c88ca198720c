using System.Text;

namespace Octet.Output;

/// <summary>Puts the pieces of calls together, which come one after another.</summary>
sealed class CallCollector
{
    readonly StringBuilder _arguments = new();
    (string Name, string? Id) _call;

    /// <summary>Takes the next piece, of whatever kind.</summary>
    /// <returns>The call that it makes whole; null: it makes none, and what came of a broken one is forgotten.</returns>
    internal ChatToolCall? Add(OutputPiece piece)
    {
        switch (piece.Kind)
        {
            case OutputKind.CallStart:
                _call = (piece.Text, piece.Id);
                _arguments.Clear();
                return null;
            case OutputKind.CallArguments:
                _arguments.Append(piece.Text);
                return null;
            case OutputKind.CallEnd when !piece.IsBroken:
                return new ChatToolCall(_call.Name, _arguments.ToString()) { Id = _call.Id ?? piece.Id };
            default:
                return null;
        }
    }
}
