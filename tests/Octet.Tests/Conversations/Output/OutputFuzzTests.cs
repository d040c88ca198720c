using System.Text;
using System.Text.Json.Nodes;
using Octet.Tokenizers.Tests;

namespace Octet.Tests.Conversations.Output;

/// <summary>Random outputs of marks, words and near misses: nothing is lost, nothing comes twice, however the text is cut. OCTET_SLOW=1: more rounds.</summary>
public class OutputFuzzTests
{
    const int Seed = 20261129;

    static readonly bool s_slow = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1";

    static readonly string[] s_fragments =
    [
        "<think>", "</think>", "<tool_call>", "</tool_call>", "\n", " ", "<", "{\"name\": \"f\", \"arguments\": {\"a\": ", "{\"name\": \"f\", \"parameters\": {}}", "{}", "}", "}}", "[", "]", ", ", "\"", "\\", ":", "<function=",
        "<function=f>\n", "<parameter=a>\n", "\n</parameter>\n", "</function>", "<arg_key>k</arg_key>", "<arg_value>", "</arg_value>", "[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "function",
        "<｜tool▁sep｜>", "f\n```json\n", "\n```", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>", "<｜DSML｜function_calls>", "<｜DSML｜invoke name=\"f\">", "<｜DSML｜parameter name=\"a\" string=\"true\">", "</｜DSML｜parameter>",
        "</｜DSML｜invoke>", "<|tool_calls_section_begin|>", "<|tool_call_begin|>", "functions.f:0", "<|tool_call_argument_begin|>", "<|tool_call_end|>", "<|tool_call>", "call:f{", "a:", "<|\"|>", "<tool_call|>", "<|channel|>",
        "analysis", "<|message|>", "<|end|>", "<|start|>", "assistant", " to=functions.f", "<|call|>", "<|python_tag|>", "f.call(", "a=", "\"x\"", ")", "true", "1", "😀", "é", "<|START_ACTION|>", "<seed:tool_call>",
        "<minimax:tool_call>", "<invoke name=\"f\">", "<parameter name=\"a\">", "</parameter>", "</invoke>", "<|tool_call_start|>", "<|tool_call_end|>", "<function_calls>", "</function_calls>", "f(", "[f(", "(", "a='", "'", "b=[",
        "{'k': ", "{1, ", "None", "07", "\\n", "\"\"\"", "<|tool_call|>", "<TOOLCALL>", "</TOOLCALL>", "<tool_calls>", "</tool_calls>", "<tool_sep>", "<answer>", "</answer>", "<response>", "</response>", "Here is my thought process:",
        "Here is my response:", "functools", "Action:", "```json", "<|python_start|>", "<|python_end|>", "f\n{}",
    ];

    [Fact]
    public void Every_word_comes_out_once()
    {
        Random random = new(Seed);
        for (int round = 0; round < (s_slow ? 200_000 : 6000); round++)
        {
            OutputFormat format = round % (OutputFormat.All.Count + 1) == 0 ? OutputFormat.Plain : OutputFormat.All[(round % (OutputFormat.All.Count + 1)) - 1];
            int words = 0;
            StringBuilder text = new();
            int count = random.Next(1, 14);
            for (int i = 0; i < count; i++)
            {
                text.Append(random.Next(3) == 0 ? $"«{words++}»" : s_fragments[random.Next(s_fragments.Length)]);
            }

            string output = text.ToString();
            (ChatTurn turn, List<OutputPiece> pieces) = OutputRun.Parse(format, [output]);
            string all = turn.Content + "\n" + turn.ReasoningContent + "\n" + string.Join('\n', (turn.ToolCalls ?? []).Select(static call => $"{call.Name} {call.Id} {Plain(call.Arguments)}"));

            // Kimi's id holds the name, which comes by itself too; ids of harmony's heads do not come at all.
            for (int word = 0; word < words; word++)
            {
                int found = all.Split($"«{word}»").Length - 1;
                Assert.True(found == 1 || (format.Name is "kimi" && found == 2) || (format.Name is "harmony" && found == 0 && output.Contains("<|message|>", StringComparison.Ordinal)), $"{format.Name}: «{word}» comes {found} times: {output} gives {OutputRun.Show(turn)}");
            }

            Assert.All(turn.ToolCalls ?? [], static call => Assert.IsType<JsonObject>(JsonNode.Parse(call.Arguments)));
            string expected = OutputRun.Show(turn);
            Assert.Equal(expected, OutputRun.Show(OutputRun.Parse(format, OutputRun.Every(output, 1)).Turn));
            Assert.Equal(expected, OutputRun.Show(OutputRun.Parse(format, OutputRun.AtRandom(output, random)).Turn));

            // Each call has a start and an end, one after the other, in their order.
            int call = 0;
            bool isOpen = false;
            foreach (OutputPiece piece in pieces)
            {
                Assert.Equal(isOpen, piece.Kind is OutputKind.CallArguments or OutputKind.CallEnd);
                Assert.Equal(piece.Kind is OutputKind.Text or OutputKind.Reasoning ? 0 : call, piece.Call);
                isOpen = piece.Kind is OutputKind.CallStart or OutputKind.CallArguments;
                call += piece.Kind == OutputKind.CallEnd ? 1 : 0;
            }

            Assert.False(isOpen);
        }
    }

