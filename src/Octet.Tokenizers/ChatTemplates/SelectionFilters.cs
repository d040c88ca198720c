namespace Octet.Tokenizers.ChatTemplates;

/// <summary><c>map</c>, <c>select</c>, <c>reject</c> and those by attribute: generators, as in jinja2, so that one is always true and has no length.</summary>
static class SelectionFilters
{
    internal static object? Map(RenderState state, object? value, Bound bound)
    {
        Arguments given = bound.All;
        Func<object?, object?> change;
        if (given.Positional.Length == 0 && given.TryNamed("attribute", out object? attribute))
        {
            foreach ((string name, _) in given.Named)
            {
                if (name is not ("attribute" or "default"))
                {
                    throw state.Error("FilterArgumentError", $"Unexpected keyword argument {PythonText.QuoteShort(name)}");
                }
            }

            given.TryNamed("default", out object? otherwise);
            change = AttributePath.Selector(state, attribute, otherwise);
        }
        else if (given.Positional.Length > 0)
        {
            string filter = PythonText.Str(state, given.Positional[0]);
            state.ChargeCharacters(filter.Length);
            if (!Filters.Exists(filter))
            {
                throw state.Error("TemplateRuntimeError", $"No filter named {PythonText.QuoteShort(filter)}.");
            }

            Arguments rest = given.From(state, 1);
            change = item => Filters.Apply(state, filter, item, rest);
        }
        else
        {
            throw state.Error("FilterArgumentError", "map requires a filter argument");
        }

        return new PythonIterator(state, Iteration.Of(state, TruthyOrEmpty(state, value)).Select(change));
    }

    internal static object? Select(RenderState state, object? value, Bound bound, bool keep)
    {
        Func<object?, bool> test = Test(state, bound.All);
        return new PythonIterator(state, Iteration.Of(state, TruthyOrEmpty(state, value)).Where(item => test(item) == keep));
    }

    internal static object? SelectAttribute(RenderState state, object? value, Bound bound, bool keep)
    {
        Arguments given = bound.All;
        if (given.Positional.Length == 0)
        {
            throw state.Error("FilterArgumentError", "Missing parameter for attribute name");
        }

        Func<object?, object?> select = AttributePath.Selector(state, given.Positional[0]);
        Func<object?, bool> test = Test(state, given.From(state, 1));
        return new PythonIterator(state, Iteration.Of(state, TruthyOrEmpty(state, value)).Where(item => test(select(item)) == keep));
    }

    /// <summary>jinja2 looks at the truth of the value first: nothing false is walked, so that None selects nothing.</summary>
    static object? TruthyOrEmpty(RenderState state, object? value) => PythonType.Truth(state, value) ? value : new PythonTuple([]);

    static Func<object?, bool> Test(RenderState state, Arguments given)
    {
        if (given.Positional.Length == 0)
        {
            return item => PythonType.Truth(state, item);
        }

        string name = PythonText.Str(state, given.Positional[0]);
        state.ChargeCharacters(name.Length);
        if (!Tests.Exists(name))
        {
            throw state.Error("TemplateRuntimeError", $"No test named {PythonText.QuoteShort(name)}.");
        }

        Arguments rest = given.From(state, 1);
        return item => Tests.Holds(state, name, item, rest);
    }
}
