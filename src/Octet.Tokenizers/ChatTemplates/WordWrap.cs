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

        string newline = bound.Or(2, null) is null ? "\n" : bound.Text(state, 2);
        Wrapping wrapping = new(state, width, newline, bound.Flag(state, 1, otherwise: true), bound.Flag(state, 3, otherwise: true));
        foreach (string line in CodePoints.Lines(state, text))
        {
            wrapping.Add(line);
        }

        return wrapping.ToString();
    }

    /// <summary>The lines made so far, each of at most <paramref name="width"/> code points where words allow it.</summary>
    sealed class Wrapping(RenderState state, int width, string newline, bool breakWords, bool breakHyphens)
    {
        /// <summary>Where <c>textwrap</c> breaks lines; other white space belongs to words.</summary>
        const string White = "\t\n\v\f\r ";

        readonly StringBuilder _into = new();
        bool _any;
        string? _dashLine;
        int _dashEnd;
        string? _runLine;
        int _runStart;
        int _runEnd;

        public override string ToString()
        {
            state.ChargeText(_into.Length);
            return _into.ToString();
        }

        internal void Add(string line)
        {
            state.ChargeCharacters(8L * line.Length);
            bool first = true;
            int at = 0;
            if (line.Length == 0)
            {
                Append(default);
            }

            while (at < line.Length)
            {
                if (!first)
                {
                    at = AfterSpace(line, at);
                }

                int start = at;
                at = End(line, start, out int last);
                int end = CodePoints.Trim(line.AsSpan(last, at - last)).IsEmpty ? last : at;
                ReadOnlySpan<char> made = line.AsSpan(start, end - start);
                if (made.Length > 0)
                {
                    first = false;
                    Append(made);
                }
            }

            if (first && line.Length > 0)
            {
                Append(default);
            }
        }

        /// <summary>
        /// The end of the line that begins here: as many pieces as fit, and as much of a longer word as has room.
        /// <paramref name="last"/> is where the last piece begins, the end where a long word has no room at all.
        /// </summary>
        int End(string line, int start, out int last)
        {
            last = start;
            int at = start;
            int room = width;
            while (at < line.Length)
            {
                int end = Piece(line, at, room, out int length);
                if (length <= room)
                {
                    last = at;
                    at = end;
                    room -= length;
                    continue;
                }

                // Only a piece that fits in no line at all is cut, or stands alone.
                _ = Piece(line, at, width, out length);
                if (length <= width)
                {
                    return at;
                }

                if (!breakWords)
                {
                    return at > start ? at : Piece(line, at, int.MaxValue, out _);
                }

                last = at;
                return room == 0 ? at : Cut(line, at, room);
            }

            return at;
        }

        /// <summary>A word of which some code points fit is cut after them, or after the last hyphen among them.</summary>
        int Cut(string line, int at, int room)
        {
            int cut = CodePoints.Offset(line, at, room);
            ReadOnlySpan<char> fits = line.AsSpan(at, cut - at);
            int hyphen = breakHyphens ? fits.LastIndexOf('-') : -1;
            return hyphen > 0 && fits[..hyphen].ContainsAnyExcept('-') ? at + hyphen + 1 : cut;
        }

        void Append(ReadOnlySpan<char> made)
        {
            state.Charge();
            state.ChargeText(made.Length + newline.Length);
            state.RequireLength((long)_into.Length + made.Length + newline.Length);
            _into.Append(_any ? newline : "").Append(made);
            _any = true;
        }

        /// <summary>The end of the piece that begins here, where all of it is white space; else the place itself.</summary>
        int AfterSpace(string line, int start)
        {
            if (start >= line.Length || !CodePoints.IsSpace(line[start]))
            {
                return start;
            }

            // A run of white space is walked once, however often a line begins in it.
            bool white = IsSpace(line[start]);
            if (!ReferenceEquals(line, _runLine) || start < _runStart || start >= _runEnd)
            {
                int at = start;
                while (at < line.Length && CodePoints.IsSpace(line[at]) && IsSpace(line[at]) == white)
                {
                    at++;
                }

                (_runLine, _runStart, _runEnd) = (line, start, at);
            }

            return white || _runEnd == line.Length || IsSpace(line[_runEnd]) ? _runEnd : start;
        }

        static bool IsSpace(char c) => White.Contains(c, StringComparison.Ordinal);

        /// <summary>What may stand before a dash that parts words.</summary>
        static bool IsPunctuation(char c) => IsWord(c) || c is '!' or '"' or '\'' or '&' or '.' or ',' or '?';

        static bool IsWord(char c) => char.IsLetterOrDigit(c) || char.IsNumber(c) || c == '_';

        static bool IsLetter(char c) => IsWord(c) && !char.IsDigit(c);

        /// <summary>Whether two or more hyphens stand here, between a word and another.</summary>
        static bool IsDash(string line, int at, out int end)
        {
            end = at;
            if (at == 0 || at + 1 >= line.Length || line[at] != '-' || line[at + 1] != '-' || !IsPunctuation(line[at - 1]))
            {
                return false;
            }

            while (end < line.Length && line[end] == '-')
            {
                end++;
            }

            return end < line.Length && IsWord(line[end]);
        }

        /// <summary>Whether the hyphen before this place stands between letters: two before it or one and a hyphen, one after it and another or a hyphen and one.</summary>
        static bool IsHyphen(string line, int at) => at >= 3 && at + 1 < line.Length && line[at - 1] == '-'
            && IsLetter(line[at - 2]) && (IsLetter(line[at - 3]) || (line[at - 3] == '-' && at >= 4 && IsLetter(line[at - 4])))
            && IsLetter(line[at]) && (IsLetter(line[at + 1]) || (line[at + 1] == '-' && at + 2 < line.Length && IsLetter(line[at + 2])));

        /// <summary>
        /// The end of the piece that begins here: a word, white space, or, if wanted, a dash between words, or a part of a word that
        /// ends with a hyphen between letters. No more than one code point beyond <paramref name="limit"/> is looked at.
        /// </summary>
        int Piece(string line, int start, int limit, out int length)
        {
            length = 1;
            if (breakHyphens && IsDash(line, start, out int dashEnd))
            {
                (_dashLine, _dashEnd) = (line, dashEnd);
            }

            // What is left of a dash after a cut is still one.
            bool dash = ReferenceEquals(line, _dashLine) && start < _dashEnd && line[start] == '-';
            for (int at = start + 1; ; at++)
            {
                if (at == line.Length || IsSpace(line[at - 1]) != IsSpace(line[at]) || length > limit)
                {
                    return at;
                }

                if (dash ? line[at] != '-' : breakHyphens && (IsHyphen(line, at) || IsDash(line, at, out _)))
                {
                    return at;
                }

                length += char.IsSurrogatePair(line[at - 1], line[at]) ? 0 : 1;
            }
        }
    }
}
