using Spectre.Console;

namespace Octet.Cli.IO;

/// <summary>A table on a terminal, fitted to its width; piped: tab-separated lines with a head, for other programs.</summary>
sealed class ReportTable(params string[] columns)
{
    readonly List<string[]> _rows = [];

    internal void Add(params string[] cells) => _rows.Add(cells);

    internal void Write()
    {
        if (!Standard.OutputIsTerminal)
        {
            WriteTabs();
            return;
        }

        Table table = new Table().Border(TableBorder.Simple);
        for (int i = 0; i < columns.Length; i++)
        {
            // Only the names fold where the terminal is narrow; a folded number cannot be read.
            var column = new TableColumn(Markup.Escape(columns[i])) { NoWrap = i > 0 };
            table.AddColumn(i == 0 ? column : column.RightAligned());
        }

        foreach (string[] row in _rows)
        {
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        }

        Terminal.Output().Write(table);
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
