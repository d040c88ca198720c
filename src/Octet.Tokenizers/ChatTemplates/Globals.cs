namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The functions every template sees: jinja2's and the two that transformers adds.</summary>
static class Globals
{
    /// <summary>The sandbox's limit (jinja2 <c>sandbox.MAX_RANGE</c>).</summary>
    const int MaxRange = 100_000;

    internal static Dictionary<string, Callable> Table { get; } = new Callable[]
    {
        new BuiltIn("range", Range),
        new BuiltIn("dict", Dictionary),
        new BuiltIn("namespace", MakeNamespace),
        new BuiltIn("cycler", static (state, arguments) => arguments.Positional.Length == 0 ? throw state.Error("RuntimeError", "at least one item has to be provided") : new Cycler(arguments.Positional)),
        new BuiltIn("joiner", static (state, arguments) => new Joiner(arguments.Bind(state, "joiner", 0, ["sep"]).Or(0, ", "))),
        new BuiltIn("lipsum", static (state, _) => throw state.Error("TemplateRuntimeError", "the function 'lipsum' is refused: a prompt is a function of its messages")),
        new BuiltIn("raise_exception", static (state, arguments) => throw state.Error("TemplateError", arguments.Bind(state, "raise_exception", 1, ["message"]).Text(state, 0))),
        new BuiltIn("strftime_now", static (state, arguments) => Strftime.Format(state, state.Options.Clock.GetLocalNow(), arguments.Bind(state, "strftime_now", 1, ["format"]).StrictText(state, 0))),
    }.ToDictionary(static function => ((BuiltIn)function).Name, StringComparer.Ordinal);

    static PythonRange Range(RenderState state, Arguments arguments)
    {
        int count = arguments.Positional.Length;
        if (arguments.Named.Length > 0)
        {
            throw state.TypeError($"range() got an unexpected keyword argument {PythonText.QuoteShort(arguments.Named[0].Key)}");
        }

        if (count is 0 or > 3)
        {
            throw state.TypeError(count == 0 ? "range expected at least 1 argument, got 0" : $"range expected at most 3 arguments, got {count}");
        }

        Int128 start = count == 1 ? 0 : PythonType.ToLong(state, arguments.Positional[0]);
        Int128 stop = PythonType.ToLong(state, arguments.Positional[count == 1 ? 0 : 1]);
        Int128 step = count == 3 ? PythonType.ToLong(state, arguments.Positional[2]) : 1;
        if (step == 0)
        {
            throw state.ValueError("range() arg 3 must not be zero");
        }

        Int128 length = Int128.Max(0, step > 0 ? (stop - start + step - 1) / step : (start - stop - step - 1) / -step);
        return length > long.MaxValue ? throw PythonType.TooLarge(state) : length > MaxRange
            ? throw state.Error("OverflowError", $"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MaxRange}).")
            : new PythonRange(start, step, (int)length, stop);
    }

    static PythonDictionary Dictionary(RenderState state, Arguments arguments)
    {
        if (arguments.Positional.Length > 1)
        {
            throw state.TypeError($"dict expected at most 1 argument, got {arguments.Positional.Length}");
        }

        PythonDictionary made = new();
        foreach (object? source in arguments.Positional)
        {
            Fill(state, source, (key, value) => made.Set(state, key, value));
        }

        foreach ((string name, object? value) in arguments.Named)
        {
            made.Set(state, name, value);
        }

        return made;
    }

    static Namespace MakeNamespace(RenderState state, Arguments arguments)
    {
        Namespace made = new();
        foreach (object? source in arguments.Positional)
        {
            Fill(state, source, (key, value) =>
            {
                string name = PythonText.Str(state, key);
                state.ChargeCharacters(64L + name.Length);
                state.Allocate(PythonDictionary.BytesPerEntry);
                made.Attributes[name] = value;
            });
        }

        foreach ((string name, object? value) in arguments.Named)
        {
            state.Charge(4);
            state.Allocate(PythonDictionary.BytesPerEntry);
            made.Attributes[name] = value;
        }

        return made;
    }

    static void Fill(RenderState state, object? source, Action<object?, object?> set)
    {
        foreach (object? item in Iteration.Of(state, source is PythonDictionary dictionary ? DictionaryView.Pairs(dictionary) : source))
        {
            List<object?> pair = Iteration.ToList(state, item);
            if (pair.Count != 2)
            {
                throw state.ValueError($"dictionary update sequence element has length {pair.Count}; 2 is required");
            }

            set(pair[0], pair[1]);
        }
    }
}
