namespace Octet.Constraints.Calls;

/// <summary>How formats write calls of tools, as what a model can be held to (<see cref="OutputFormat"/> lists them, with what reads each).</summary>
static class CallForms
{
    static readonly HashSet<string> s_json =
    [
        "hermes", "ernie", "llama", "llama-4", "mistral", "kimi", "deepseek", "command", "command-r", "hunyuan", "nemotron", "granite", "phi", "functools", "glm-4", "apertus", "harmony",
    ];

    /// <summary>Any text, with no marks in it.</summary>
    internal static Expression AnyText { get; } = new Rule("text") { Body = Expression.Any(new SetExpression(CharacterSet.All)) };

    /// <summary>Whether calls of a format are JSON, or something else that schemas say nothing of.</summary>
    internal static bool IsJson(OutputFormat format) => s_json.Contains(format.Name);

    /// <summary>Whether calls of a format are written as in Python, with JSON for values: its words for truth and nothing are read too.</summary>
    internal static bool IsPython(OutputFormat format) => format.Name is "lfm" or "olmo" or "pythonic";

    /// <summary>Calls in the form of a format; null where it has none. Harmony's are <see cref="ChannelForms"/>.</summary>
    /// <param name="format">The format.</param>
    /// <param name="tools">What may be called.</param>
    /// <param name="several">Whether more than one call may come.</param>
    internal static Expression? Of(OutputFormat format, IReadOnlyList<ToolShape> tools, bool several)
    {
        switch (format.Name)
        {
            case "hermes" or "ernie":
                return List(Sequence(Mark("<tool_call>"), "\n", Object(tools, "name", "arguments"), "\n", Mark("</tool_call>")), "\n", several);
            case "llama" or "llama-4":
                return Object(tools, "name", "parameters");
            case "glm-4":
                return Each(tools, static tool => Sequence($"{tool.Name}\n", tool.Arguments));
            case "hunyuan" or "nemotron" or "granite" or "phi" or "functools":
                return Sequence([Mark(format.Openers[0].Mark), "[", List(Object(tools, "name", "arguments"), ", ", several), "]", .. format.Closers.Select(Mark)]);
            case "lfm":
                return Sequence(Mark("<|tool_call_start|>"), "[", Python(tools, ", ", several), "]", Mark("<|tool_call_end|>"));
            case "olmo":
                return Sequence(Mark("<function_calls>"), Python(tools, "\n", several), Mark("</function_calls>"));
            case "pythonic":
                return Sequence("[", Python(tools, ", ", several), "]");
            case "apertus":
                Expression keyed = Each(tools, static tool => Sequence($"{{{tool.Quoted}: ", tool.Arguments, "}"));
                return Sequence(Mark("<|tools_prefix|>"), "[", List(keyed, ", ", several), "]", Mark("<|tools_suffix|>"));
            case "command-r":
                Expression action = Each(tools, static tool => Sequence($"    {{\n        \"tool_name\": {tool.Quoted},\n        \"parameters\": ", tool.Arguments, "\n    }"));
                return Sequence("Action: ```json\n[\n", List(action, ",\n", several), "\n]```");
            case "mistral":
                Expression named = Each(tools, static tool => Sequence(Mark("[TOOL_CALLS]"), tool.Name, Mark("[ARGS]"), tool.Arguments));
                Expression listed = Sequence(Mark("[TOOL_CALLS]"), "[", List(Object(tools, "name", "arguments"), ", ", several), "]");
                return Expression.Choice(listed, List(named, "", several));
            case "kimi":
                Expression kimi = Each(tools, static tool => Sequence(
                    Mark("<|tool_call_begin|>"), $"functions.{tool.Name}:", Number, Mark("<|tool_call_argument_begin|>"), tool.Arguments, Mark("<|tool_call_end|>")));
                return Sequence(Mark("<|tool_calls_section_begin|>"), List(kimi, "", several), Mark("<|tool_calls_section_end|>"));
            case "deepseek":
                Expression deepSeek = Each(tools, static tool => Sequence(Mark("<｜tool▁call▁begin｜>"), DeepSeek(tool), Mark("<｜tool▁call▁end｜>")));
                return Sequence(Mark("<｜tool▁calls▁begin｜>"), List(deepSeek, Expression.Optional(Expression.Literal("\n")), several), Mark("<｜tool▁calls▁end｜>"));
            case "command":
                Expression command = Each(tools, static tool => Sequence("\n    {\"tool_call_id\": \"", Number, $"\", \"tool_name\": {tool.Quoted}, \"parameters\": ", tool.Arguments, "}"));
                return Sequence(Mark("<|START_ACTION|>"), "[", List(command, ",", several), "\n]", Mark("<|END_ACTION|>"));
            case "glm":
                return Between(Mark("<tool_call>"), [.. format.More.Where(static mark => mark != "</tool_call>").Select(Mark)], Mark("</tool_call>"), several);
            case "deepseek-dsml":
                // The mark is a part of each tag. V3.2 calls what is around them otherwise than V4.
                return Expression.Choice(DeepSeekTags("function_calls>", several), DeepSeekTags("tool_calls>", several));
            default:
                return format.Closers is [.., var close] ? Between(Mark(format.Openers[0].Mark), [.. format.More.Select(Mark)], Mark(close), several) : null;
        }
    }

