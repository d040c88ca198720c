namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The arguments of a call as parsed: <c>f(a, *b, c=d, **e)</c>.</summary>
sealed class ArgumentList(List<Expression> positional, List<(string Name, Expression Value)> named, Expression? extraPositional, Expression? extraNamed)
{
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
            values.AddRange(Iteration.Of(state, extraPositional.Value(scope, state)));
        }

        List<KeyValuePair<string, object?>> pairs = new(named.Count);
        foreach ((string name, Expression value) in named)
        {
            Add(state, pairs, name, value.Value(scope, state));
        }

        if (extraNamed is not null)
        {
            if (extraNamed.Value(scope, state) is not PythonDictionary more)
            {
                throw state.TypeError("argument after ** must be a mapping");
            }

            foreach ((object? key, object? value) in more)
            {
                Add(state, pairs, PythonType.TextOrNull(key) ?? throw state.TypeError("keywords must be strings"), value);
            }
        }

        return new Arguments([.. values], [.. pairs]);
    }

    static void Add(RenderState state, List<KeyValuePair<string, object?>> pairs, string name, object? value)
    {
        state.Charge(1 + pairs.Count);
        foreach ((string given, _) in pairs)
        {
            if (given == name)
            {
                throw state.TypeError($"got multiple values for keyword argument '{name}'");
            }
        }

        pairs.Add(new(name, value));
    }
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

/// <summary><c>value | name(arguments)</c>; without a value, the body of a <c>filter</c> or <c>set</c> block takes its place.</summary>
sealed class FilterCall(Expression? value, string name, ArgumentList arguments, int line) : Expression
{
    internal override object? Evaluate(Scope scope, RenderState state) => Run(scope, state, value!.Value(scope, state));

    /// <summary>The chain of filters with <paramref name="body"/> as the first one's value.</summary>
    internal object? Apply(Scope scope, RenderState state, object? body) =>
        Run(scope, state, value is FilterCall inner ? inner.Apply(scope, state, body) : body);

    object? Run(Scope scope, RenderState state, object? input)
    {
        state.EnsureStack();
        Arguments given = arguments.Evaluate(scope, state);
        state.Line = line;
        return Filters.Apply(state, name, input, given);
    }
}

/// <summary><c>value is name(arguments)</c>.</summary>
sealed class TestCall(Expression value, string name, ArgumentList arguments, int line) : Expression
{
    internal override object? Evaluate(Scope scope, RenderState state)
    {
        object? input = value.Value(scope, state);
        Arguments given = arguments.Evaluate(scope, state);
        state.Line = line;
        return Tests.Holds(state, name, input, given);
    }
}
