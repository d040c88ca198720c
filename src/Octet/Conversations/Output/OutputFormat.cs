using System.Text.Json.Nodes;
using Octet.Output;
using Octet.Tokenizers.ChatTemplates;

namespace Octet;

/// <summary>
/// How a family of models writes its calls of tools. Which one a model has its chat template tells, by the marks that it writes itself; what
/// models write around their reasoning is the same few marks everywhere, and known in every format.
/// </summary>
public sealed class OutputFormat
{
    static readonly string[] s_toolCall = ["</tool_call>"];

    /// <summary>No calls: reasoning and text.</summary>
    public static OutputFormat Plain { get; } = new("plain", [], [], []);

    /// <summary>All formats; the first whose marks a template holds is its own.</summary>
    public static IReadOnlyList<OutputFormat> All { get; } =
    [
        new("harmony", ["<|channel|>", "<|message|>"], [], []) { IsHarmony = true },
        new(
            "kimi",
            ["<|tool_calls_section_begin|>"],
            [new("<|tool_calls_section_begin|>", Kimi), new("<|tool_call_begin|>", Kimi) { IsPartOfCall = true }],
            ["<|tool_call_end|>", "<|tool_calls_section_end|>"]) { More = ["<|tool_call_argument_begin|>"] },
        new(
            "deepseek-dsml",
            ["｜DSML｜"],
            [new("<｜DSML｜function_calls>", DeepSeekTags), new("<｜DSML｜invoke name=\"", DeepSeekTags) { IsPartOfCall = true }],
            ["</｜DSML｜function_calls>"]) { More = ["｜DSML｜"], MayBeginClosed = true },
        new(
            "deepseek",
            ["<｜tool▁calls▁begin｜>"],
            [new("<｜tool▁calls▁begin｜>", DeepSeek), new("<｜tool▁call▁begin｜>", DeepSeek) { IsPartOfCall = true }],
            ["```", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>"]) { More = ["<｜tool▁sep｜>"], MayBeginClosed = true },
        new("gemma", ["<|tool_call>", "<tool_call|>"], [new("<|tool_call>", static _ => new GemmaCall())], ["<tool_call|>"]) { More = ["<|\"|>"] },
        new("mistral", ["[TOOL_CALLS]"], [new("[TOOL_CALLS]", static _ => new MistralCalls())], []) { More = ["[ARGS]", "[CALL_ID]"] },
        new(
            "command",
            ["<|START_ACTION|>"],
            [new("<|START_ACTION|>", static _ => new JsonCalls(',', isList: true)), new("<|START_RESPONSE|>", null), new("<|END_RESPONSE|>", null)],
            ["<|END_ACTION|>"]),
        new("seed", ["<seed:tool_call>"], [new("<seed:tool_call>", static types => new TagCall(TagSyntax.Seed, types))], ["</seed:tool_call>"]),
        new("glm", ["<tool_call>", "<arg_key>"], [new("<tool_call>", static types => new TagCall(TagSyntax.Glm, types))], [])
        {
            More = ["</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"],
        },
        new("qwen-xml", ["<tool_call>", "<function="], [new("<tool_call>", Qwen), new("<function=", Qwen) { IsPartOfCall = true }], s_toolCall),
        new("hermes", ["<tool_call>"], [new("<tool_call>", static _ => new JsonCalls(null, isList: false))], s_toolCall),
        new("llama", ["<|python_tag|>"], [new("<|python_tag|>", static _ => new LlamaCalls())], []) { WholeAnswer = static _ => new JsonCalls(';', isList: false) },
        new("llama", ["\"parameters\": dictionary of argument name"], [], []) { WholeAnswer = static _ => new JsonCalls(';', isList: false) },
    ];

    readonly string[] _required;
    readonly string[] _openerMarks;

    OutputFormat(string name, string[] required, CallOpener[] openers, string[] closers)
    {
        Name = name;
        _required = required;
        Openers = openers;
        _openerMarks = [.. openers.Select(static opener => opener.Mark)];
        Closers = closers;
    }

    /// <summary>A short name, for messages.</summary>
    public string Name { get; }

    internal CallOpener[] Openers { get; }

    internal ReadOnlySpan<string> OpenerMarks => _openerMarks;

    /// <summary>Marks that may stand behind a call, in this order.</summary>
    internal string[] Closers { get; }

    /// <summary>Marks within calls that can be tokens.</summary>
    internal string[] More { get; private init; } = [];

    /// <summary>Reads an answer that is nothing but calls, where the format has such, from its opening brace on.</summary>
    internal Func<ParameterTypes, CallReader>? WholeAnswer { get; private init; }

    internal bool IsHarmony { get; private init; }

    /// <summary>All marks that can be tokens of their own.</summary>
    internal IEnumerable<string> Marks => IsHarmony ? HarmonyReader.Marks : _openerMarks.Concat(Closers).Concat(More);

    /// <summary>Whether an answer without reasoning may begin with the mark that closes it, as DeepSeek's do since V3.1.</summary>
    internal bool MayBeginClosed { get; private init; }

    /// <summary>The format whose marks a chat template holds; <see cref="Plain"/> where it holds those of none.</summary>
    /// <param name="template">The template; null: none.</param>
    public static OutputFormat Of(ChatTemplate? template) => Of(template?.Source ?? "");

    internal static OutputFormat Of(string template)
        => All.FirstOrDefault(format => Array.TrueForAll(format._required, mark => template.Contains(mark, StringComparison.Ordinal))) ?? Plain;

    /// <summary>A parser for one answer.</summary>
    /// <param name="tools">The tools that the model was given, a list in OpenAI's form: their schemas give arguments their types, where the format writes all as text.</param>
    /// <param name="prompt">The end of the prompt, from where the answer's message begins: it may have opened the reasoning.</param>
    public OutputParser CreateParser(JsonNode? tools = null, string prompt = "")
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return new OutputParser(this, new OutputParserOptions(tools, IsHarmony ? null : ReasoningMarks.LeftOpen(prompt, isAnswer: true), IsHarmony ? prompt : "", true, true));
    }

    /// <summary>Whether a text is a mark of this format that can be a special token.</summary>
    internal bool IsMark(string text)
        => Marks.Contains(text);

    static NamedCall Kimi(ParameterTypes types) => new("<|tool_call_begin|>", null, "<|tool_call_argument_begin|>");

    static NamedCall DeepSeek(ParameterTypes types) => new("<｜tool▁call▁begin｜>", null, "<｜tool▁sep｜>");

    static TagCall DeepSeekTags(ParameterTypes types) => new(TagSyntax.DeepSeek, types);

    static TagCall Qwen(ParameterTypes types) => new(TagSyntax.Qwen, types);
}
