using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>
/// Puts long runs of combining marks into canonical order, so that the normalization below it takes linear time: ICU inserts
/// each mark by a search from the end of its run, which is quadratic where a text piles up thousands of them out of order.
/// Normalization begins with the same reordering (UAX #15), so its result stays as it is.
/// </summary>
/// <remarks>
/// .NET does not tell a character's combining class. It follows from normalising pairs: "xy" becomes "yx" exactly where
/// class(x) > class(y) > 0.
/// </remarks>
static class CombiningMarkOrder
{
    const int LongRun = 32;

    /// <summary>A canonically equivalent text without long runs out of order; the argument itself where it has no long run.</summary>
    internal static string Apply(string text)
    {
        StringBuilder? ordered = null;
        Classes classes = new();
        int copied = 0;
        int runStart = 0;
        int runLength = 0;
        int at = 0;
        foreach (Rune value in text.EnumerateRunes())
        {
            bool isMark = value.Value >= 0x300 && Rune.GetUnicodeCategory(value)
                is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
            if (isMark && runLength++ == 0)
            {
                runStart = at;
            }
            else if (!isMark)
            {
                EndRun(at);
            }

            at += value.Utf16SequenceLength;
        }

        EndRun(at);
        return ordered is null ? text : ordered.Append(text, copied, text.Length - copied).ToString();

        void EndRun(int end)
        {
            if (runLength > LongRun)
            {
                ordered ??= new StringBuilder(text.Length);
                ordered.Append(text, copied, runStart - copied);
                classes.AppendOrdered(text.AsSpan(runStart, end - runStart), ordered);
                copied = end;
            }

            runLength = 0;
        }
    }

    /// <summary>The combining classes met so far, in their order, each with a member.</summary>
    sealed class Classes
    {
        const int Starter = -1;

        readonly List<Rune> _members = [];
        readonly Dictionary<Rune, Rune?> _classOf = []; // to the member that stands for its class; null for a starter
        readonly Dictionary<Rune, Rune[]> _decompositions = [];

        internal void AppendOrdered(ReadOnlySpan<char> run, StringBuilder destination)
        {
            List<Rune> marks = [];
            foreach (Rune value in run.EnumerateRunes())
            {
                marks.AddRange(Decompose(value));
            }

            foreach (Rune mark in marks)
            {
                Learn(mark);
            }

            Dictionary<Rune, int> ranks = [];
            foreach ((Rune mark, Rune? member) in _classOf)
            {
                ranks[mark] = member is { } found ? _members.IndexOf(found) : Starter;
            }

            for (int from = 0; from < marks.Count;)
            {
                if (ranks[marks[from]] == Starter)
                {
                    destination.Append(marks[from++].ToString());
                    continue;
                }

                int to = from;
                while (to < marks.Count && ranks[marks[to]] != Starter)
                {
                    to++;
                }

                // OrderBy is stable, as canonical ordering is.
                foreach (Rune mark in marks[from..to].OrderBy(mark => ranks[mark]))
                {
                    destination.Append(mark.ToString());
                }

                from = to;
            }
        }

        Rune[] Decompose(Rune value)
        {
            if (!_decompositions.TryGetValue(value, out Rune[]? parts))
            {
                parts = [.. value.ToString().Normalize(NormalizationForm.FormD).EnumerateRunes()];
                _decompositions.Add(value, parts);
            }

            return parts;
        }

        void Learn(Rune mark)
        {
            if (_classOf.ContainsKey(mark))
            {
                return;
            }

            // U+0334 has class 1 and U+0345 class 240, the lowest and the highest there are.
            if (!Swap(mark, new Rune(0x334)) && !Swap(new Rune(0x345), mark))
            {
                _classOf.Add(mark, null);
                return;
            }

            int at = 0;
            while (at < _members.Count && Swap(mark, _members[at]))
            {
                at++;
            }

            if (at == _members.Count || Swap(_members[at], mark))
            {
                _members.Insert(at, mark);
            }

            _classOf.Add(mark, _members[at]);
        }

        static bool Swap(Rune first, Rune second) => $"{first}{second}".Normalize(NormalizationForm.FormD) == $"{second}{first}";
    }
}
