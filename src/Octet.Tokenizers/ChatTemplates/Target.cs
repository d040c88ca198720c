namespace Octet.Tokenizers.ChatTemplates;

/// <summary>What can be assigned to.</summary>
abstract class Target
{
    internal abstract void Assign(Scope scope, RenderState state, object? value);
}

sealed class NameTarget(string name) : Target
{
    internal string Name { get; } = name;

    internal override void Assign(Scope scope, RenderState state, object? value) => scope.Set(Name, value);
}

/// <summary><c>ns.name</c>, which only a namespace allows.</summary>
sealed class NamespaceTarget(string name, string attribute) : Target
{
    internal override void Assign(Scope scope, RenderState state, object? value)
    {
        if (scope.Get(state, name) is not Namespace ns)
        {
            throw state.Error("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
        }

        ns.Attributes[attribute] = value;
    }
}

sealed class TupleTarget(List<Target> targets) : Target
{
    internal override void Assign(Scope scope, RenderState state, object? value)
    {
        List<object?> values = [];
        foreach (object? item in Iteration.Of(state, value, "cannot unpack non-iterable {0} object"))
        {
            if (values.Count == targets.Count)
            {
                throw state.ValueError($"too many values to unpack (expected {targets.Count})");
            }

            values.Add(item);
        }

        if (values.Count < targets.Count)
        {
            throw state.ValueError($"not enough values to unpack (expected {targets.Count}, got {values.Count})");
        }

        for (int index = 0; index < values.Count; index++)
        {
            targets[index].Assign(scope, state, values[index]);
        }
    }
}
