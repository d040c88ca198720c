namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Filters that take sequences apart and put them together.</summary>
static class SequenceFilters
{
    internal static object? GetAttribute(RenderState state, object? value, Bound bound)
    {
        string name = bound.Text(state, 0);
        return value is Undefined undefined
            ? throw state.Use(undefined)
            : Attributes.TryAttribute(state, value, name, out object? found) ? found : Undefined.OfAttribute(value, name);
    }

    internal static object? Batch(RenderState state, object? value, Bound bound)
    {
        int size = bound.Integer(state, 0, 1);
        return new PythonIterator(state, Batches());

        IEnumerable<object?> Batches()
        {
            List<object?> batch = [];
            foreach (object? item in Iteration.Of(state, value))
            {
                if (batch.Count == size)
                {
                    state.Charge(8);
                    yield return batch;
                    batch = [];
                }

                state.Allocate(Iteration.BytesPerElement);
                batch.Add(item);
            }

            if (batch.Count > 0)
            {
                if (bound.Or(1, null) is { } fill && batch.Count < size)
                {
                    state.ChargeElements(size);
                    batch.AddRange(Enumerable.Repeat<object?>(fill, size - batch.Count));
                }

                yield return batch;
            }
        }
    }

    internal static object? Default(RenderState state, object? value, Bound bound) =>
        value is Undefined || (bound.Flag(state, 1) && !PythonType.Truth(state, value)) ? bound.Or(0, "") : value;

    internal static object? First(RenderState state, object? value, Bound bound)
    {
        foreach (object? item in Iteration.Of(state, value))
        {
            return item;
        }

        return Undefined.Of("No first item, sequence was empty.");
    }

    internal static object? Last(RenderState state, object? value, Bound bound)
    {
        switch (value)
        {
            case List<object?> list when list.Count > 0:
                return list[^1];
            case PythonTuple tuple when tuple.Items.Length > 0:
                return tuple.Items[^1];
            case string or Rope or Markup when PythonType.TextLength(value) > 0:
                string point = CodePoints.At(state, PythonType.Characters(value), -1)!;
                return value is Markup ? new Markup(point) : point;
        }

        foreach (object? item in Iteration.Reversed(state, value))
        {
            return item;
        }

        return Undefined.Of("No last item, sequence was empty.");
    }

    internal static object? Pairs(RenderState state, object? value, Bound bound) => value switch
    {
        Undefined => new PythonIterator(state, []),
        PythonDictionary dictionary => new PythonIterator(state, DictionaryView.Pairs(dictionary).Items),
        _ => throw state.TypeError("Can only get item pairs from a mapping."),
    };

    internal static object? Join(RenderState state, object? value, Bound bound)
    {
        Func<object?, object?> select = AttributePath.Selector(state, bound.Or(1, null));
        string separator = bound.Text(state, 0);
        List<string> texts = [];
        long length = 0;
        foreach (object? item in Iteration.Of(state, value))
        {
            string text = PythonText.Str(state, select(item));
            state.Allocate(Iteration.BytesPerElement);
            texts.Add(text);
            length += text.Length + separator.Length;
            state.RequireLength(length - separator.Length);
        }

        state.ChargeText(Math.Max(0, length - separator.Length));
        return string.Join(separator, texts);
    }

    internal static object? Reverse(RenderState state, object? value, Bound bound)
    {
        if (PythonType.TextOrNull(value) is { } text)
        {
            state.ChargeText(text.Length);
            state.ChargeCharacters(text.Length);
            return value is Markup ? new Markup(CodePoints.Reverse(text)) : CodePoints.Reverse(text);
        }

        if (value is not PythonIterator && !Iteration.Can(value))
        {
            throw state.Error("FilterArgumentError", "argument must be iterable");
        }

        List<object?> items = Iteration.ToList(state, value);
        items.Reverse();
        return value is PythonIterator ? items : new PythonIterator(state, items);
    }

    internal static object? Slices(RenderState state, object? value, Bound bound)
    {
        int slices = bound.Integer(state, 0, 1);
        List<object?> items = Iteration.ToList(state, value);
        if (slices <= 0)
        {
            return slices == 0 ? throw state.Error("ZeroDivisionError", "integer division or modulo by zero") : new PythonIterator(state, []);
        }

        return new PythonIterator(state, Parts());

        IEnumerable<object?> Parts()
        {
            int each = items.Count / slices;
            int longer = items.Count % slices;
            int at = 0;
            for (int index = 0; index < slices; index++)
            {
                state.Charge(8);
                int count = each + (index < longer ? 1 : 0);
                state.ChargeElements(count + 1);
                List<object?> part = items.GetRange(at, count);
                at += count;
                if (index >= longer && bound.Or(1, null) is { } fill)
                {
                    part.Add(fill);
                }

                yield return part;
            }
        }
    }
}
