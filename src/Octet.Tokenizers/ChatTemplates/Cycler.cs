namespace Octet.Tokenizers.ChatTemplates;

/// <summary><c>cycler(a, b)</c>: <c>next()</c> gives its items in turn, for ever.</summary>
sealed class Cycler(object?[] items)
{
    int _at;

    internal bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "next" => new BuiltIn("next", (_, _) => items[_at++ % items.Length]),
            "current" => items[_at % items.Length],
            "reset" => new BuiltIn("reset", (_, _) =>
            {
                _at = 0;
                return null;
            }),
            "items" => new PythonTuple(items),
            "pos" => (long)(_at % items.Length),
            _ => Bound.Absent,
        };
        return !ReferenceEquals(value, Bound.Absent);
    }
}

/// <summary><c>joiner(separator)</c>: nothing the first time it is called, its separator after.</summary>
sealed class Joiner(object? separator) : Callable
{
    bool _used;

    internal override object? Call(RenderState state, Arguments arguments)
    {
        bool first = !_used;
        _used = true;
        return first ? "" : separator;
    }
}
