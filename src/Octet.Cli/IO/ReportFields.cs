using Spectre.Console;

namespace Octet.Cli.IO;

/// <summary>A report's lines of a label and a text. On a terminal long ones are folded between words under their beginning; piped they stay whole.</summary>
sealed class ReportFields
{
    const int LabelWidth = 10;

    // Below this a column of words is harder to read than lines that the terminal folds.
    const int MinimalTextWidth = 20;

    readonly int _width = Standard.OutputIsTerminal ? Math.Max(Terminal.Output().Profile.Width - LabelWidth, MinimalTextWidth) : int.MaxValue;

    internal void Write(string label, string text)
    {
        foreach (string line in Fold(Visible.Text(text)))
        {
            Standard.Output.WriteLine(label.PadRight(LabelWidth) + line);
            label = "";
        }
    }

    /// <summary>For text of any length: a terminal gets the beginning, as much as a line holds.</summary>
    internal void WriteCut(string label, string text)
    {
        string line = Visible.Text(text);
        if (line.GetCellWidth() > _width)
        {
            string rest = $"... ({line.Length} characters)";
            line = Beginning(line, Math.Max(_width - rest.Length, 1)) + rest;
        }

        Standard.Output.WriteLine(label.PadRight(LabelWidth) + line);
    }

    IEnumerable<string> Fold(string text)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.GetCellWidth() + 1 + word.GetCellWidth() > _width)
            {
                yield return line;
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : $"{line} {word}";
            }
        }

        yield return line;
    }

    static string Beginning(string text, int width)
    {
        int length = 0;
        foreach (System.Text.Rune rune in text.EnumerateRunes())
        {
            width -= rune.ToString().GetCellWidth();
            if (width < 0)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }
}
