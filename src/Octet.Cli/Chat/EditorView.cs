using System.Globalization;
using System.Text;
using Octet.Cli.IO;
using Spectre.Console;

namespace Octet.Cli.Chat;

/// <summary>Shows a text that is being edited, from where the cursor stands downwards, and clears it for the next state.</summary>
/// <param name="output">The terminal, in raw mode: a line break needs its carriage return.</param>
/// <param name="prompt">In front of the first line.</param>
/// <param name="continuation">In front of the others; as wide as the prompt.</param>
sealed class EditorView(TextWriter output, string prompt, string continuation)
{
    const string ClearBelow = "\e[J";
    const int MinimalWidth = 8;

    // The row, counted from the first one that is shown, in which the cursor was left, and its column.
    int _row;
    int _column;

    // Where the rows of a text begin in a terminal of a width.
    readonly List<int> _starts = [0];
    string _laidOut = "";
    int _width;

    // What is shown, where the cursor stands behind all of it; null: it does not, or nothing is shown.
    string? _shown;

    /// <summary>The text begins on a line of its own.</summary>
    internal void Begin() => (_row, _shown) = (0, null);

    internal void Draw(EditedText text, int width, int height)
    {
        width = Math.Max(width, MinimalWidth);
        string content = text.ToString();
        if (!TryAppend(content, text.IsAtEnd, width))
        {
            DrawAll(content, text.Cursor, width, height);
        }

        _shown = text.IsAtEnd ? content : null;
    }

    /// <summary>What is typed at the end needs no more than itself.</summary>
    bool TryAppend(string content, bool atEnd, int width)
    {
        if (_shown is not { } before || !atEnd || !content.StartsWith(before, StringComparison.Ordinal))
        {
            return false;
        }

        // ASCII joins nothing in front of it.
        string added = content[before.Length..];
        if (!added.All(c => c is >= ' ' and <= '~') || _column + added.Length >= width)
        {
            return false;
        }

        output.Write(added);
        output.Flush();
        _column += added.Length;
        return true;
    }

    void DrawAll(string content, int cursor, int width, int height)
    {
        int tallest = Math.Max(height - 1, 1);
        LayOut(content, cursor, width, tallest);
        int cursorRow = RowOf(cursor);
        int cursorColumn = Column(content, _starts[cursorRow], cursor);
        if (cursorColumn >= width)
        {
            (cursorRow, cursorColumn) = (cursorRow + 1, 0);
        }

        // What is taller than the terminal cannot be cleared any more: the rows around the cursor are shown.
        int shownRows = Math.Min(Math.Max(_starts.Count, cursorRow + 1), tallest);
        int first = Math.Max(cursorRow - shownRows + 1, 0);
        var shown = new StringBuilder();
        for (int row = first; row < first + shownRows; row++)
        {
            shown.Append(row > first ? "\r\n" : "");
            if (row < _starts.Count)
            {
                WalkRow(content, _starts[row], width, shown);
            }
        }

        Up(_row);
        output.Write('\r');
        output.Write(ClearBelow);
        output.Write(shown);
        Up(first + shownRows - 1 - cursorRow);
        output.Write('\r');
        if (cursorColumn > 0)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $"\e[{cursorColumn}C"));
        }

        output.Flush();
        (_row, _column) = (cursorRow - first, cursorColumn);
    }

    /// <summary>Finds where rows begin, as far as the terminal will show them. Those in front of a change are known: a long text is laid out once.</summary>
    void LayOut(string content, int cursor, int width, int tallest)
    {
        int same = width == _width ? _laidOut.AsSpan().CommonPrefixLength(content) : 0;

        // The row of the change may now begin elsewhere too: its first character may fit into the row above.
        int changed = Math.Max(1, RowOf(same));
        _starts.RemoveRange(changed, _starts.Count - changed);
        (_laidOut, _width) = (content, width);
        while ((_starts[^1] <= cursor || _starts.Count <= tallest) && WalkRow(content, _starts[^1], width, null) is { } next)
        {
            _starts.Add(next);
        }
    }

    // The last row that begins at a position or before it.
    int RowOf(int at)
    {
        int found = _starts.BinarySearch(at);
        return found >= 0 ? found : ~found - 1;
    }

    /// <returns>Where the next row begins; null where there is none.</returns>
    int? WalkRow(string content, int start, int width, StringBuilder? shown)
    {
        string mark = Mark(content, start);
        shown?.Append(mark);
        int column = mark.Length;
        int at = start;
        while (at < content.Length)
        {
            if (content[at] == '\n')
            {
                return at + 1;
            }

            string character = Shown(Character(content, at, out int length));
            column += character.GetCellWidth();
            if (column > width && at > start)
            {
                return at;
            }

            shown?.Append(character);
            at += length;
        }

        return null;
    }

    /// <summary>The column of a position in its row. In the middle of a character, which joining marks may make of two, it is that of the character.</summary>
    int Column(string content, int start, int position)
    {
        int column = Mark(content, start).Length;
        int at = start;
        while (at < position)
        {
            string character = Character(content, at, out int length);
            at += length;
            column += at <= position ? Shown(character).GetCellWidth() : 0;
        }

        return column;
    }

    string Mark(string content, int start) => start == 0 ? prompt : content[start - 1] == '\n' ? continuation : "";

    static string Character(string content, int at, out int length)
    {
        length = StringInfo.GetNextTextElementLength(content, at);
        return content.Substring(at, length);
    }

    void Up(int rows)
    {
        if (rows > 0)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $"\e[{rows}A"));
        }
    }

    static string Shown(string character) => character == "\t" ? "    " : Visible.Text(character);
}
