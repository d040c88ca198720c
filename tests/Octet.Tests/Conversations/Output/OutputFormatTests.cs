using System.Text.Json.Nodes;

namespace Octet.Tests.Conversations.Output;

/// <summary>What models write, by format, and the message that it is: whole, cut at every place and in random pieces.</summary>
public class OutputFormatTests
{
    static readonly JsonNode s_tools = JsonNode.Parse("""
        [{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{
          "city":{"type":"string"},"days":{"type":"integer"},"dry":{"type":"boolean"},"opts":{"type":["object","null"]},"any":{"anyOf":[{"type":"string"},{"type":"number"}]}}}}}]
        """)!;

    public static TheoryData<string, string, string> Outputs => new()
    {
        // Hermes.
        { "hermes", "Hi", "Hi||" },
        { "hermes", "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": [1, {\"b\": \"}</tool_call>\"}]}}\n</tool_call>", "||f{\"a\":[1,{\"b\":\"}</tool_call>\"}]}" },
        { "hermes", "calling\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>\n", "calling||f{} g{}" },
        { "hermes", "<think>\nhm\n</think>\n\nso\n<tool_call>{\"arguments\": {\"a\": 1}, \"name\": \"f\"}</tool_call> and on", "so and on|hm|f{\"a\":1}" },
        { "hermes", "<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>", "||f{\"a\":1}" },
        { "hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {}}<tool_call>{\"name\": \"g\", \"arguments\": {}}", "||f{} g{}" },
        { "hermes", "<think>about <tool_call> and so</think>yes", "yes|about <tool_call> and so|" },
        { "hermes", "a  b \n\n c \n", "a  b \n\n c \n||" },

        // Qwen3-Coder: what the schema says, and without one.
        {
            "qwen-xml",
            "ok\n\n<tool_call>\n<function=f>\n<parameter=city>\n\nZürich \"x\" <b>\n\n</parameter>\n<parameter=days>\n3\n</parameter>\n<parameter=dry>\nTrue\n</parameter>\n<parameter=opts>\n{\"a\": [1.0, 1e+20]}\n</parameter>\n<parameter=other>\n7\n</parameter>\n<parameter=word>\nabc\n</parameter>\n</function>\n</tool_call>",
            "ok||f{\"city\":\"\\nZürich \\\"x\\\" <b>\\n\",\"days\":3,\"dry\":true,\"opts\":{\"a\":[1.0,1e+20]},\"other\":7,\"word\":\"abc\"}"
        },
        { "qwen-xml", "<function=f>\n<parameter=city>\n12\n</parameter>\n</function>", "||f{\"city\":\"12\"}" },
        { "qwen-xml", "<tool_call>\n<function=f>\n</function>\n</tool_call>\n<tool_call>\n<function=g>\n<parameter=any>\n1\n</parameter>\n</function>\n</tool_call>", "||f{} g{\"any\":1}" },
        { "qwen-xml", "<tool_call><function=f><parameter=opts>None</parameter><parameter=any>x</parameter></function></tool_call>", "||f{\"opts\":\"None\",\"any\":\"x\"}".Replace("\"None\"", "null") },
        { "seed", "<seed:think>hm</seed:think><seed:tool_call>\n<function=f>\n<parameter=city>A\n</parameter>\n</function>\n</seed:tool_call>", "|hm|f{\"city\":\"A\\n\"}" },

        // GLM, with and without line breaks.
        { "glm", "\n<think>let me</think>\ncalling\n<tool_call>f\n<arg_key>city</arg_key>\n<arg_value>5</arg_value>\n<arg_key>days</arg_key>\n<arg_value>5</arg_value>\n</tool_call>", "calling|let me|f{\"city\":\"5\",\"days\":5}" },
        { "glm", "<tool_call>f<arg_key>opts</arg_key><arg_value>{\"a\": null}</arg_value></tool_call><tool_call>g\n</tool_call>", "||f{\"opts\":{\"a\":null}} g{}" },

        // Llama 3: the whole answer, or behind the mark.
        { "llama", "{\"name\": \"f\", \"parameters\": {\"a\": 1}}", "||f{\"a\":1}" },
        { "llama", "\n{\"type\": \"function\", \"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\", \"parameters\": {}}\n", "||f{} g{}" },
        { "llama", "<|python_tag|>{\"name\": \"f\", \"parameters\": {}}", "||f{}" },
        { "llama", "<|python_tag|>brave_search.call(query=\"a \\\"b\\\"\", n=\"2\")", "||brave_search{\"query\":\"a \\\"b\\\"\",\"n\":\"2\"}" },
        { "llama", "<|python_tag|>now.call()", "||now{}" },

        // Mistral: a list, and name by name.
        { "mistral", "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"a\": 1}, \"id\": \"abcdef123\"}, {\"name\": \"g\", \"arguments\": {}}]", "||f#abcdef123{\"a\":1} g{}" },
        { "mistral", "[THINK]hm[/THINK]calling[TOOL_CALLS]f[ARGS]{\"a\": \"[ARGS]\"}[TOOL_CALLS]g[CALL_ID]abc[ARGS]{}", "calling|hm|f{\"a\":\"[ARGS]\"} g#abc{}" },

        // DeepSeek V3 and R1, V3.1, V3.2.
        {
            "deepseek",
            "<think>\nhm\n</think>\n\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"a\": 1}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>g\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            "|hm|f{\"a\":1} g{}"
        },
        { "deepseek", "so<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"a\": 1}<｜tool▁call▁end｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "so||f{\"a\":1} function{}" },
        {
            "deepseek-dsml",
            "so\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"city\" string=\"true\">1</｜DSML｜parameter>\n<｜DSML｜parameter name=\"x\" string=\"false\">[1, 2]</｜DSML｜parameter>\n</｜DSML｜invoke>\n<｜DSML｜invoke name=\"g\">\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
            "so||f{\"city\":\"1\",\"x\":[1,2]} g{}"
        },

        { "kimi", "ok<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{\"a\": 1}<|tool_call_end|><|tool_call_begin|>functions.g.h:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>", "ok||f#functions.f:0{\"a\":1} g.h#functions.g.h:1{}" },

        // Gemma 4.
        { "gemma", "<|channel>thought\nhm\n<channel|><|tool_call>call:f{city:<|\"|>A \"q\"\n{<|\"|>,days:-3,l:[1.5,true,[],{}],o:{k:<|\"|><|\"|>,n:null}}<tool_call|><|tool_call>call:g{}<tool_call|>", "|hm|f{\"city\":\"A \\\"q\\\"\\n{\",\"days\":-3,\"l\":[1.5,true,[],{}],\"o\":{\"k\":\"\",\"n\":null}} g{}" },

        // gpt-oss.
        { "harmony", "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hi <|b", "Hi <|b|hm|" },
        { "harmony", "<|channel|>final<|message|>Hi<|return|>", "Hi||" },
        { "harmony", " to=functions.f<|channel|>commentary json<|message|>{\"a\": 1}<|call|>", "||f{\"a\":1}" },
        { "harmony", "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"a\": \"<|end|>\"}<|call|>", "b|a|f{\"a\":\"<|end|>\"}" },

        { "command", "<|START_THINKING|>hm<|END_THINKING|><|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"f\", \"parameters\": {}}\n]<|END_ACTION|>", "|hm|f#0{}" },
        { "command", "<|START_RESPONSE|>Hi there.<|END_RESPONSE|>", "Hi there.||" },
        { "deepseek", "</think>Hi", "Hi||" },
        { "plain", "<think>hm</think>a <tool_call>", "a <tool_call>|hm|" },
    };

    [Theory]
    [MemberData(nameof(Outputs))]
    public void An_output_is_taken_apart_however_it_is_cut(string format, string text, string message) => AssertMessage(format, text, message);

    public static TheoryData<string, string, string> Broken => new()
    {
        // Cut off.
        { "hermes", "a\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1", "a\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1||" },
        { "hermes", "<tool_call>", "<tool_call>||" },
        { "hermes", "<tool_c", "<tool_c||" },
        { "qwen-xml", "<tool_call>\n<function=f>\n<parameter=a>\nx\n", "<tool_call>\n<function=f>\n<parameter=a>\nx\n||" },
        { "glm", "<tool_call>f\n<arg_key>a</arg_key>", "<tool_call>f\n<arg_key>a</arg_key>||" },
        { "mistral", "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}, {\"na", ", {\"na||f{}" },
        { "mistral", "[TOOL_CALLS]f[ARGS]{", "[TOOL_CALLS]f[ARGS]{||" },
        { "deepseek", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```js", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```js||" },
        { "kimi", "<|tool_calls_section_begin|> and", "<|tool_calls_section_begin|> and||" },
        { "gemma", "<|tool_call>call:f{a:<|\"|>x", "<|tool_call>call:f{a:<|\"|>x||" },
        { "harmony", "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>fin", "<|start|>assistant<|channel|>fin|hm|" },
        { "harmony", " to=functions.f<|channel|>commentary<|message|>{\"a\": ", " to=functions.f<|channel|>commentary<|message|>{\"a\": ||" },

        // Wrong.
        { "hermes", "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": tru}}\n</tool_call> on", "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": tru}}\n</tool_call> on||" },
        { "hermes", "<tool_call>{\"name\": \"f\"}</tool_call>", "<tool_call>{\"name\": \"f\"}</tool_call>||" },
        { "hermes", "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>||" },
        { "hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {}, \"x\": 1}</tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": {}, \"x\": 1}</tool_call>||" },
        { "hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"x\ny\"}}</tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"x\ny\"}}</tool_call>||" },
        { "hermes", "<tool_call>f(1)</tool_call>", "<tool_call>f(1)</tool_call>||" },
        { "hermes", "</tool_call>a<tool_response>b", "</tool_call>a<tool_response>b||" },
        { "qwen-xml", "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>", "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>||" },
        { "qwen-xml", "<tool_call>\n<function=f>\nwords\n</function>\n</tool_call>", "<tool_call>\n<function=f>\nwords\n</function>\n</tool_call>||" },
        { "glm", "<tool_call>{\"name\": \"f\"}</tool_call>", "<tool_call>{\"name\": \"f\"}</tool_call>||" },
        { "llama", "{\"name\": \"Bob\", \"age\": 3}", "{\"name\": \"Bob\", \"age\": 3}||" },
        { "llama", "{\"a\": 1}", "{\"a\": 1}||" },
        { "llama", "see {\"name\": \"f\", \"parameters\": {}}", "see {\"name\": \"f\", \"parameters\": {}}||" },
        { "llama", "<|python_tag|>print(1)", "<|python_tag|>print(1)||" },
        { "mistral", "[TOOL_CALLS]{\"name\": \"f\"}", "[TOOL_CALLS]{\"name\": \"f\"}||" },
        { "gemma", "<|tool_call>call:f{{\"a\": 1}}<tool_call|>", "<|tool_call>call:f{{\"a\": 1}}<tool_call|>||" },
        { "gemma", "<|tool_call>call:f{a:word}<tool_call|>", "<|tool_call>call:f{a:word}<tool_call|>||" },
        { "harmony", "Plain words.", "Plain words.||" },
        { "harmony", "a text <|end|>\n<|start|>assistant<|channel|>final<|message|>b", "a text b||" },
        { "harmony", " to=functions.f<|channel|>commentary<|message|>x<|call|>", " to=functions.f<|channel|>commentary<|message|>x||" },

        // Half of a surrogate pair is no name, no key, and no text that holds arguments.
        { "hermes", "<tool_call>{\"name\": \"\\ud800\", \"arguments\": {}}</tool_call>", "<tool_call>{\"name\": \"\\ud800\", \"arguments\": {}}</tool_call>||" },
        { "hermes", "<tool_call>{\"\\ud800\": \"f\", \"arguments\": {}}</tool_call>", "<tool_call>{\"\\ud800\": \"f\", \"arguments\": {}}</tool_call>||" },
        { "hermes", "<tool_call>{\"name\": \"f\", \"arguments\": \"\\ud800\"}</tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": \"\\ud800\"}</tool_call>||" },
        { "apertus", "<|tools_prefix|>[{\"\\ud800\": {}}]<|tools_suffix|>", "<|tools_prefix|>[{\"\\ud800\": {}}]<|tools_suffix|>||" },

        // Nested: the outer one is none, the inner one is.
        { "hermes", "<tool_call>{\"name\": <tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>", "<tool_call>{\"name\": ||f{}" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_is_broken_is_text(string format, string text, string message) => AssertMessage(format, text, message);

    [Fact]
    public void Arguments_come_as_they_grow()
    {
        OutputParser parser = OutputRun.Format("hermes").CreateParser();
        Assert.Empty(parser.Append("<tool_call>\n{\"name\": \"f"));
        Assert.Equal([new(OutputKind.CallStart, "f"), new(OutputKind.CallArguments, "{\"a\": ")], parser.Append("\", \"arguments\": {\"a\": "));
        Assert.Equal([new(OutputKind.CallArguments, "\"x")], parser.Append("\"x"));
        Assert.Equal([new(OutputKind.CallArguments, "y\"}")], parser.Append("y\"}"));
        Assert.Equal([new(OutputKind.CallEnd, "")], parser.Append("}\n</tool_call>"));
        Assert.Empty(parser.Complete());
    }

    [Fact]
    public void A_text_of_a_schema_comes_as_it_grows()
    {
        OutputParser parser = OutputRun.Format("qwen-xml").CreateParser(s_tools);
        Assert.Equal([new(OutputKind.CallStart, "f"), new(OutputKind.CallArguments, "{\"city\": \"a")], parser.Append("<tool_call>\n<function=f>\n<parameter=city>\na\n"));
        Assert.Equal([new(OutputKind.CallArguments, "\\n\\\"b")], parser.Append("\"b</par"));
        Assert.Equal([new(OutputKind.CallArguments, "\"}"), new(OutputKind.CallEnd, "")], parser.Append("ameter>\n</function>"));
    }

    [Fact]
    public void A_call_that_breaks_is_taken_back_and_comes_as_text()
    {
        (_, List<OutputPiece> pieces) = OutputRun.Parse(OutputRun.Format("mistral"), ["a[TOOL_CALLS]f[ARGS]{\"a\"", "; b"]);
        Assert.Equal(
            [
                new(OutputKind.Text, "a"), new(OutputKind.CallStart, "f"), new(OutputKind.CallArguments, "{\"a\""), new OutputPiece(OutputKind.CallEnd, "") { IsBroken = true },
                new(OutputKind.Text, "[TOOL_CALLS]f[ARGS]{\"a\"; b"),
            ],
            pieces);
    }

    [Theory]
    [InlineData("hermes", "<think>a</think>\n\nb\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\n", true, false, "b\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\n|a|")]
    [InlineData("hermes", " <think>\na</think>\n\nb\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\n", false, true, " <think>\na</think>\n\nb||f{}")]
    [InlineData("hermes", "<think>a ", false, true, "<think>a ||")]
    [InlineData("harmony", "<|channel|>analysis<|message|>a<|end|><|start|>assistant to=functions.f<|channel|>commentary<|message|>{}<|call|>", true, false, "<|start|>assistant to=functions.f<|channel|>commentary<|message|>{}|a|")]
    [InlineData("harmony", "<|channel|>analysis<|message|>a<|end|><|start|>assistant to=functions.f<|channel|>commentary<|message|>{}<|call|>", false, true, "a||f{}")]
    public void What_is_to_stay_stays(string format, string text, bool reasoning, bool calls, string message)
    {
        for (int length = 1; length <= text.Length; length++)
        {
            Assert.Equal(message, OutputRun.Show(OutputRun.Parse(OutputRun.Format(format), OutputRun.Every(text, length), null, null, format == "harmony" ? "assistant" : "", calls, reasoning).Turn));
        }
    }

    [Fact]
    public void A_prompt_may_have_opened_the_reasoning_or_a_message()
    {
        OutputParser parser = OutputRun.Format("hermes").CreateParser(prompt: "<|im_start|>assistant\n<think>\n");
        Assert.Equal([new(OutputKind.Reasoning, "a"), new(OutputKind.Text, "b")], parser.Append("a</think>b"));
        parser = OutputRun.Format("harmony").CreateParser(prompt: "assistant<|channel|>final<|message|>");
        Assert.Equal([new(OutputKind.Text, "b")], parser.Append("b"));
    }

    static void AssertMessage(string format, string text, string message) => OutputRun.AssertMessage(format == "plain" ? OutputFormat.Plain : OutputRun.Format(format), text, message, s_tools);
}
