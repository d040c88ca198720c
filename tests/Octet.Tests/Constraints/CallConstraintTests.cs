using System.Text.Json.Nodes;
using Octet.Constraints;
using Octet.Constraints.Calls;
using Octet.Tokenizers;

namespace Octet.Tests.Constraints;

/// <summary>Calls that a model is held to, read by what reads the calls of its format.</summary>
public class CallConstraintTests
{
    const string Arguments = """{"type":"object","properties":{"city":{"enum":["Paris","Rome"]},"days":{"$ref":"#/$defs/days"}},"required":["city","days"],"additionalProperties":false,"$defs":{"days":{"type":"integer","minimum":1,"maximum":9}}}""";

    static readonly JsonNode s_tools = JsonNode.Parse($$"""
        [{"type":"function","function":{"name":"get_weather","parameters":{{Arguments}} } },{"type":"function","function":{"name":"get_time"} }]
        """)!;

    static readonly OutputConstraint s_form = OutputConstraint.JsonSchema("""{"type":"object","properties":{"format":{"enum":["E4M3","E5M2"]}},"required":["format"],"additionalProperties":false}""");

    public static TheoryData<string> NativeFormats => [.. OutputFormat.All.Select(static format => format.Name).Distinct().Where(static name => name != "harmony" && CallConstraint.IsNative(Format(name)))];

    public static TheoryData<string> OtherFormats => [.. OutputFormat.All.Where(static format => !CallConstraint.IsNative(format) && format.Openers.Length > 0).Select(static format => format.Name).Distinct()];

    [Theory]
    [MemberData(nameof(NativeFormats))]
    public void A_call_that_is_asked_for_is_one_of_its_format(string name)
    {
        OutputFormat format = Format(name);
        CompiledConstraint compiled = Vocabularies.Compile(CallConstraint.Required(format, s_tools, null));
        var names = new HashSet<string>();
        for (int seed = 0; seed < 12; seed++)
        {
            ChatTurn turn = Read(format, new RandomWriter(compiled, seed).Write(20));
            Assert.Null(turn.Content);
            ChatToolCall call = Assert.Single(turn.ToolCalls!);
            AssertFits(call);
            names.Add(call.Name);
        }

        Assert.Equal(["get_time", "get_weather"], names.Order());
    }

    [Theory]
    [MemberData(nameof(NativeFormats))]
    public void An_answer_is_of_the_form_or_calls_tools(string name)
    {
        OutputFormat format = Format(name);
        CompiledConstraint compiled = Vocabularies.Compile(CallConstraint.OrForm(s_form, format, s_tools, several: true));
        (int forms, int calls, int several) = (0, 0, 0);
        for (int seed = 0; seed < 60; seed++)
        {
            ChatTurn turn = Read(format, new RandomWriter(compiled, seed).Write(150));
            if (turn.ToolCalls is { } made)
            {
                Assert.Null(turn.Content);
                Assert.All(made, AssertFits);
                calls++;
                several += made.Count > 1 ? 1 : 0;
            }
            else
            {
                Assert.True(s_form.IsMatch(turn.Content!), turn.Content);
                forms++;
            }
        }

        Assert.True(forms > 0 && calls > 0, $"{forms} forms and {calls} calls");
        Assert.True(several > 0 || name is "llama" or "llama-4" or "glm-4", "never several calls");
    }

    [Theory]
    [MemberData(nameof(NativeFormats))]
    public void One_call_alone_comes_where_several_are_not_wanted(string name)
    {
        OutputFormat format = Format(name);
        CompiledConstraint compiled = Vocabularies.Compile(CallConstraint.OrForm(s_form, format, s_tools, several: false));
        for (int seed = 0; seed < 20; seed++)
        {
            Assert.True(Read(format, new RandomWriter(compiled, seed).Write(25)).ToolCalls is null or [_]);
        }
    }

