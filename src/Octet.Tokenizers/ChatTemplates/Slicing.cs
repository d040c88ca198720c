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

        if (value is LoopContext or Namespace or PythonDictionary || Count(state, value) is not { } count || value is DictionaryView)
        {
            // Compiled to Python it is an error. What jinja2 evaluates by itself, an output of nothing but constants, is undefined.
            if (!state.IsConstant)
            {
                throw state.TypeError(value is PythonDictionary ? "unhashable type: 'slice'" : $"'{PythonType.Name(value)}' object is not subscriptable");
            }

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
        switch (value)
        {
            case List<object?> list:
                state.ChargeElements(length);
                List<object?> part = new(length);
                for (int index = 0; index < length; index++)
                {
                    part.Add(list[from + (index * every)]);
                }

                return part;
            case PythonTuple tuple:
                state.ChargeElements(length);
                object?[] items = new object?[length];
                for (int index = 0; index < length; index++)
                {
                    items[index] = tuple.Items[from + (index * every)];
                }

                return new PythonTuple(items);
            case PythonRange range:
                return range.Slice(from, to, every, length);
            default:
                ReadOnlySpan<char> text = PythonType.Characters(value);
                state.ChargeText(length);
                string sliced = every == 1 ? CodePoints.Slice(text, from, from + length).ToString() : Every(state, text, from, every, length);
                return value is Markup ? new Markup(sliced) : sliced;
        }
    }

    static int? Count(RenderState state, object? value)
    {
        state.ChargeScan(PythonType.TextLength(value));
        return Iteration.LengthOrNull(value);
    }

    static string Every(RenderState state, ReadOnlySpan<char> text, int from, int every, int length)
    {
        state.ChargeCharacters(length);
        int[]? starts = CodePoints.HasSurrogates(text) ? CodePoints.Starts(state, text) : null;
        StringBuilder into = new(length);
        for (int index = 0; index < length; index++)
        {
            int at = from + (index * every);
            _ = starts is null ? into.Append(text[at]) : into.Append(text[starts[at]..starts[at + 1]]);
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