    public static TheoryData<string, string> Growing => new()
    {
        { "plain", "a" }, { "plain", " " }, { "plain", "<thin" }, { "hermes", "<tool_call>" }, { "hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": [" }, { "hermes", " \n" }, { "hermes", "<tool_call>{" },
        { "qwen-xml", "<tool_call>\n<function=f>\n<parameter=a>\n" }, { "qwen-xml", "<function=" }, { "glm", "<tool_call>f" }, { "llama", "{" }, { "llama", " " }, { "mistral", "[TOOL_CALLS]" }, { "mistral", "[" },
        { "deepseek", "<｜tool▁calls▁begin｜>" }, { "kimi", "<|tool_call_begin|>functions" }, { "gemma", "<|tool_call>call:f{a:[" }, { "harmony", "<|start|>" }, { "harmony", "<|channel|>analysis<|message|>a" }, { "harmony", "a " },
        { "minimax", "<minimax:tool_call><invoke name=\"f\"><parameter name=\"a\">" }, { "lfm", "<|tool_call_start|>[f(a=" }, { "lfm", "[" }, { "olmo", "<function_calls>f(a='" }, { "olmo", "'" }, { "olmo", "<function_calls>f() \n" },
        { "pythonic", "[f(a=[{'k': (" }, { "pythonic", "[" }, { "llama-4", "[f(a='\\" }, { "llama-4", "{" }, { "hunyuan", "<answer> " }, { "hunyuan", "</answer>\n" }, { "granite", "Here is my " }, { "granite", "<|tool_call|>[ " }, { "glm-4", "f" },
        { "apertus", "<|tools_prefix|>[{" }, { "command-r", "Action: ```json[" }, { "hunyuan-tags", "<tool_calls><tool_call>f" },
    };

    [Theory]
    [MemberData(nameof(Growing))]
    public void Long_outputs_take_linear_time(string format, string unit)
    {
        OutputFormat found = format == "plain" ? OutputFormat.Plain : OutputRun.Format(format);
        (string, string)[] around =
        [
            ("", ""), ("<think>", ""), ("<tool_call>{\"arguments\": {\"a\": \"", "\"}, \"name\": \"f\"}"), ("<think></think><answer>", ""), ("<function_calls>f(a=[", "])"), ("[f(a={'", "'})]"), ("[f(a='", "')"), ("[f()", "]"),
        ];
        foreach ((string head, string tail) in around)
        {
            Assert.Null(TimePerByte.Grows(
                size =>
                {
                    string text = head + string.Concat(Enumerable.Repeat(unit, size / unit.Length)) + tail;
                    return () =>
                    {
                        OutputParser parser = found.CreateParser();
                        foreach (char letter in text)
                        {
                            parser.Append(letter.ToString());
                        }

                        parser.Complete();
                    };
                },
                s_slow ? 1 << 17 : 1 << 11));
        }
    }

    /// <summary>A text that comes as a whole is made of many small pieces, which are one.</summary>
    [Theory]
    [InlineData("hermes", "<tool_call>")]
    [InlineData("lfm", "<|tool_call_start|>")]
    public void A_text_that_comes_at_once_is_not_copied_again_and_again(string format, string unit)
    {
        string text = string.Concat(Enumerable.Repeat(unit, 5000));
        Assert.InRange(
            AllocatedBytes.Of(() =>
            {
                OutputParser parser = OutputRun.Format(format).CreateParser();
                parser.Append(text);
                parser.Complete();
            }),
            0,
            100L * text.Length);
    }

    static string Plain(string json) => JsonNode.Parse(json)!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