    [Theory]
    [MemberData(nameof(OtherFormats))]
    public void Calls_that_are_no_JSON_begin_and_end_with_their_marks(string name)
    {
        OutputFormat format = Format(name);
        OutputConstraint either = CallConstraint.OrForm(s_form, format, s_tools, several: true);
        Assert.True(either.IsMatch("{\"format\":\"E4M3\"}"));
        Assert.False(either.IsMatch("The format is E4M3."));
        string call = name switch
        {
            "deepseek-dsml" => "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_time\">\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
            "gemma" => "<|tool_call>call:get_weather{city:<|\"|>Rome<|\"|>,days:3}<tool_call|>",
            "glm" => "<tool_call>get_time\n</tool_call>",
            "minimax" => "<minimax:tool_call>\n<invoke name=\"get_time\">\n</invoke>\n</minimax:tool_call>",
            "hunyuan-tags" => "<tool_calls><tool_call>get_time<tool_sep></tool_call></tool_calls>",
            "seed" => "<seed:tool_call>\n<function=get_time>\n</function>\n</seed:tool_call>",
            _ => "<tool_call>\n<function=get_time>\n</function>\n</tool_call>",
        };
        Assert.Single(Read(format, call).ToolCalls!);
        Assert.True(either.IsMatch(call), call);
        Assert.False(either.IsMatch(call + " And more."));

        // One that is asked for is an object of JSON instead.
        AssertObject(CallConstraint.Required(format, s_tools, null));
    }

