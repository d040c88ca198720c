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
        List<StringBuilder> rows = [new StringBuilder(prompt)];
        int column = prompt.Length, cursorRow = 0, cursorColumn = column, at = 0;
        while (true)
        {
            if (at == cursor)
            {
                (cursorRow, cursorColumn) = column < width ? (rows.Count - 1, column) : (rows.Count, 0);
            }

            if (at == content.Length)
            {
                break;
            }

            int length = StringInfo.GetNextTextElementLength(content, at);
            if (content[at] == '\n')
            {
                rows.Add(new StringBuilder(continuation));
                column = continuation.Length;
            }
            else
            {
                string shown = Shown(content.Substring(at, length));
                int cells = shown.GetCellWidth();
                if (column + cells > width)
                {
                    rows.Add(new StringBuilder());
                    column = 0;
                }

                rows[^1].Append(shown);
                column += cells;
            }

            // A cursor in the middle of a character, which joining marks may make of two, stands before it.
            at = cursor > at && cursor < at + length ? cursor : at + length;
        }

        while (cursorRow >= rows.Count)
        {
            rows.Add(new StringBuilder());
        }

        // What is taller than the terminal cannot be cleared any more: the rows around the cursor are shown.
        int shownRows = Math.Min(rows.Count, Math.Max(height - 1, 1));
        int first = Math.Clamp(cursorRow - shownRows + 1, 0, rows.Count - shownRows);
        Up(_row);
        output.Write('\r');
        output.Write(ClearBelow);
        output.Write(string.Join("\r\n", rows.Skip(first).Take(shownRows)));
        Up(first + shownRows - 1 - cursorRow);
        output.Write('\r');
        if (cursorColumn > 0)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $"\e[{cursorColumn}C"));
        }

        output.Flush();
        (_row, _column) = (cursorRow - first, cursorColumn);
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
