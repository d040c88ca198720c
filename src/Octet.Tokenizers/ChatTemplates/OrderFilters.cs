namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Filters that order, group and pick by order.</summary>
static class OrderFilters
{
    internal static object? Sort(RenderState state, object? value, Bound bound)
    {
        bool caseSensitive = bound.Flag(state, 1);
        Func<object?, object?>[] selectors = bound.Or(2, null) is { } path && Text(state, path) is { } text
            ? [.. text.Split(',').Select(part => AttributePath.Selector(state, part))]
            : [AttributePath.Selector(state, bound.Or(2, null))];
        return Comparison.Sorted(state, Iteration.ToList(state, value), Keys, bound.Flag(state, 0));

        PythonTuple Keys(object? item)
        {
            state.Allocate((long)selectors.Length * Iteration.BytesPerElement);
            return new PythonTuple([.. selectors.Select(select => Key(state, select(item), caseSensitive))]);
        }
    }

    internal static object? DictionarySort(RenderState state, object? value, Bound bound)
    {
        if (value is not PythonDictionary dictionary)
        {
            throw state.Error("AttributeError", $"'{PythonType.Name(value)}' object has no attribute 'items'");
        }

        int position = bound.Text(state, 1, "key") switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw state.Error("FilterArgumentError", "You can only sort by either \"key\" or \"value\""),
        };
        bool caseSensitive = bound.Flag(state, 0);
        return Comparison.Sorted(state, Iteration.ToList(state, DictionaryView.Pairs(dictionary)), pair => Key(state, ((PythonTuple)pair!).Items[position], caseSensitive), bound.Flag(state, 2));
    }

    internal static object? GroupBy(RenderState state, object? value, Bound bound)
    {
        bool caseSensitive = bound.Flag(state, 2);
        Func<object?, object?> select = AttributePath.Selector(state, bound.Or(0, null), bound.Or(1, null));
        List<object?> groups = [];
        object? last = null;
        List<object?> members = [];
        foreach (object? item in Comparison.Sorted(state, Iteration.ToList(state, value), item => Key(state, select(item), caseSensitive), reverse: false))
        {
            object? key = Key(state, select(item), caseSensitive);
            if (groups.Count == 0 || !Comparison.Equal(state, key, last))
            {
                members = [];
                groups.Add(new PythonTuple([select(item), members], "grouper", "list"));
                last = key;
            }

            members.Add(item);
        }

        return groups;
    }

    internal static object? Extreme(RenderState state, object? value, Bound bound, int sign)
    {
        bool caseSensitive = bound.Flag(state, 0);
        Func<object?, object?> select = AttributePath.Selector(state, bound.Or(1, null));
        object? best = null;
        object? bestKey = null;
        bool any = false;
        foreach (object? item in Iteration.Of(state, value))
        {
            object? key = Key(state, select(item), caseSensitive);
            if (!any || Comparison.Compare(state, key, bestKey, sign > 0 ? ">" : "<") * sign > 0)
            {
                (best, bestKey) = (item, key);
            }

            any = true;
        }

        return any ? best : Undefined.Of("No aggregated item, sequence was empty.");
    }

    internal static object? Unique(RenderState state, object? value, Bound bound)
    {
        bool caseSensitive = bound.Flag(state, 0);
        Func<object?, object?> select = AttributePath.Selector(state, bound.Or(1, null));
        return new PythonIterator(state, Distinct());

        IEnumerable<object?> Distinct()
        {
            PythonDictionary seen = new();
            foreach (object? item in Iteration.Of(state, value))
            {
                object? key = Key(state, select(item), caseSensitive);
                if (!seen.TryGet(state, key, out _))
                {
                    seen.Set(state, key, null);
                    yield return item;
                }
            }
        }
    }

    static string? Text(RenderState state, object? path)
    {
        state.ChargeCharacters(PythonType.TextLength(path));
        return PythonType.TextOrNull(path);
    }

    static object? Key(RenderState state, object? value, bool caseSensitive) => caseSensitive ? value : AttributePath.Folded(state, value);
}