    [Fact]
    public void A_model_without_a_form_of_calls_has_the_form_alone()
    {
        Assert.Same(s_form, CallConstraint.OrForm(s_form, OutputFormat.Plain, s_tools, several: true));
        AssertObject(CallConstraint.Required(OutputFormat.Plain, s_tools, null));
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"boolean"}},"required":["b"]}""", "f(a=\"x\", b=true)|f(b=false)|f(a='x', b=true) f(a=\"x\") f(b=true, c=1) f()")]
    [InlineData("""{"type":"object","properties":{"o":{"type":"object","properties":{"k":{"type":["integer","null"]}},"required":["k"]}},"required":["o"]}""", "f(o={\"k\": null})|f(o={\"k\":1})|f(o=k=1)")]
    [InlineData("""{"anyOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"integer"}},"required":["b"]}]}""", "f(a=1)|f(b=1)|f(a=1, b=2)")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}""", "f(a=\"/\")|f(a=\"\\\\/\")|f(a=\"\\/\")")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string","maxLength":9}},"required":["a"]}""", "f(a=\"/\")|f(a=\"\\n\")|f(a=\"\\/\")")]
    [InlineData("""{"type":"object"}""", "f()|f()|f(a=1)")]
    public void Calls_in_Python_name_their_arguments(string parameters, string calls)
    {
        JsonNode tools = JsonNode.Parse($$"""[{"type":"function","function":{"name":"f","parameters":{{parameters}} } }]""")!;
        OutputConstraint constraint = CallConstraint.Required(Format("pythonic"), tools, null);
        string[] parts = calls.Split('|');
        Assert.All(parts[..2], call => Assert.True(constraint.IsMatch($"[{call}]"), call));
        Assert.All(parts[2].Split(") ").Select(static call => call.TrimEnd(')') + ")"), call => Assert.False(constraint.IsMatch($"[{call}]"), call));
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a b":{}}}""", "a b cannot name an argument")]
    [InlineData("""{"type":"object","enum":[{"a":1}]}""", "enum and const of all arguments")]
    public void Arguments_that_Python_cannot_name_are_refused(string parameters, string message)
    {
        JsonNode tools = JsonNode.Parse($$"""[{"type":"function","function":{"name":"f","parameters":{{parameters}} } }]""")!;
        ConstraintException error = Assert.Throws<ConstraintException>(() => CallConstraint.Required(Format("lfm"), tools, null));
        Assert.Equal(ConstraintError.Unsupported, error.Error);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("function_calls")]
    [InlineData("tool_calls")]
    public void DeepSeek_calls_the_tag_around_calls_by_two_names(string tag)
    {
        OutputConstraint either = CallConstraint.OrForm(s_form, Format("deepseek-dsml"), s_tools, several: true);
        string call = $"<｜DSML｜{tag}>\n<｜DSML｜invoke name=\"get_time\">\n</｜DSML｜invoke>\n</｜DSML｜{tag}>";
        Assert.True(either.IsMatch(call));
        Assert.Single(Read(Format("deepseek-dsml"), call).ToolCalls!);
        Assert.False(either.IsMatch(call.Replace($"</｜DSML｜{tag}>", "</｜DSML｜calls>", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_tool_that_is_named_is_called()
    {
        OutputConstraint only = CallConstraint.Required(Format("llama"), s_tools, "get_time");
        Assert.True(only.IsMatch("""{"name": "get_time", "parameters": {}}"""));
        Assert.False(only.IsMatch("""{"name": "get_weather", "parameters": {"city": "Rome", "days": 1}}"""));
        Assert.Equal(ConstraintError.Unsatisfiable, Assert.Throws<ConstraintException>(() => CallConstraint.Required(Format("llama"), s_tools, "other")).Error);
    }

    [Theory]
    [InlineData("""{"not":{}}""", "the parameters of f: #")]
    [InlineData("""{"type":"string"}""", "the parameters of f: their schema allows no object")]
    [InlineData("""[]""", "the parameters of f: their schema allows no object")]
    public void Parameters_that_cannot_be_held_to_are_refused_by_their_tool(string parameters, string message)
    {
        JsonNode tools = JsonNode.Parse($$"""[{"type":"function","function":{"name":"f","parameters":{{parameters}} } }]""")!;
        Assert.StartsWith(message, Assert.Throws<ConstraintException>(() => CallConstraint.Required(Format("hermes"), tools, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Marks_are_the_tokens_that_they_are_and_certain_ones_are_told()
    {
        Tokenizer tokenizer = Vocabularies.Tiny;
        (int open, int close) = (tokenizer.GetId("<tool_call>")!.Value, tokenizer.GetId("</tool_call>")!.Value);
        ConstraintState state = new(CallConstraint.Required(Format("hermes"), s_tools, "get_time").Compile(tokenizer));
        state.Begin(tokenizer.Encode("<|im_start|>assistant\n", addSpecialTokens: false), mayThink: false);
        int[] forced = state.ForcedTokens();
        Assert.Equal("<tool_call>\n{\"name\": \"get_time\", \"arguments\": {}}\n</tool_call>", tokenizer.Decode(forced));
        Assert.Equal((open, close), (forced[0], forced[^1]));
        Assert.Equal([open], RandomWriter.Allowed(state));
        foreach (int token in forced)
        {
            Assert.Contains(token, RandomWriter.Allowed(state));
            state.Accept(token);
        }

        Assert.True(state.IsComplete);
    }

    [Fact]
    public void A_mark_cannot_come_inside_of_a_text()
    {
        Tokenizer tokenizer = Vocabularies.Tiny;
        int[] marks = [tokenizer.GetId("<tool_call>")!.Value, tokenizer.GetId("</tool_call>")!.Value];
        JsonNode tools = JsonNode.Parse("""[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"s":{"type":"string"}},"required":["s"]}}}]""")!;
        ConstraintState state = new(CallConstraint.OrForm(OutputConstraint.JsonSchema("""{"type":"string"}"""), Format("hermes"), tools, several: true).Compile(tokenizer));
        Assert.Contains(marks[0], RandomWriter.Allowed(state));
        foreach (int token in tokenizer.Encode("\"a ", addSpecialTokens: false))
        {
            state.Accept(token);
            Assert.DoesNotContain(RandomWriter.Allowed(state), marks.Contains);
        }
    }

    static OutputFormat Format(string name) => OutputFormat.All.First(format => format.Name == name);

    static ChatTurn Read(OutputFormat format, string text)
    {
        OutputParser parser = format.CreateParser(s_tools);
        var collector = new OutputCollector();
        collector.Add(parser.Append(text));
        collector.Add(parser.Complete());
        return collector.ToTurn() with { Content = collector.ToTurn().Content is { Length: > 0 } content ? content : null };
    }

    static void AssertObject(OutputConstraint constraint)
    {
        Assert.True(constraint.IsMatch("""{"name": "get_time", "arguments": {}}"""));
        Assert.False(constraint.IsMatch("""{"name": "get_weather", "arguments": {}}"""));
    }

    static void AssertFits(ChatToolCall call)
    {
        if (call.Name == "get_time")
        {
            Assert.Equal("{}", call.Arguments);
            return;
        }

        Assert.Equal("get_weather", call.Name);
        Assert.True(SchemaChecker.IsValid(Arguments.Replace("""{"$ref":"#/$defs/days"}""", """{"type":"integer","minimum":1,"maximum":9}""", StringComparison.Ordinal).Replace(""","$defs":{"days":{"type":"integer","minimum":1,"maximum":9}}""", "", StringComparison.Ordinal), call.Arguments), call.Arguments);
    }
}
