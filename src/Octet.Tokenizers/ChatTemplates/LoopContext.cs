namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The variable <c>loop</c>. It looks ahead only where a template asks for it, so that a loop's filter sees what its body set.</summary>
sealed class LoopContext(RenderState running, IEnumerable<object?> items, int? length, int depth, Callable? recurse) : Callable
{
    readonly IEnumerator<object?> _items = items.GetEnumerator();

    /// <summary>The elements that were looked at before their turn: seldom any, mostly one, and all where the length was asked for.</summary>
    Queue<object?>? _ahead;
    object?[]? _changed;
    int? _length = length;
    object? _previous;
    object? _current;

    internal int Index0 { get; private set; } = -1;

    internal bool Advance(out object? item)
    {
        if (_ahead is { Count: > 0 })
        {
            item = _ahead.Dequeue();
        }
        else if (MoveNext())
        {
            item = _items.Current;
        }
        else
        {
            item = null;
            return false;
        }

        _previous = _current;
        _current = item;
        Index0++;
        return true;
    }

    internal IEnumerable<object?> Rest()
    {
        while (Advance(out object? item))
        {
            yield return new PythonTuple([item, this]);
        }
    }

    internal int Length(RenderState state)
    {
        if (_length is null)
        {
            _ahead ??= new();
            while (MoveNext())
            {
                state.Charge();
                state.Allocate(Iteration.BytesPerElement);
                _ahead.Enqueue(_items.Current);
            }

            _length = Index0 + 1 + _ahead.Count;
        }

        return _length.Value;
    }

    internal override object? Call(RenderState state, Arguments arguments) => recurse is null
        ? throw state.TypeError("The loop must have the 'recursive' marker to be called recursively.")
        : recurse.Call(state, arguments);

    internal bool TryGet(RenderState state, string name, out object? value)
    {
        value = name switch
        {
            "index" => Index0 + 1L,
            "index0" => (long)Index0,
            "revindex" => (long)Length(state) - Index0,
            "revindex0" => (long)Length(state) - Index0 - 1,
            "first" => Index0 == 0,
            "last" => !Peek(),
            "length" => (long)Length(state),
            "depth" => depth + 1L,
            "depth0" => (long)depth,
            "previtem" => Index0 == 0 ? Undefined.Of("there is no previous item") : _previous,
            "nextitem" => Peek() ? _ahead!.Peek() : Undefined.Of("there is no next item"),
            "cycle" => new BuiltIn("cycle", Cycle),
            "changed" => new BuiltIn("changed", Changed),
            _ => Bound.Absent,
        };
        return !ReferenceEquals(value, Bound.Absent);
    }

    bool Peek()
    {
        if (_ahead is { Count: > 0 })
        {
            return true;
        }

        if (!MoveNext())
        {
            return false;
        }

        (_ahead ??= new(1)).Enqueue(_items.Current);
        return true;
    }

    bool MoveNext()
    {
        running.EnsureStack();
        return _items.MoveNext();
    }

    object? Cycle(RenderState state, Arguments arguments) => arguments.Positional.Length == 0
        ? throw state.TypeError("no items for cycling given")
        : arguments.Positional[Index0 % arguments.Positional.Length];

    object? Changed(RenderState state, Arguments arguments)
    {
        bool same = _changed is not null && Comparison.Equal(state, new PythonTuple(_changed), new PythonTuple(arguments.Positional));
        _changed = arguments.Positional;
        return !same;
    }
}
