using System.Text;
using System.Text.RegularExpressions;

namespace Octet.Output;

/// <summary>
/// An answer that must be a call of a tool, of a model whose own form of calls is no JSON: it is held to <c>{"name": ..., "arguments": {...}}</c>, and what it writes
/// becomes the pieces of a call.
/// </summary>
sealed partial class ForcedCall
{
    readonly StringBuilder _pending = new();
    bool _started;
    bool _ended;

    /// <summary>The update with the call in it, instead of the text that it is.</summary>
    internal GenerationUpdate Read(GenerationUpdate update)
    {
        List<OutputPiece> pieces = [.. update.Pieces.SelectMany(Take)];
        if (update.FinishReason is { } reason)
        {
            pieces.AddRange(End(reason == FinishReason.Stop));
        }

        return update with { Text = "", Pieces = pieces };
    }

    IEnumerable<OutputPiece> Take(OutputPiece piece)
    {
        if (piece.Kind != OutputKind.Text)
        {
            yield return piece;
            yield break;
        }

        _pending.Append(piece.Text);
        if (!_started)
        {
            string text = _pending.ToString();
            if (Head.Match(text) is not { Success: true } head)
            {
                yield break;
            }

            _started = true;
            _pending.Clear().Append(text.AsSpan(head.Length));
            yield return new OutputPiece(OutputKind.CallStart, head.Groups[1].Value);
        }

        // The last brace closes what is around the arguments.
        if (_pending.Length > 1)
        {
            string arguments = _pending.ToString(0, _pending.Length - 1);
            _pending.Remove(0, arguments.Length);
            yield return new OutputPiece(OutputKind.CallArguments, arguments);
        }
    }

    /// <param name="isWhole">Whether the answer came to its end by itself, or was cut.</param>
    IEnumerable<OutputPiece> End(bool isWhole)
    {
        if (_ended || !_started)
        {
            yield break;
        }

        _ended = true;
        if (!isWhole && _pending.Length > 0)
        {
            yield return new OutputPiece(OutputKind.CallArguments, _pending.ToString());
        }

        yield return new OutputPiece(OutputKind.CallEnd, "");
    }

    [GeneratedRegex("""^\{"name": ?"([^"\\]*)", ?"arguments": ?""")]
    static partial Regex Head { get; }
}
