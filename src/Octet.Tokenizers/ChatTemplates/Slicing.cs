using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>value[start:stop:step]</c>.</summary>
static class Slicing
{
    internal static object? Take(RenderState state, object? value, object? start, object? stop, object? step)
    {
        if (value is Undefined undefined)
        {
            throw state.Use(undefined);
        }

        if (value is PythonDictionary)
        {
            throw state.TypeError("unhashable type: 'slice'");
        }

        if (value is LoopContext or Namespace || Iteration.LengthOrNull(value) is not { } count || value is DictionaryView)
        {
            return Undefined.Of($"{PythonType.Describe(value)} has no element slice({Part(state, start)}, {Part(state, stop)}, {Part(state, step)})");
        }

        int every = step is null ? 1 : Index(state, step);
        if (every == 0)
        {
            throw state.ValueError("slice step cannot be zero");
        }

        int from = Bound(state, start, count, every, first: true);
        int to = Bound(state, stop, count, every, first: false);
        int length = (int)Math.Max(0, every > 0 ? ((long)to - from + every - 1) / every : ((long)from - to - every - 1) / -(long)every);
        state.Charge(1 + length);
        switch (value)
        {
            case List<object?> list:
                List<object?> part = new(length);
                for (int index = 0; index < length; index++)
                {
                    part.Add(list[from + (index * every)]);
                }

                return part;
            case PythonTuple tuple:
                object?[] items = new object?[length];
                for (int index = 0; index < length; index++)
                {
                    items[index] = tuple.Items[from + (index * every)];
                }

                return new PythonTuple(items);
            case PythonRange range:
                return range.Slice(from, every, length);
            default:
                string text = PythonType.TextOrNull(value)!;
                string sliced = every == 1 ? CodePoints.Slice(text, from, from + length) : Every(text, from, every, length);
                return value is Markup ? new Markup(sliced) : sliced;
        }
    }

    static string Every(string text, int from, int every, int length)
    {
        string[]? points = CodePoints.HasSurrogates(text) ? [.. CodePoints.Split(text)] : null;
        StringBuilder into = new(length);
        for (int index = 0; index < length; index++)
        {
            int at = from + (index * every);
            _ = points is null ? into.Append(text[at]) : into.Append(points[at]);
        }

        return into.ToString();
    }

    static int Bound(RenderState state, object? value, int count, int every, bool first)
    {
        if (value is null)
        {
            return first ? (every > 0 ? 0 : count - 1) : (every > 0 ? count : -1);
        }

        long index = Index(state, value);
        index += index < 0 ? count : 0;
        return (int)Math.Clamp(index, every > 0 ? 0 : -1, every > 0 ? count : count - 1);
    }

    static int Index(RenderState state, object? value) => PythonType.IsInteger(value)
        ? PythonType.ToIndex(state, value)
        : throw state.TypeError("slice indices must be integers or None or have an __index__ method");

    static string Part(RenderState state, object? value) => PythonText.Repr(state, value);
}
