using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The filter <c>wordwrap</c>: Python's <c>textwrap</c> on each line of the text.</summary>
static class WordWrap
{
    internal static object? Filter(RenderState state, object? value, Bound bound)
    {
        string text = PythonText.Str(state, value);
        int width = bound.Integer(state, 0, 79);
        if (width <= 0)
        {
            throw state.ValueError($"invalid width {width} (must be > 0)");
        }

        state.ChargeText(text.Length);
        string newline = bound.Or(2, null) is null ? "\n" : bound.Text(state, 2);
        bool breakWords = bound.Flag(state, 1, otherwise: true);
        bool breakHyphens = bound.Flag(state, 3, otherwise: true);
        string wrapped = string.Join(newline, CodePoints.Lines(state, text).Select(line => string.Join(newline, Wrap(state, line, width, breakWords, breakHyphens))));
        state.ChargeText(wrapped.Length);
        return wrapped;
    }

    static List<string> Wrap(RenderState state, string line, int width, bool breakWords, bool breakHyphens)
    {
        List<string> lines = [];
        LinkedList<string> chunks = new(Chunks(line, breakHyphens));
        while (chunks.Count > 0)
        {
            state.Charge();
            StringBuilder current = new();
            int length = 0;
            if (lines.Count > 0 && CodePoints.Trim(chunks.First!.Value).Length == 0)
            {
                chunks.RemoveFirst();
            }

            while (chunks.First is { } next && length + CodePoints.Length(next.Value) <= width)
            {
                length += CodePoints.Length(next.Value);
                current.Append(next.Value);
                chunks.RemoveFirst();
            }

            if (chunks.First is { } word && CodePoints.Length(word.Value) > width && (breakWords || length == 0))
            {
                int room = breakWords ? Math.Max(1, width - length) : int.MaxValue;
                int cut = CodePoints.Offset(word.Value, 0, room);
                int hyphen = breakWords && breakHyphens ? word.Value.LastIndexOf('-', cut - 1) : -1;
                cut = hyphen > 0 && word.Value[..hyphen].Any(static c => c != '-') ? hyphen + 1 : cut;
                current.Append(word.Value, 0, cut);
                word.Value = word.Value[cut..];
                if (word.Value.Length == 0)
                {
                    chunks.RemoveFirst();
                }
            }

            string text = CodePoints.Trim(current.ToString(), start: false);
            if (text.Length > 0)
            {
                lines.Add(text);
            }
        }

        return lines;
    }

    /// <summary>Words, the white space between them, and, if wanted, the parts of words that end with a hyphen between letters.</summary>
    static IEnumerable<string> Chunks(string line, bool breakHyphens)
    {
        int start = 0;
        for (int at = 1; at <= line.Length; at++)
        {
            bool hyphen = breakHyphens && at >= 3 && at + 1 < line.Length && line[at - 1] == '-'
                && char.IsLetter(line[at - 2]) && (char.IsLetterOrDigit(line[at - 3]) || line[at - 3] == '_')
                && char.IsLetter(line[at]) && (char.IsLetterOrDigit(line[at + 1]) || line[at + 1] is '-' or '_');
            if (at == line.Length || CodePoints.IsSpace(line[at - 1]) != CodePoints.IsSpace(line[at]) || hyphen)
            {
                yield return line[start..at];
                start = at;
            }
        }
    }
}
