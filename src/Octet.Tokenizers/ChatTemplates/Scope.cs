namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The names of a block: a loop's body, a macro, a <c>with</c>. What is set here ends with it; outer names are seen through it.</summary>
sealed class Scope(Scope? parent)
{
    /// <summary>A few names, as in nearly every scope, are found sooner one by one than by a table.</summary>
    const int MaxSearched = 8;

    readonly Scope? _parent = parent;
    readonly int _depth = parent is null ? 0 : parent._depth + 1;

    /// <summary>A step for every fourth scope that a name is looked for in.</summary>
    readonly int _passed = parent is null || parent._depth % 4 != 3 ? 0 : 1;

    (string Name, object? Value)[] _few = [];
    int _count;
    Dictionary<string, object?>? _many;

    internal void Set(string name, object? value)
    {
        if (_many is not null)
        {
            _many[name] = value;
            return;
        }

        int at = Find(name);
        if (at >= 0)
        {
            _few[at].Value = value;
            return;
        }

        if (_count == MaxSearched)
        {
            _many = _few.ToDictionary(static entry => entry.Name, static entry => entry.Value, StringComparer.Ordinal);
            _many[name] = value;
            return;
        }

        if (_count == _few.Length)
        {
            Array.Resize(ref _few, _count == 0 ? 2 : MaxSearched);
        }

        _few[_count++] = (name, value);
    }

    internal object? Get(RenderState state, string name)
    {
        for (Scope? at = this; at is not null; at = at._parent)
        {
            if (at.TryGet(name, out object? value))
            {
                return value;
            }

            state.Charge(at._passed);
        }

        return Globals.Table.TryGetValue(name, out Callable? global) ? global : Undefined.OfName(name);
    }

    bool TryGet(string name, out object? value)
    {
        if (_many is not null)
        {
            return _many.TryGetValue(name, out value);
        }

        int at = Find(name);
        value = at < 0 ? null : _few[at].Value;
        return at >= 0;
    }

    int Find(string name)
    {
        for (int at = 0; at < _count; at++)
        {
            if (_few[at].Name == name)
            {
                return at;
            }
        }

        return -1;
    }
}
