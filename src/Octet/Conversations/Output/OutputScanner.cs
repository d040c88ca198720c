using System.Text;

namespace Octet.Output;

/// <summary>How far one has come with something that arrives bit by bit.</summary>
enum Progress
{
    /// <summary>More text is needed to tell.</summary>
    Waits,

    /// <summary>It is done; what follows is something else.</summary>
    Done,

    /// <summary>It is not what it should be.</summary>
    Broken,
}

/// <summary>
/// The text of an output as its readers see it, and the pieces that they make of it. While a call is read, what is taken is remembered, so that
/// it can be passed on as text if it is none.
/// </summary>
sealed class OutputScanner
{
    readonly PendingText _pending = new();
    readonly StringBuilder _source = new();

    // The text of the last piece, while more of its kind may come: a piece that grows bit by bit is copied once.
    readonly StringBuilder _text = new();
    List<OutputPiece> _pieces = [];
    bool _isGrowing;
    int _calls;
    bool _hasCall;

    internal bool IsEnd { get; private set; }

    internal ReadOnlySpan<char> Rest => _pending.Rest;

    /// <summary>Whether a call is read, be it that its name is not known yet.</summary>
    internal bool IsInCall { get; set; }

    internal void Append(ReadOnlySpan<char> text) => _pending.Append(text);

    internal void End() => IsEnd = true;

    /// <summary>The pieces since the last time.</summary>
    internal List<OutputPiece> TakePieces()
    {
        EndPiece();
        List<OutputPiece> pieces = _pieces;
        _pieces = [];
        return pieces;
    }

    /// <summary>Passes over text that is no part of any piece.</summary>
    internal void Skip(int count)
    {
        if (IsInCall)
        {
            _source.Append(Rest[..count]);
        }

        _pending.Take(count);
    }

    /// <summary>Passes over white space; false where more of it could come.</summary>
    internal bool SkipWhiteSpace()
    {
        int length = Rest.Length - Rest.TrimStart().Length;
        Skip(length);
        return Rest.Length > 0 || IsEnd;
    }

    /// <summary>How much white space comes, of which some was counted before: what is waited for is not looked at twice.</summary>
    internal int CountWhiteSpace(int counted)
    {
        while (counted < Rest.Length && char.IsWhiteSpace(Rest[counted]))
        {
            counted++;
        }

        return counted;
    }

    /// <summary>Passes over a mark if it is what comes.</summary>
    internal Progress Mark(string mark)
    {
        if (Rest.StartsWith(mark, StringComparison.Ordinal))
        {
            Skip(mark.Length);
            return Progress.Done;
        }

        return !IsEnd && mark.AsSpan().StartsWith(Rest, StringComparison.Ordinal) ? Progress.Waits : Progress.Broken;
    }

    /// <summary>Takes what comes as text or reasoning.</summary>
    internal void Pass(OutputKind kind, int count)
    {
        Emit(kind, Rest[..count]);
        _pending.Take(count);
    }

    internal void Emit(OutputKind kind, ReadOnlySpan<char> text)
    {
        if (text.Length == 0)
        {
            return;
        }

        // What comes at once and is of one kind is one piece.
        if (!_isGrowing || _pieces[^1].Kind != kind)
        {
            Add(new OutputPiece(kind, "") { Call = kind == OutputKind.CallArguments ? _calls : 0 });
            _isGrowing = true;
        }

        _text.Append(text);
    }

    void Add(OutputPiece piece)
    {
        EndPiece();
        _pieces.Add(piece);
    }

    void EndPiece()
    {
        if (_isGrowing)
        {
            _pieces[^1] = _pieces[^1] with { Text = _text.ToString() };
            _text.Clear();
            _isGrowing = false;
        }
    }

    internal void StartCall(string name, string? id)
    {
        _hasCall = true;
        Add(new OutputPiece(OutputKind.CallStart, name) { Call = _calls, Id = id });
    }

    internal void EndCall(string? id = null)
    {
        Add(new OutputPiece(OutputKind.CallEnd, "") { Call = _calls++, Id = id });
        LeaveCall();
    }

    /// <summary>Forgets what a call was read from: it is whole.</summary>
    internal void LeaveCall()
    {
        _source.Clear();
        _hasCall = false;
        IsInCall = false;
    }

    /// <summary>It is no call: all that was read of it is text.</summary>
    internal void BreakCall()
    {
        if (_hasCall)
        {
            Add(new OutputPiece(OutputKind.CallEnd, "") { Call = _calls++, IsBroken = true });
        }

        string source = _source.ToString();
        LeaveCall();
        Emit(OutputKind.Text, source);
    }

    /// <summary>
    /// Finds the first of some marks from a place on. Where there is none, what is before <paramref name="at"/> is not part of any, however
    /// the text goes on.
    /// </summary>
    /// <returns>The number of the mark; -1 where there is none.</returns>
    internal int Find(ReadOnlySpan<string> marks, int from, out int at)
    {
        ReadOnlySpan<char> rest = Rest;
        for (at = from; at < rest.Length; at++)
        {
            ReadOnlySpan<char> here = rest[at..];
            bool couldBegin = false;
            for (int i = 0; i < marks.Length; i++)
            {
                if (here[0] != marks[i][0])
                {
                    continue;
                }

                if (here.StartsWith(marks[i], StringComparison.Ordinal))
                {
                    return i;
                }

                couldBegin |= !IsEnd && marks[i].AsSpan().StartsWith(here, StringComparison.Ordinal);
            }

            if (couldBegin)
            {
                return -1;
            }
        }

        return -1;
    }
}
