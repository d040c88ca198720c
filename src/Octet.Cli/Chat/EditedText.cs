using System.Globalization;
using System.Text;

namespace Octet.Cli.Chat;

/// <summary>A text with a cursor between two of its characters, a character being what a person takes for one.</summary>
sealed class EditedText
{
    readonly StringBuilder _text = new();

    /// <summary>Code units in front of the cursor.</summary>
    internal int Cursor { get; private set; }

    internal int Length => _text.Length;

    internal bool IsAtEnd => Cursor == _text.Length;

    public override string ToString() => _text.ToString();

    internal void Replace(string text)
    {
        _text.Clear().Append(text);
        Cursor = _text.Length;
    }

    internal void Insert(string text)
    {
        // An insertion makes a piece of its own, and a text of many pieces is slow.
        _ = IsAtEnd ? _text.Append(text) : _text.Insert(Cursor, text);
        Cursor += text.Length;
    }

    internal void Backspace() => RemoveFrom(Before(Cursor));

    internal void Delete() => Remove(Cursor, After(Cursor));

    internal void DeleteWord() => RemoveFrom(WordStart());

    internal void DeleteToStart() => RemoveFrom(LineStart());

    internal void DeleteToEnd() => Remove(Cursor, LineEnd());

    internal void Left() => Cursor = Before(Cursor);

    internal void Right() => Cursor = After(Cursor);

    internal void WordLeft() => Cursor = WordStart();

    internal void WordRight()
    {
        while (!IsAtEnd && char.IsWhiteSpace(_text[Cursor]))
        {
            Cursor++;
        }

        while (!IsAtEnd && !char.IsWhiteSpace(_text[Cursor]))
        {
            Cursor++;
        }
    }

    internal void Home() => Cursor = LineStart();

    internal void End() => Cursor = LineEnd();

    internal void ToEnd() => Cursor = _text.Length;

    /// <returns>False where there is no line above.</returns>
    internal bool Up() => LineStart() > 0 && MoveTo(LineStart(LineStart() - 1), Cursor - LineStart());

    /// <returns>False where there is no line below.</returns>
    internal bool Down() => LineEnd() < _text.Length && MoveTo(LineEnd() + 1, Cursor - LineStart());

    bool MoveTo(int start, int column)
    {
        Cursor = start;
        int end = LineEnd();
        while (Cursor < end && Cursor - start < column)
        {
            Cursor = After(Cursor);
        }

        return true;
    }

    void RemoveFrom(int start) => Remove(start, Cursor);

    void Remove(int start, int end)
    {
        _text.Remove(start, end - start);
        Cursor = start;
    }

    int After(int at) => at == _text.Length ? at : at + StringInfo.GetNextTextElementLength(Line(at), at - LineStart(at));

    // Where a character begins is known from the beginning of its line alone: marks join what is in front of them.
    int Before(int at)
    {
        int start = LineStart(at);
        if (at == start)
        {
            return Math.Max(0, at - 1);
        }

        string line = Line(at);
        int before = start;
        for (int next = start; next < at; next += StringInfo.GetNextTextElementLength(line, next - start))
        {
            before = next;
        }

        return before;
    }

    // The line of a position with its line break.
    string Line(int at)
    {
        int start = LineStart(at), end = LineEnd(at);
        return _text.ToString(start, Math.Min(end + 1, _text.Length) - start);
    }

    int WordStart()
    {
        int at = Cursor;
        while (at > 0 && char.IsWhiteSpace(_text[at - 1]))
        {
            at--;
        }

        while (at > 0 && !char.IsWhiteSpace(_text[at - 1]))
        {
            at--;
        }

        return at;
    }

    int LineStart() => LineStart(Cursor);

    int LineStart(int at)
    {
        while (at > 0 && _text[at - 1] != '\n')
        {
            at--;
        }

        return at;
    }

    int LineEnd() => LineEnd(Cursor);

    int LineEnd(int at)
    {
        while (at < _text.Length && _text[at] != '\n')
        {
            at++;
        }

        return at;
    }
}
