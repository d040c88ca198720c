namespace Octet.Tokenizers.ChatTemplates;

/// <summary>jinja2's two ways to reach into a value: <c>a.b</c> asks for an attribute first, <c>a['b']</c> for an element first.</summary>
static class Attributes
{
    static readonly HashSet<string> s_mutators = new(StringComparer.Ordinal)
    {
        "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove", "popitem", "setdefault", "update",
    };

    /// <summary>A method bound to its object.</summary>
    const int BytesPerMethod = 150;

    internal static object? Get(RenderState state, object? of, string name)
    {
        if (of is Undefined undefined)
        {
            throw state.Use(undefined);
        }

        if (TryAttribute(state, of, name, out object? value))
        {
            return value;
        }

        return TryElement(state, of, name, out value) ? value : Undefined.OfAttribute(of, name);
    }

    internal static object? GetItem(RenderState state, object? of, object? index)
    {
        if (of is Undefined undefined)
        {
            throw state.Use(undefined);
        }

        if (TryElement(state, of, index, out object? value))
        {
            return value;
        }

        return PythonType.TextOrNull(index) is { } name && TryAttribute(state, of, name, out value) ? value : Undefined.OfElement(state, of, index);
    }

    /// <summary>The attribute alone, as the filter <c>attr</c> asks for it.</summary>
    internal static bool TryAttribute(RenderState state, object? of, string name, out object? value)
    {
        value = null;
        state.ChargeCharacters(name.Length);
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal))
        {
            value = Undefined.Unsafe(of, name);
            return true;
        }

        switch (of)
        {
            case Namespace ns:
                return ns.Attributes.TryGetValue(name, out value);
            case LoopContext loop:
                return loop.TryGet(state, name, out value) && Pay(state, value);
            case Cycler cycler:
                return cycler.TryGet(name, out value) && Pay(state, value);
            case Macro macro:
                return macro.TryGet(name, out value);
            case PythonTuple tuple when Array.IndexOf(tuple.Names, name) is >= 0 and int at:
                value = tuple.Items[at];
                return true;
        }

        Dictionary<string, Operation>? methods = of switch
        {
            _ when PythonType.IsText(of) => StringMethods.Table,
            PythonDictionary => SequenceMethods.Dictionary,
            List<object?> or PythonTuple => SequenceMethods.List,
            _ => null,
        };
        if (methods is not null && methods.TryGetValue(name, out Operation? method))
        {
            value = new BuiltIn(name, (running, arguments) => method.Invoke(running, name, of, arguments));
            return Pay(state, value);
        }

        if ((of is List<object?> && s_mutators.Contains(name)) || (of is PythonDictionary && name is "clear" or "pop" or "popitem" or "setdefault" or "update"))
        {
            value = Undefined.Unsafe(of, name);
            return true;
        }

        return false;
    }

    /// <summary>Accounts for a method that was made for whoever asked.</summary>
    static bool Pay(RenderState state, object? attribute)
    {
        if (attribute is BuiltIn)
        {
            state.Charge(2);
            state.Allocate(BytesPerMethod);
        }

        return true;
    }

    /// <summary>The element alone, as Python's <c>of[index]</c> asks for it.</summary>
    internal static bool TryElement(RenderState state, object? of, object? index, out object? value)
    {
        value = null;
        if (of is PythonDictionary dictionary)
        {
            return index is not (List<object?> or PythonDictionary) && dictionary.TryGet(state, index, out value);
        }

        if (!PythonType.IsInteger(index))
        {
            return false;
        }

        int at = PythonType.ToIndex(state, index);
        switch (of)
        {
            case List<object?> list when Within(ref at, list.Count):
                value = list[at];
                return true;
            case PythonTuple tuple when Within(ref at, tuple.Items.Length):
                value = tuple.Items[at];
                return true;
            case PythonRange range when Within(ref at, range.Count):
                value = range[at];
                return true;
            case string or Rope or Markup:
                string? point = CodePoints.At(state, PythonType.Characters(of), at);
                value = point is not null && of is Markup ? new Markup(point) : point;
                return value is not null;
            default:
                return false;
        }
    }

    static bool Within(ref int index, int count)
    {
        index += index < 0 ? count : 0;
        return (uint)index < (uint)count;
    }
}
