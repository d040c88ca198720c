namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The names of a block: a loop's body, a macro, a <c>with</c>. What is set here ends with it; outer names are seen through it.</summary>
sealed class Scope(Scope? parent)
{
    Dictionary<string, object?>? _names;

    internal void Set(string name, object? value) => (_names ??= new(StringComparer.Ordinal))[name] = value;

    internal object? Get(string name)
    {
        for (Scope? at = this; at is not null; at = at.Parent)
        {
            if (at._names is { } names && names.TryGetValue(name, out object? value))
            {
                return value;
            }
        }

        return Globals.Table.TryGetValue(name, out Callable? global) ? global : Undefined.OfName(name);
    }

    Scope? Parent { get; } = parent;
}
