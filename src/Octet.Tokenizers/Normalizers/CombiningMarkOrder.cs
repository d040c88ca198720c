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

    // What was learnt of marks holds for every text. There are some 2,500.
    [ThreadStatic]
    static Classes? s_canonical;

    [ThreadStatic]
    static Classes? s_compatible;

    /// <summary>An equivalent text without long runs out of order; the argument itself where it has no long run.</summary>
    /// <param name="text">Valid UTF-16.</param>
    /// <param name="compatible">Whether the normalization that follows takes compatible characters for equal (NFKC, NFKD).</param>
    internal static string Apply(string text, bool compatible)
    {
        StringBuilder? ordered = null;
        int copied = 0;
        int runStart = 0;
        int runLength = 0;
        int at = 0;
        foreach (Rune value in text.EnumerateRunes())
        {
            bool isMark = value.Value >= 0x300 && IsMark(value, compatible);
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
                Classes classes = compatible ? s_compatible ??= new(NormalizationForm.FormKD) : s_canonical ??= new(NormalizationForm.FormD);
                classes.AppendOrdered(text.AsSpan(runStart, end - runStart), ordered);
                copied = end;
            }

            runLength = 0;
        }
    }

    // The halfwidth voiced sound marks are letters that become marks: no other character's compatibility mapping begins with one.
    static bool IsMark(Rune value, bool compatible) => Rune.GetUnicodeCategory(value)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        || (compatible && value.Value is 0xFF9E or 0xFF9F);

    /// <summary>The combining classes met so far, in their order, each with a member.</summary>
    /// <param name="form">The form that takes characters apart.</param>
    sealed class Classes(NormalizationForm form)
    {
        const int Starter = -1;

        readonly List<Rune> _members = [];
        readonly Dictionary<Rune, Rune?> _classOf = []; // to the member that stands for its class; null for a starter
        readonly Dictionary<Rune, int> _ranks = []; // forgotten when a new class moves the others
        readonly Dictionary<Rune, Rune[]> _decompositions = [];

        internal void AppendOrdered(ReadOnlySpan<char> run, StringBuilder destination)
        {
            List<Rune> marks = [];
            foreach (Rune value in run.EnumerateRunes())
            {
                foreach (Rune mark in Decompose(value))
                {
                    Learn(mark);
                    marks.Add(mark);
                }
            }

            // Starters stay where they are; the marks between them are put into the order of their classes, which leaves equals alone.
            List<Rune>[] byRank = [.. _members.Select(static _ => new List<Rune>())];
            foreach (Rune mark in marks)
            {
                int rank = Rank(mark);
                if (rank == Starter)
                {
                    Flush();
                    Append(mark);
                }
                else
                {
                    byRank[rank].Add(mark);
                }
            }

            Flush();

            void Flush()
            {
                foreach (List<Rune> equals in byRank)
                {
                    foreach (Rune mark in equals)
                    {
                        Append(mark);
                    }

                    equals.Clear();
                }
            }

            void Append(Rune mark)
            {
                Span<char> chars = stackalloc char[2];
                destination.Append(chars[..mark.EncodeToUtf16(chars)]);
            }
        }

        int Rank(Rune mark)
        {
            if (!_ranks.TryGetValue(mark, out int rank))
            {
                rank = _classOf[mark] is { } member ? _members.IndexOf(member) : Starter;
                _ranks.Add(mark, rank);
            }

            return rank;
        }

        Rune[] Decompose(Rune value)
        {
            if (!_decompositions.TryGetValue(value, out Rune[]? parts))
            {
                parts = [.. value.ToString().Normalize(form).EnumerateRunes()];
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
                _ranks.Clear();
            }

            _classOf.Add(mark, _members[at]);
        }

        static bool Swap(Rune first, Rune second) => $"{first}{second}".Normalize(NormalizationForm.FormD) == $"{second}{first}";
    }
}
