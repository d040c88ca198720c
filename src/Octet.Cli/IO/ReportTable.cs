using Spectre.Console;

namespace Octet.Cli.IO;

/// <summary>A table on a terminal, fitted to its width; piped: tab-separated lines with a head, for other programs.</summary>
sealed class ReportTable(params string[] columns)
{
    // What the borders put between two columns.
    const int Gap = 3;
    readonly List<string[]> _rows = [];

    internal void Add(params string[] cells) => _rows.Add(cells);

    internal void Write()
    {
        if (!Standard.OutputIsTerminal)
        {
            WriteTabs();
            return;
        }

        int[] widths = [.. columns.Select((column, i) => Math.Max(column.Length, _rows.Select(row => row[i].Length).DefaultIfEmpty().Max()))];
        if (widths.Sum() + Gap * columns.Length > Terminal.Output().Profile.Width)
        {
            WriteStacked(widths);
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

    /// <summary>Too wide for the terminal: the first cell on a line of its own, the others below it. Nothing is folded or cut.</summary>
    void WriteStacked(int[] widths)
    {
        foreach (string[] row in _rows.Prepend(columns))
        {
            Standard.Output.WriteLine(row[0]);
            Standard.Output.WriteLine("    " + string.Join("  ", row.Skip(1).Select((cell, i) => cell.PadLeft(widths[i + 1]))));
        }
    }

    void WriteTabs()
    {
        Standard.Output.WriteLine(string.Join('\t', columns));
        foreach (string[] row in _rows)
        {
            Standard.Output.WriteLine(string.Join('\t', row.Select(OneCell)));
        }
    }

    static string OneCell(string text) => text.Replace('\t', ' ').Replace('\n', ' ').Replace('\r', ' ');
}
