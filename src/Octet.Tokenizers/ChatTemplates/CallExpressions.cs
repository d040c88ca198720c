namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The arguments of a call as parsed: <c>f(a, *b, c=d, **e)</c>.</summary>
sealed class ArgumentList(List<Expression> positional, List<(string Name, Expression Value)> named, Expression? extraPositional, Expression? extraNamed)
{
    internal bool IsConstant => positional.TrueForAll(static value => value.IsConstant) && named.TrueForAll(static pair => pair.Value.IsConstant)
        && extraPositional is null or { IsConstant: true } && extraNamed is null or { IsConstant: true };

    internal static ArgumentList Empty { get; } = new([], [], null, null);

    internal Arguments Evaluate(Scope scope, RenderState state)
    {
        if (positional.Count == 0 && named.Count == 0 && extraPositional is null && extraNamed is null)
        {
            return Arguments.None;
        }

        List<object?> values = new(positional.Count);
        foreach (Expression argument in positional)
        {
            values.Add(argument.Value(scope, state));
        }

        if (extraPositional is not null)
        {
            foreach (object? argument in Iteration.Of(state, extraPositional.Value(scope, state)))
            {
                state.Allocate(Iteration.BytesPerElement);
                values.Add(argument);
            }
        }

        NamedArguments pairs = new(state, named.Count);
        foreach ((string name, Expression value) in named)
        {
            pairs.Add(name, value.Value(scope, state));
        }

        if (extraNamed is not null)
        {
            if (extraNamed.Value(scope, state) is not PythonDictionary more)
            {
                throw state.TypeError("argument after ** must be a mapping");
            }

            foreach ((object? key, object? value) in more)
            {
                pairs.Add(PythonType.TextOrNull(key) ?? throw state.TypeError("keywords must be strings"), value);
            }
        }

        return new Arguments([.. values], pairs.ToArray());
    }
}

/// <summary>Named arguments as they are given, each once.</summary>
sealed class NamedArguments(RenderState state, int capacity)
{
    readonly List<KeyValuePair<string, object?>> _pairs = new(capacity);
    readonly HashSet<string> _names = new(StringComparer.Ordinal);

    internal void Add(string name, object? value)
    {
        state.Charge(2);
        state.ChargeCharacters(name.Length);
        if (!_names.Add(name))
        {
            throw state.TypeError($"got multiple values for keyword argument {PythonText.QuoteShort(name)}");
        }

        _pairs.Add(new(name, value));
    }

    internal KeyValuePair<string, object?>[] ToArray() => [.. _pairs];
}

sealed class Call(Expression function, ArgumentList arguments, int line) : Expression
{
    internal override object? Evaluate(Scope scope, RenderState state) => Invoke(scope, state, null);

    /// <summary>Calls with the body of a <c>call</c> block as the argument <c>caller</c>.</summary>
    internal object? Invoke(Scope scope, RenderState state, Macro? caller)
    {
        object? target = function.Value(scope, state);
        Arguments given = arguments.Evaluate(scope, state);
        state.Line = line;
        if (caller is not null)
        {
            given = new Arguments(given.Positional, [.. given.Named, new("caller", caller)]);
        }

        return target switch
        {
            Callable callable => callable.Call(state, given),
            Undefined undefined => throw state.Use(undefined),
            _ => throw state.TypeError($"'{PythonType.Name(target)}' object is not callable"),
        };
    }
}

/// <summary>One filter of a chain, as parsed.</summary>
sealed record FilterCall(string Name, ArgumentList Arguments, int Line);

/// <summary><c>value | a(arguments) | b</c>; without a value, the body of a <c>filter</c> or <c>set</c> block takes its place.</summary>
sealed class FilterChain(Expression? value, List<FilterCall> filters) : Expression
{
    // jinja2 leaves filters that look at the template's names for later.
    internal override bool IsConstant => value is { IsConstant: true }
        && filters.TrueForAll(static filter => filter.Arguments.IsConstant && filter.Name is not ("map" or "select" or "reject" or "selectattr" or "rejectattr" or "random"));

    internal override object? Evaluate(Scope scope, RenderState state) => Apply(scope, state, value!.Value(scope, state));

    internal object? Apply(Scope scope, RenderState state, object? input)
    {
        foreach (FilterCall filter in filters)
        {
            state.Charge();
            Arguments given = filter.Arguments.Evaluate(scope, state);
            state.Line = filter.Line;
            input = Filters.Apply(state, filter.Name, input, given);
        }

        return input;
    }
}

/// <summary><c>value is name(arguments)</c>.</summary>
sealed class TestCall(Expression value, string name, ArgumentList arguments, int line) : Expression
{
    internal override bool IsConstant => value.IsConstant && arguments.IsConstant;

    internal override object? Evaluate(Scope scope, RenderState state)
    {
        object? input = value.Value(scope, state);
        Arguments given = arguments.Evaluate(scope, state);
        state.Line = line;
        return Tests.Holds(state, name, input, given);
    }
}
