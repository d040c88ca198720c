using System.Globalization;
using System.Text;
using Octet.Cli.Chat;
using Spectre.Console;

namespace Octet.Cli.Tests.Chat;

/// <summary>What is on a terminal after the control sequences that the view writes.</summary>
public sealed class EditorViewTests
{
    [Theory]
    [InlineData("", 10, "> ", 0, 2)]
    [InlineData("ab\ncd", 10, "> ab/. cd", 1, 4)]
    [InlineData("12345678", 10, "> 12345678/", 1, 0)]
    [InlineData("1234567漢", 10, "> 1234567/漢", 1, 2)]
    [InlineData("漢字漢字漢", 10, "> 漢字漢字/漢", 1, 2)]
    [InlineData("a\u0007b\t.", 20, "> a\\u0007b    .", 0, 15)]
    [InlineData("a\nb\nc\nd\ne\nf", 10, ". d/. e/. f", 2, 3)]
    public void Text_is_wrapped_at_the_width_and_the_rows_around_the_cursor_are_shown(string content, int width, string rows, int row, int column)
    {
        var text = new EditedText();
        text.Replace(content);

        Assert.Equal((rows, row, column), Fresh(text, width, height: 4));
    }

    [Fact]
    public void A_cursor_in_the_text_stands_on_its_character()
    {
        var text = new EditedText();
        text.Replace("ab漢de\u0301f");
        text.Left();
        text.Left();

        Assert.Equal(("> ab漢de\u0301f", 0, 7), Fresh(text, 20, 4));
    }

    [Fact]
    public void Every_change_shows_what_the_whole_text_drawn_anew_does()
    {
        string[] inserted = ["a", "漢", "\n", "\u0301", "two words ", "\U0001F469\u200D\U0001F467", "\t", "漢字漢字漢字漢字漢字漢字"];
        var random = new Random(5);
        var screen = new Screen();
        var view = new EditorView(screen, "> ", ". ");
        var text = new EditedText();
        for (int i = 0; i < 3000; i++)
        {
            Action[] edits =
            [
                () => text.Insert(inserted[random.Next(inserted.Length)]), () => text.Insert(inserted[random.Next(inserted.Length)]), text.Backspace, text.Delete, text.Left, text.Right,
                () => text.Up(), () => text.Down(), text.Home, text.End, text.WordLeft, text.ToEnd, text.DeleteToStart,
            ];
            edits[random.Next(i % 100 < 80 ? 8 : edits.Length)]();
            int width = i % 500 < 250 ? 12 : 19;
            view.Draw(text, width, height: 6);

            Assert.Equal((i, Fresh(text, width, 6)), (i, screen.State));
        }
    }

    [Fact]
    public void A_key_in_a_long_text_writes_no_more_than_the_terminal_holds()
    {
        var text = new EditedText();
        text.Replace(new string('漢', 20_000));
        var screen = new Screen();
        var view = new EditorView(screen, "> ", ". ");
        view.Draw(text, 60, 12);
        long before = screen.Written;

        text.Insert("漢");
        view.Draw(text, 60, 12);
        text.Left();
        view.Draw(text, 60, 12);

        Assert.InRange(screen.Written - before, 1, 2 * 12 * 60);
    }

    static (string Rows, int Row, int Column) Fresh(EditedText text, int width, int height)
    {
        var screen = new Screen();
        new EditorView(screen, "> ", ". ").Draw(text, width, height);
        return screen.State;
    }

    /// <summary>As much of a terminal as the view uses; it does not wrap, since no row may be longer than the width. A wide character and its marks are a cell and an empty one.</summary>
    sealed class Screen : TextWriter
    {
        readonly List<List<string>> _rows = [[]];
        int _row;
        int _column;

        public override Encoding Encoding => Encoding.UTF8;

        internal long Written { get; private set; }

        internal (string Rows, int Row, int Column) State => (string.Join('/', _rows.Select(row => string.Concat(row))), _row, _column);

        public override void Write(char value) => Write(value.ToString());

        public override void Write(StringBuilder? value) => Write(value!.ToString());

        public override void Write(string? value)
        {
            Written += value!.Length;
            for (int at = 0; at < value.Length;)
            {
                if (value[at] == '\e')
                {
                    int end = at + 2;
                    while (char.IsAsciiDigit(value[end]))
                    {
                        end++;
                    }

                    Control(value[end], end > at + 2 ? int.Parse(value[(at + 2)..end], CultureInfo.InvariantCulture) : 0);
                    at = end + 1;
                    continue;
                }

                int length = StringInfo.GetNextTextElementLength(value, at);
                Put(value.Substring(at, length));
                at += length;
            }
        }

        void Control(char final, int count)
        {
            switch (final)
            {
                case 'A':
                    _row -= count;
                    Assert.True(_row >= 0, "above the beginning");
                    break;
                case 'C':
                    _column += count;
                    break;
                case 'J':
                    _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                    _rows[_row].RemoveRange(_column, _rows[_row].Count - _column);
                    break;
                default:
                    Assert.Fail($"an unknown sequence, {final}");
                    break;
            }
        }

        void Put(string character)
        {
            switch (character)
            {
                case "\r":
                    _column = 0;
                    break;
                case "\r\n":
                    _column = 0;
                    _row++;
                    if (_row == _rows.Count)
                    {
                        _rows.Add([]);
                    }

                    break;
                default:
                    Assert.Equal(_rows[_row].Count, _column);
                    int cells = character.GetCellWidth();
                    _rows[_row].AddRange(Enumerable.Range(0, Math.Max(cells, 1)).Select(i => i == 0 ? character : ""));
                    _column += cells;
                    break;
            }
        }
    }
}
