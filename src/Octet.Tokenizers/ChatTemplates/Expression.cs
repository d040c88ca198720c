namespace Octet.Tokenizers.ChatTemplates;

/// <summary>A node that has a value.</summary>
abstract class Expression
{
    /// <summary>Whether jinja2 evaluates it when it compiles a template: there are constants in it, and nothing else but what they are put together with.</summary>
    internal virtual bool IsConstant => false;

    internal abstract object? Evaluate(Scope scope, RenderState state);

    /// <summary>Evaluates a part, accounting for the step and the stack.</summary>
    internal object? Value(Scope scope, RenderState state)
    {
        state.Charge();
        state.EnsureStack();
        return Evaluate(scope, state);
    }
}

sealed class Literal(object? value) : Expression
{
    internal override bool IsConstant => true;

    internal object? Constant { get; } = value;

    internal override object? Evaluate(Scope scope, RenderState state) => Constant;
}

sealed class Name(string identifier) : Expression
{
    internal string Identifier { get; } = identifier;

    internal override object? Evaluate(Scope scope, RenderState state) => scope.Get(state, Identifier);
}

sealed class ListLiteral(List<Expression> items) : Expression
{
    internal override bool IsConstant => items.TrueForAll(static item => item.IsConstant);

    internal override object? Evaluate(Scope scope, RenderState state)
    {
        List<object?> values = new(items.Count);
        foreach (Expression item in items)
        {
            values.Add(item.Value(scope, state));
        }

        return values;
    }
}

sealed class TupleLiteral(List<Expression> items) : Expression
{
    internal override bool IsConstant => Items.TrueForAll(static item => item.IsConstant);

    internal List<Expression> Items { get; } = items;

    internal override object? Evaluate(Scope scope, RenderState state)
    {
        object?[] values = new object?[Items.Count];
        for (int index = 0; index < values.Length; index++)
        {
            values[index] = Items[index].Value(scope, state);
        }

        return new PythonTuple(values);
    }
}

sealed class DictionaryLiteral(List<(Expression Key, Expression Value)> pairs) : Expression
{
    internal override bool IsConstant => pairs.TrueForAll(static pair => pair.Key.IsConstant && pair.Value.IsConstant);

    internal override object? Evaluate(Scope scope, RenderState state)
    {
        PythonDictionary dictionary = new();
        foreach ((Expression key, Expression value) in pairs)
        {
            dictionary.Set(state, key.Value(scope, state), value.Value(scope, state));
        }

        return dictionary;
    }
}

/// <summary><c>then if condition else otherwise</c>; without an else, an undefined value.</summary>
sealed class Conditional(Expression condition, Expression then, Expression? otherwise, int line) : Expression
{
    internal override bool IsConstant => condition.IsConstant && then.IsConstant && otherwise is { IsConstant: true };

    internal override object? Evaluate(Scope scope, RenderState state)
    {
        if (PythonType.Truth(state, condition.Value(scope, state)))
        {
            return then.Value(scope, state);
        }

        return otherwise is null
            ? Undefined.Of($"the inline if-expression on line {line} evaluated to false and no else section was defined.")
            : otherwise.Value(scope, state);
    }
}

/// <summary><c>and</c> and <c>or</c>: the deciding operand itself is the value.</summary>
sealed class Logical(bool and, Expression left, Expression right) : Expression
{
    internal override bool IsConstant => left.IsConstant && right.IsConstant;

    internal override object? Evaluate(Scope scope, RenderState state)
    {
        object? value = left.Value(scope, state);
        return PythonType.Truth(state, value) == and ? right.Value(scope, state) : value;
    }
}

sealed class Not(Expression operand) : Expression
{
    internal override bool IsConstant => operand.IsConstant;

    internal override object? Evaluate(Scope scope, RenderState state) => !PythonType.Truth(state, operand.Value(scope, state));
}

sealed class Sign(bool negative, Expression operand) : Expression
{
    internal override bool IsConstant => operand.IsConstant;

    internal override object? Evaluate(Scope scope, RenderState state) => Arithmetic.Negate(state, operand.Value(scope, state), negative);
}

sealed class Binary(string symbol, Expression left, Expression right) : Expression
{
    internal override bool IsConstant => left.IsConstant && right.IsConstant;

    internal override object? Evaluate(Scope scope, RenderState state) =>
        Arithmetic.Apply(state, symbol, left.Value(scope, state), right.Value(scope, state));
}

/// <summary><c>a ~ b ~ c</c>: the texts in a row.</summary>
sealed class Concatenation(List<Expression> parts) : Expression
{
    internal override bool IsConstant => parts.TrueForAll(static part => part.IsConstant);

    internal override object? Evaluate(Scope scope, RenderState state)
    {
        object[] texts = new object[parts.Count];
        for (int index = 0; index < texts.Length; index++)
        {
            object? value = parts[index].Value(scope, state);
            texts[index] = value is Rope ? value : PythonText.Str(state, value);
        }

        return Rope.Concat(state, texts);
    }
}

/// <summary>A chain of comparisons: <c>a &lt; b &lt;= c</c> compares neighbours and stops at the first that fails.</summary>
sealed class Comparisons(Expression first, List<(string Symbol, Expression Operand)> rest) : Expression
{
    internal override bool IsConstant => first.IsConstant && rest.TrueForAll(static next => next.Operand.IsConstant);

    internal override object? Evaluate(Scope scope, RenderState state)
    {
        object? left = first.Value(scope, state);
        foreach ((string symbol, Expression operand) in rest)
        {
            object? right = operand.Value(scope, state);
            if (!Holds(state, symbol, left, right))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    internal static bool Holds(RenderState state, string symbol, object? left, object? right) => symbol switch
    {
        "==" => Comparison.Equal(state, left, right),
        "!=" => !Comparison.Equal(state, left, right),
        "<" => Comparison.Compare(state, left, right, symbol) < 0,
        "<=" => Comparison.Compare(state, left, right, symbol) <= 0,
        ">" => Comparison.Compare(state, left, right, symbol) > 0,
        ">=" => Comparison.Compare(state, left, right, symbol) >= 0,
        "in" => Comparison.Contains(state, right, left),
        _ => !Comparison.Contains(state, right, left),
    };
}

sealed class Attribute(Expression of, string name) : Expression
{
    internal override bool IsConstant => of.IsConstant;

    internal override object? Evaluate(Scope scope, RenderState state) => Attributes.Get(state, of.Value(scope, state), name);
}

sealed class Element(Expression of, Expression index) : Expression
{
    internal override bool IsConstant => of.IsConstant && index.IsConstant;

    internal override object? Evaluate(Scope scope, RenderState state) =>
        Attributes.GetItem(state, of.Value(scope, state), index.Value(scope, state));
}

sealed class Slice(Expression of, Expression? start, Expression? stop, Expression? step) : Expression
{
    internal override bool IsConstant => of.IsConstant && start is null or { IsConstant: true } && stop is null or { IsConstant: true } && step is null or { IsConstant: true };

    internal override object? Evaluate(Scope scope, RenderState state) =>
        Slicing.Take(state, of.Value(scope, state), start?.Value(scope, state), stop?.Value(scope, state), step?.Value(scope, state));
}
