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

    static readonly string[] s_graniteResponse = ["Here is my response:", "Here's my response:"];

    // Around text, from Command R7B on and in Command 4.
    static readonly string[] s_commandText = ["<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"];

    static readonly AnswerMarks s_response = new("<response>", "</response>");

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
            [new("<｜DSML｜function_calls>", DeepSeekTags), new("<｜DSML｜tool_calls>", DeepSeekTags), new("<｜DSML｜invoke name=\"", DeepSeekTags) { IsPartOfCall = true }],
            ["</｜DSML｜function_calls>", "</｜DSML｜tool_calls>"]) { More = ["｜DSML｜"], MayBeginClosed = true },
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
            [new("<|START_ACTION|>", static _ => new JsonCalls(',', isList: true)), .. s_commandText.Select(static mark => new CallOpener(mark, null))],
            ["<|END_ACTION|>"]),
        new(
            "command-r",
            ["followed by a json-formatted list of actions"],
            [new("Action:", static _ => new FencedCalls())],
            ["```"]),
        new(
            "minimax",
            ["<minimax:tool_call>"],
            [new("<minimax:tool_call>", MiniMax), new("<invoke name=\"", MiniMax) { IsPartOfCall = true }],
            ["</minimax:tool_call>"]),
        new("seed", ["<seed:tool_call>"], [new("<seed:tool_call>", static types => new TagCall(TagSyntax.Seed, types))], ["</seed:tool_call>"]),
        new(
            "hunyuan-tags",
            ["<tool_sep>", "<arg_key>"],
            [new("<tool_calls>", HunyuanTags), new("<tool_call>", HunyuanTags) { IsPartOfCall = true }],
            ["</tool_calls>"]) { More = ["</tool_call>", "<tool_sep>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"] },
        new("glm", ["<tool_call>", "<arg_key>"], [new("<tool_call>", static types => new TagCall(TagSyntax.Glm, types))], [])
        {
            More = ["</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"],
        },
        new("qwen-xml", ["<tool_call>", "<function="], [new("<tool_call>", Qwen), new("<function=", Qwen) { IsPartOfCall = true }], s_toolCall),
        new("hunyuan", ["<tool_calls>"], [new("<tool_calls>", Listed)], ["</tool_calls>"]) { Answer = new("<answer>", "</answer>") },
        new("granite", ["<|tool_call|>"], [new("<|tool_call|>", Listed), new("<tool_call>", Listed)], [])
        {
            Answer = s_response,
            Thinking = [("Here is my thought process:", s_graniteResponse), ("Here's my thought process:", s_graniteResponse)],
        },
        new("apertus", ["<|tools_prefix|>"], [new("<|tools_prefix|>", static _ => new JsonCalls(',', isList: true, isKeyed: true))], ["<|tools_suffix|>"]),
        new("nemotron", ["<TOOLCALL>"], [new("<TOOLCALL>", Listed)], ["</TOOLCALL>"]),
        new("lfm", ["<|tool_call_start|>"], [new("<|tool_call_start|>", Listed)], ["<|tool_call_end|>"]),
        new("lfm", ["<|im_start|>", "List of tools: "], [new("<|tool_call_start|>", Listed)], ["<|tool_call_end|>"]),
        new("olmo", ["<function_calls>"], [new("<function_calls>", static _ => new PythonCalls(isList: false))], ["</function_calls>"]),
        new("phi", ["<|tool|>", "<|/tool|>"], [new("<|tool_call|>", Listed)], ["<|/tool_call|>"]),
        new("functools", ["functools["], [new("functools", Listed)], []),
        new("ernie", ["<tool_call>", "<response>"], [new("<tool_call>", Hermes)], s_toolCall) { Answer = s_response },
        new("ernie", ["think_mode=", "<response>"], [new("<tool_call>", Hermes)], s_toolCall) { Answer = s_response },
        new("hermes", ["<tool_call>"], [new("<tool_call>", Hermes)], s_toolCall),
        new("llama-4", ["<|header_start|>"], [new("<|python_start|>", Listed)], ["<|python_end|>"]) { WholeAnswer = Listed, BeginsWhole = static first => first is '[' or '{' },
        new("pythonic", ["[func_name1("], [], []) { WholeAnswer = Listed, BeginsWhole = static first => first == '[' },
        new("llama", ["<|python_tag|>"], [new("<|python_tag|>", static _ => new LlamaCalls())], []) { WholeAnswer = static _ => new JsonCalls(';', isList: false) },
        new("llama", ["\"parameters\": dictionary of argument name"], [], []) { WholeAnswer = static _ => new JsonCalls(';', isList: false) },
        new("glm-4", ["请使用 Json 格式表示"], [], []) { WholeAnswer = static types => new LineCall(types), BeginsWhole = static first => first == '_' || char.IsLetter(first) },
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

    /// <summary>Reads an answer that is nothing but calls, where the format has such.</summary>
    internal Func<ParameterTypes, CallReader>? WholeAnswer { get; private init; }

    /// <summary>Whether an answer that begins with a character can be nothing but calls.</summary>
    internal Func<char, bool> BeginsWhole { get; private init; } = static first => first == '{';

    /// <summary>What stands around an answer behind reasoning; null: nothing.</summary>
    internal AnswerMarks? Answer { get; private init; }

    /// <summary>What is written around reasoning in this format alone, beside the marks that are known in every one.</summary>
    internal (string Open, string[] Close)[] Thinking { get; private init; } = [];

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

    static JsonCalls Hermes(ParameterTypes types) => new(null, isList: false);

    static ListedCalls Listed(ParameterTypes types) => new();

    static TagCall MiniMax(ParameterTypes types) => new(TagSyntax.MiniMax, types);

    static TagCall HunyuanTags(ParameterTypes types) => new(TagSyntax.Hunyuan, types);

    static TagCall DeepSeekTags(ParameterTypes types) => new(TagSyntax.DeepSeek, types);

    static TagCall Qwen(ParameterTypes types) => new(TagSyntax.Qwen, types);
}
