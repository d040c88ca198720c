using Spectre.Console;

namespace Octet.Cli.IO;

/// <summary>A table on a terminal, fitted to its width; piped: tab-separated lines with a head, for other programs.</summary>
sealed class ReportTable(params string[] columns)
{
    // What the borders put between two columns.
    const int Gap = 3;
    const string Separator = "  ";
    readonly List<string[]> _rows = [];

    internal void Add(params string[] cells) => _rows.Add([.. cells.Select(Visible.Text)]);

    internal void Write()
    {
        if (!Standard.OutputIsTerminal)
        {
            WriteTabs();
            return;
        }

        int[] widths = [.. columns.Select((column, i) => Math.Max(column.Length, _rows.Select(row => row[i].GetCellWidth()).DefaultIfEmpty().Max()))];
        int terminal = Terminal.Output().Profile.Width;
        if (widths.Sum() + Gap * columns.Length > terminal)
        {
            WriteStacked(widths, terminal);
            return;
        }

        Table table = new Table().Border(TableBorder.Simple);
        for (int i = 0; i < columns.Length; i++)
        {
            var column = new TableColumn(Markup.Escape(columns[i]));
            table.AddColumn(i == 0 ? column : column.RightAligned());
        }

        foreach (string[] row in _rows)
        {
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        }

        Terminal.Output().Write(table);
    }

    /// <summary>Too wide for the terminal: the first cell on a line of its own, the others below it, on as many lines as they need. Nothing is cut.</summary>
    void WriteStacked(int[] widths, int terminal)
    {
        const int Indent = 4;
        foreach (string[] row in _rows.Prepend(columns))
        {
            Standard.Output.Write(row[0]);
            int used = terminal;
            for (int i = 1; i < row.Length; i++)
            {
                bool fits = used + Separator.Length + widths[i] <= terminal;
                Standard.Output.Write(fits ? Separator : "\n" + new string(' ', Indent));
                Standard.Output.Write(row[i].PadLeft(widths[i]));
                used = (fits ? used + Separator.Length : Indent) + widths[i];
            }

            Standard.Output.WriteLine();
        }
    }

    void WriteTabs()
    {
        Standard.Output.WriteLine(string.Join('\t', columns));
        foreach (string[] row in _rows)
        {
            Standard.Output.WriteLine(string.Join('\t', row));
        }
    }
}