    /// <summary><c>{"name": ..., "arguments": {...}}</c> of one of the tools, whatever the two are called.</summary>
    internal static Expression Object(IReadOnlyList<ToolShape> tools, string name, string arguments)
        => Each(tools, tool => Sequence($"{{\"{name}\": {tool.Quoted}, \"{arguments}\": ", tool.Arguments, "}"));

    /// <summary>One of the tools, however it is written.</summary>
    internal static Expression Each(IReadOnlyList<ToolShape> tools, Func<ToolShape, Expression> write) => Expression.Choice([.. tools.Select(write)]);

    internal static Expression Mark(string text) => new MarkExpression(text);

    /// <summary>Texts and parts one after another.</summary>
    internal static Expression Sequence(params IReadOnlyList<object> parts)
        => Expression.Sequence([.. parts.Select(static part => part as Expression ?? Expression.Literal((string)part))]);

    static Expression Python(IReadOnlyList<ToolShape> tools, string between, bool several)
        => List(Each(tools, static tool => Sequence($"{tool.Name}(", tool.Arguments, ")")), between, several);

    static Expression Number => new RepeatExpression(new SetExpression(CharacterSet.Of(('0', '9'))), 1, 3);

    /// <summary>Version 3.1 writes the name and the arguments, those before it a kind and a block of Markdown: a model knows its own.</summary>
    static Expression DeepSeek(ToolShape tool) => Expression.Choice(
        Sequence(tool.Name, Mark("<｜tool▁sep｜>"), tool.Arguments),
        Sequence("function", Mark("<｜tool▁sep｜>"), tool.Name, "\n```json\n", tool.Arguments, "\n```"));

    static Expression DeepSeekTags(string tag, bool several)
        => Between(Sequence("<", Mark("｜DSML｜"), tag), [Mark("｜DSML｜")], Sequence("</", Mark("｜DSML｜"), tag), several);

    /// <summary>Calls whose values are no JSON: anything between the marks, as models write them where nothing holds them.</summary>
    static Expression Between(Expression open, Expression[] inner, Expression close, bool several)
    {
        Expression body = inner.Length == 0 ? AnyText : new Rule("call") { Body = Expression.Any(Expression.Choice([new SetExpression(CharacterSet.All), .. inner])) };
        return List(Sequence(open, body, close), "\n", several);
    }

    static Expression List(Expression part, object between, bool several)
        => several ? Sequence(part, Expression.Any(Sequence(between, part))) : part;
}
