namespace Octet.Tokenizers.ChatTemplates;

enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A node that writes output or sets names.</summary>
abstract class Statement(int line)
{
    internal int Line { get; } = line;

    internal abstract Flow Execute(Scope scope, RenderState state);
}

sealed class Block(List<Statement> statements)
{
    internal Flow Execute(Scope scope, RenderState state)
    {
        state.EnsureStack();
        foreach (Statement statement in statements)
        {
            state.Charge();
            state.Line = statement.Line;
            Flow flow = statement.Execute(scope, state);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }
}

sealed class TextOutput(string text, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state)
    {
        state.Write(text);
        return Flow.Next;
    }
}

sealed class Print(Expression value, int line) : Statement(line)
{
    readonly bool _isConstant = value.IsConstant;

    internal override Flow Execute(Scope scope, RenderState state)
    {
        // Constants hold no other output: there is nothing to go back to.
        state.IsConstant = _isConstant;
        object? printed = value.Value(scope, state);
        state.IsConstant = false;
        state.WriteValue(printed);
        return Flow.Next;
    }
}

sealed class If(List<(Expression Condition, Block Body)> branches, Block? otherwise, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state)
    {
        foreach ((Expression condition, Block body) in branches)
        {
            if (PythonType.Truth(state, condition.Value(scope, state)))
            {
                return body.Execute(scope, state);
            }
        }

        return otherwise?.Execute(scope, state) ?? Flow.Next;
    }
}

sealed class LoopControl(Flow flow, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state) => flow;
}

sealed class Set(Target target, Expression value, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state)
    {
        target.Assign(scope, state, value.Value(scope, state));
        return Flow.Next;
    }
}

/// <summary><c>{% set x | filter %}...{% endset %}</c>.</summary>
sealed class SetBlock(Target target, FilterChain? filter, Block body, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state)
    {
        Scope inner = new(scope);
        object? text = state.Capture(body, inner);
        target.Assign(scope, state, filter is null ? text : filter.Apply(inner, state, text));
        return Flow.Next;
    }
}

sealed class FilterBlock(FilterChain filter, Block body, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state)
    {
        Scope inner = new(scope);
        state.WriteValue(filter.Apply(inner, state, state.Capture(body, inner)));
        return Flow.Next;
    }
}

/// <summary><c>{% with a = 1, b = 2 %}</c>: the values are those of outside.</summary>
sealed class With(List<(Target Target, Expression Value)> assignments, Block body, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state)
    {
        Scope inner = new(scope);
        foreach ((Target target, Expression value) in assignments)
        {
            target.Assign(inner, state, value.Value(scope, state));
        }

        return body.Execute(inner, state);
    }
}

/// <summary><c>{% generation %}</c>, by which transformers marks the assistant's tokens: the body as it is, in a scope of its own.</summary>
sealed class Generation(Block body, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state) => body.Execute(new Scope(scope), state);
}

sealed class MacroDefinition(string name, Signature signature, Block body, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state)
    {
        scope.Set(name, new Macro(name, signature, body, scope));
        return Flow.Next;
    }
}

/// <summary><c>{% call(arguments) f() %}...{% endcall %}</c>.</summary>
sealed class CallBlock(Call call, Signature signature, Block body, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state)
    {
        state.WriteValue(call.Invoke(scope, state, new Macro("caller", signature, body, scope)));
        return Flow.Next;
    }
}
