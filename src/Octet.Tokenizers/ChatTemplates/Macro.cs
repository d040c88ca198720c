namespace Octet.Tokenizers.ChatTemplates;

/// <summary>A macro's parameters and which of jinja2's three special names its body uses; only those may be given beyond the parameters.</summary>
sealed class Signature(List<string> names, List<Expression> defaults, SpecialNames uses)
{
    readonly Dictionary<string, int> _positions = names.Select(static (name, index) => KeyValuePair.Create(name, index)).ToDictionary(StringComparer.Ordinal);

    internal List<string> Names { get; } = names;

    /// <summary>The names as templates see them.</summary>
    internal PythonTuple Arguments { get; } = new([.. names]);

    internal List<Expression> Defaults { get; } = defaults;

    internal bool UsesVarargs => uses.HasFlag(SpecialNames.Varargs) && Find("varargs") < 0;

    internal bool UsesKwargs => uses.HasFlag(SpecialNames.Kwargs) && Find("kwargs") < 0;

    internal bool UsesCaller => uses.HasFlag(SpecialNames.Caller);

    /// <summary>The position of a parameter, or −1.</summary>
    internal int Find(string name) => _positions.TryGetValue(name, out int at) ? at : -1;
}

[Flags]
enum SpecialNames
{
    None = 0,
    Caller = 1,
    Varargs = 2,
    Kwargs = 4,
}

/// <summary>A macro with the scope it was defined in.</summary>
sealed class Macro(string name, Signature signature, Block body, Scope definedIn) : Callable
{
    internal string Name { get; } = name;

    internal bool TryGet(string attribute, out object? value)
    {
        value = attribute switch
        {
            "name" => Name,
            "arguments" => signature.Arguments,
            "catch_kwargs" => signature.UsesKwargs,
            "catch_varargs" => signature.UsesVarargs,
            "caller" => signature.UsesCaller,
            _ => Bound.Absent,
        };
        return !ReferenceEquals(value, Bound.Absent);
    }

    internal override object? Call(RenderState state, Arguments arguments)
    {
        state.Enter();
        int line = state.Line;
        Scope scope = new(definedIn);
        List<string> names = signature.Names;
        if (arguments.Positional.Length > names.Count && !signature.UsesVarargs)
        {
            throw state.TypeError($"macro {PythonText.Quote(Name)} takes not more than {names.Count} argument(s)");
        }

        PythonDictionary extra = Extra(state, arguments);
        state.Charge(names.Count);
        for (int index = 0; index < names.Count; index++)
        {
            scope.Set(names[index], Given(scope, state, arguments, index));
        }

        if (signature.UsesCaller && signature.Find("caller") < 0)
        {
            scope.Set("caller", arguments.TryNamed("caller", out object? caller) ? caller : Undefined.Of("No caller defined"));
        }

        if (signature.UsesKwargs)
        {
            scope.Set("kwargs", extra);
        }

        if (signature.UsesVarargs)
        {
            scope.Set("varargs", new PythonTuple(arguments.Positional.Length > names.Count ? arguments.Positional[names.Count..] : []));
        }

        string output = state.Capture(body, scope);
        state.Line = line;
        state.Leave();
        return output;
    }

    object? Given(Scope scope, RenderState state, Arguments arguments, int index)
    {
        string name = signature.Names[index];
        if (index < arguments.Positional.Length)
        {
            return arguments.Positional[index];
        }

        if (arguments.TryNamed(name, out object? value))
        {
            return value;
        }

        int optional = index - (signature.Names.Count - signature.Defaults.Count);
        return optional >= 0
            ? signature.Defaults[optional].Value(scope, state)
            : Undefined.Of($"parameter '{name}' was not provided");
    }

    PythonDictionary Extra(RenderState state, Arguments arguments)
    {
        PythonDictionary extra = new();
        foreach ((string key, object? value) in arguments.Named)
        {
            int at = signature.Find(key);
            if (at >= 0 && at < arguments.Positional.Length)
            {
                throw state.TypeError($"macro {PythonText.Quote(Name)} got multiple values for argument {PythonText.Quote(key)}");
            }

            if (at >= 0 || (key == "caller" && signature.UsesCaller))
            {
                continue;
            }

            if (!signature.UsesKwargs)
            {
                throw state.TypeError(key == "caller"
                    ? $"macro {PythonText.Quote(Name)} was invoked with a call block but does not use 'caller'"
                    : $"macro {PythonText.Quote(Name)} takes no keyword argument {PythonText.QuoteShort(key)}");
            }

            extra.Set(state, key, value);
        }

        return extra;
    }
}
