namespace Octet.Tokenizers.ChatTemplates;

/// <summary>A value that a template can call.</summary>
abstract class Callable
{
    internal abstract object? Call(RenderState state, Arguments arguments);
}

/// <summary>A function of the language: a global, or a method bound to its object.</summary>
sealed class BuiltIn(string name, Func<RenderState, Arguments, object?> body) : Callable
{
    internal string Name { get; } = name;

    internal override object? Call(RenderState state, Arguments arguments) => body(state, arguments);
}

/// <summary>The arguments of a call as written: positional, then named in order.</summary>
sealed class Arguments(object?[] positional, KeyValuePair<string, object?>[] named)
{
    /// <summary>More named arguments than this are looked up by a table.</summary>
    const int MaxSearched = 8;

    Dictionary<string, object?>? _byName;

    internal static Arguments None { get; } = new([], []);

    internal object?[] Positional { get; } = positional;

    internal KeyValuePair<string, object?>[] Named { get; } = named;

    /// <summary>The arguments without those before a position.</summary>
    internal Arguments From(RenderState state, int index)
    {
        state.ChargeElements(Positional.Length - index);
        return new(Positional[index..], Named);
    }

    internal bool TryNamed(string name, out object? value)
    {
        if (Named.Length > MaxSearched)
        {
            _byName ??= new(Named, StringComparer.Ordinal);
            return _byName.TryGetValue(name, out value);
        }

        foreach ((string key, object? given) in Named)
        {
            if (key == name)
            {
                value = given;
                return true;
            }
        }

        value = null;
        return false;
    }

    /// <summary>Puts each argument in the place of its parameter; the first <paramref name="required"/> parameters must be given.</summary>
    internal Bound Bind(RenderState state, string function, int required, string[] names)
    {
        if (Positional.Length > names.Length)
        {
            throw state.TypeError($"{function}() takes {(required == names.Length ? "" : "at most ")}{names.Length} arguments ({Positional.Length} given)");
        }

        object?[] values = new object?[names.Length];
        Array.Fill(values, Bound.Absent);
        Positional.CopyTo(values, 0);
        foreach ((string name, object? value) in Named)
        {
            int at = Array.IndexOf(names, name);
            if (at < 0)
            {
                throw state.TypeError($"{function}() got an unexpected keyword argument {PythonText.QuoteShort(name)}");
            }

            if (!ReferenceEquals(values[at], Bound.Absent))
            {
                throw state.TypeError($"{function}() got multiple values for argument '{name}'");
            }

            values[at] = value;
        }

        for (int index = 0; index < required; index++)
        {
            if (ReferenceEquals(values[index], Bound.Absent))
            {
                throw state.TypeError($"{function}() missing required argument '{names[index]}'");
            }
        }

        return new Bound(values, this);
    }
}

/// <summary>Arguments by the position of their parameters.</summary>
readonly struct Bound(object?[] values, Arguments all)
{
    internal static readonly object Absent = new();

    internal Arguments All { get; } = all;

    internal object? this[int index] => Has(index) ? values[index] : null;

    internal bool Has(int index) => !ReferenceEquals(values[index], Absent);

    internal object? Or(int index, object? otherwise) => Has(index) ? values[index] : otherwise;

    internal bool Flag(RenderState state, int index, bool otherwise = false) => Has(index) ? PythonType.Truth(state, values[index]) : otherwise;

    internal int Integer(RenderState state, int index, int otherwise) => Has(index) ? PythonType.ToIndex(state, values[index]) : otherwise;

    internal string Text(RenderState state, int index, string otherwise = "") => Has(index) ? PythonText.Str(state, values[index]) : otherwise;

    /// <summary>A parameter that Python takes only as a string.</summary>
    internal string StrictText(RenderState state, int index) => PythonType.TextOrNull(values[index])
        ?? throw (values[index] is Undefined undefined ? state.Use(undefined) : state.TypeError($"must be str, not {PythonType.Name(values[index])}"));
}

/// <summary>An entry of the tables of filters, tests and methods: what the value or receiver and the bound arguments give.</summary>
/// <param name="Body">The function.</param>
/// <param name="Required">How many of the parameters must be given.</param>
/// <param name="Names">The parameters; <see langword="null"/> leaves the arguments as they are written.</param>
sealed record Operation(Func<RenderState, object?, Bound, object?> Body, int Required = 0, string[]? Names = null)
{
    internal object? Invoke(RenderState state, string name, object? value, Arguments arguments)
    {
        state.Charge();
        return Body(state, value, Names is null ? new Bound([], arguments) : arguments.Bind(state, name, Required, Names));
    }
}
