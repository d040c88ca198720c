namespace Octet.Tokenizers.ChatTemplates;

/// <summary><c>{% for target in source if condition recursive %}...{% else %}...{% endfor %}</c>.</summary>
sealed class For(Target target, Expression source, Expression? condition, bool recursive, Block body, Block? otherwise, int line) : Statement(line)
{
    internal override Flow Execute(Scope scope, RenderState state)
    {
        Run(scope, state, source.Value(scope, state), 0);
        return Flow.Next;
    }

    void Run(Scope scope, RenderState state, object? value, int depth)
    {
        state.Enter();
        IEnumerable<object?> items = Iteration.Of(state, value);
        state.ChargeScan(PythonType.TextLength(value));
        int? length = Iteration.LengthOrNull(value);
        if (condition is not null)
        {
            items = items.Where(item => Passes(scope, state, item));
            length = null;
        }

        Callable? recurse = recursive ? new BuiltIn("loop", (running, arguments) => Recurse(scope, running, arguments, depth)) : null;
        LoopContext loop = new(state, items, length, depth, recurse);
        bool ran = false;
        while (loop.Advance(out object? item))
        {
            state.Charge();
            Scope inner = new(scope);
            inner.Set("loop", loop);
            target.Assign(inner, state, item);
            Flow flow = body.Execute(inner, state);
            if (flow == Flow.Break)
            {
                break;
            }

            // jinja2 notes that the loop ran at the end of its body, where break and continue do not come by.
            ran |= flow == Flow.Next;
        }

        if (!ran)
        {
            otherwise?.Execute(new Scope(scope), state);
        }

        state.Leave();
    }

    bool Passes(Scope scope, RenderState state, object? item)
    {
        Scope inner = new(scope);
        target.Assign(inner, state, item);
        return PythonType.Truth(state, condition!.Value(inner, state));
    }

    string Recurse(Scope scope, RenderState state, Arguments arguments, int depth)
    {
        Bound bound = arguments.Bind(state, "loop", 1, ["iterable"]);
        return state.Capture(() => Run(scope, state, bound[0], depth + 1));
    }
}
