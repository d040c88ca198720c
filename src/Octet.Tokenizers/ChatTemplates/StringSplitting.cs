namespace Octet.Tokenizers.ChatTemplates;

/// <summary><c>str.split</c>, <c>rsplit</c>, <c>partition</c> and <c>rpartition</c>.</summary>
static class StringSplitting
{
    internal static List<object?> Split(RenderState state, string text, object? separator, int limit, bool fromEnd)
    {
        List<object?> parts = [];
        if (separator is null)
        {
            SplitWords(state, parts, text, limit, fromEnd);
            return parts;
        }

        string by = PythonType.TextOrNull(separator)
            ?? throw (separator is Undefined undefined ? state.Use(undefined) : state.TypeError($"must be str or None, not {PythonType.Name(separator)}"));
        if (by.Length == 0)
        {
            throw state.ValueError("empty separator");
        }

        int start = 0;
        int end = text.Length;
        TextSearch search = new(state, by, backward: fromEnd);
        while (limit-- != 0)
        {
            int at = search.Find(state, text.AsSpan(start, end - start));
            if (at < 0)
            {
                break;
            }

            at += start;
            state.Charge(2);
            string part = fromEnd ? text[(at + by.Length)..end] : text[start..at];
            state.Allocate(Iteration.BytesOf(part.Length));
            parts.Add(part);
            (start, end) = fromEnd ? (start, at) : (at + by.Length, end);
        }

        state.Allocate(Iteration.BytesOf(end - start));
        parts.Add(text[start..end]);
        if (fromEnd)
        {
            parts.Reverse();
        }

        return parts;
    }

    internal static PythonTuple Partition(RenderState state, string text, string separator, bool last)
    {
        if (separator.Length == 0)
        {
            throw state.ValueError("empty separator");
        }

        int at = new TextSearch(state, separator, backward: last).Find(state, text);
        if (at < 0)
        {
            return new PythonTuple(last ? ["", "", text] : [text, "", ""]);
        }

        state.ChargeText(text.Length - separator.Length);
        return new PythonTuple([text[..at], separator, text[(at + separator.Length)..]]);
    }

    static void SplitWords(RenderState state, List<object?> parts, string text, int limit, bool fromEnd)
    {
        if (limit < 0)
        {
            foreach (string word in CodePoints.Words(text))
            {
                state.Charge(2);
                state.Allocate(Iteration.BytesOf(word.Length));
                parts.Add(word);
            }

            return;
        }

        ReadOnlySpan<char> rest = CodePoints.Trim(text.AsSpan(), start: !fromEnd, end: fromEnd);
        while (rest.Length > 0)
        {
            int at = fromEnd ? rest.Length : 0;
            while (fromEnd ? at > 0 && !CodePoints.IsSpace(rest[at - 1]) : at < rest.Length && !CodePoints.IsSpace(rest[at]))
            {
                at += fromEnd ? -1 : 1;
            }

            if (limit-- == 0)
            {
                state.Allocate(Iteration.BytesOf(rest.Length));
                parts.Add(rest.ToString());
                break;
            }

            state.Charge(2);
            ReadOnlySpan<char> word = fromEnd ? rest[at..] : rest[..at];
            state.Allocate(Iteration.BytesOf(word.Length));
            parts.Add(word.ToString());
            rest = CodePoints.Trim(fromEnd ? rest[..at] : rest[at..], start: !fromEnd, end: fromEnd);
        }

        if (fromEnd)
        {
            parts.Reverse();
        }
    }
}
