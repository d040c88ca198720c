using System.Text.Json.Nodes;
using Octet.Constraints;
using Octet.Constraints.Calls;
using Octet.Tests.Reference;
using Octet.Tokenizers;

namespace Octet.Tests.Constraints;

/// <summary>Constraints of models that answer in channels (harmony): octet-tiny with such a template, and with tokens for its marks.</summary>
public sealed class ChannelConstraintTests : IDisposable
{
    static readonly string[] s_marks = ["<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>", "<|constrain|>"];

    const string Template = """
        {%- for message in messages %}{{- '<|start|>' + message.role + '<|message|>' + (message.content or '') + '<|end|>' }}{%- endfor %}
        {%- if add_generation_prompt %}{{- '<|start|>assistant' }}{%- endif %}{#- <|channel|> #}
        """;

    const string Schema = """{"type":"object","properties":{"format":{"enum":["E4M3","E5M2"]},"bits":{"type":"integer","minimum":1,"maximum":16}},"required":["format","bits"],"additionalProperties":false}""";

    static readonly JsonNode s_tools = JsonNode.Parse("""
        [{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"enum":["Paris","Rome"]}},"required":["city"],"additionalProperties":false}}},
         {"type":"function","function":{"name":"get_time"}}]
        """)!;

    static readonly GenerationOptions s_options = new() { MaxTokens = 200, Reasoning = ReasoningMode.Separate, ToolCalls = ToolCallMode.Separate };

    readonly TinyCopy _copy = new TinyCopy().AddSpecial(s_marks).With("chat_template.jinja", Template);
    readonly LanguageModel _model;

    public ChannelConstraintTests() => _model = LanguageModel.Load(_copy.Path, new() { Threads = 1 });

    public void Dispose()
    {
        _model.Dispose();
        _copy.Dispose();
    }

    [Theory]
    [InlineData(ReasoningMode.Separate)]
    [InlineData(ReasoningMode.Hide)]
    [InlineData(ReasoningMode.Keep)]
    public async Task The_text_is_of_the_form_whatever_becomes_of_the_reasoning(ReasoningMode reasoning)
    {
        Assert.Equal("harmony", _model.OutputFormat.Name);
        for (int seed = 0; seed < 3; seed++)
        {
            (ChatTurn turn, FinishReason end) = await Answer(s_options with { Reasoning = reasoning, Constraint = OutputConstraint.JsonSchema(Schema), Temperature = 2, Seed = seed, ReasoningBudget = 5 });
            Assert.True(SchemaChecker.IsValid(Schema, turn.Content!), turn.Content);
            Assert.Equal(FinishReason.Stop, end);
            Assert.True(reasoning == ReasoningMode.Separate || turn.ReasoningContent is null);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("get_weather")]
    [InlineData("get_time")]
    public async Task A_call_that_is_asked_for_comes_in_its_channel(string? name)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            (ChatTurn turn, FinishReason end) = await Answer(s_options with { Constraint = CallConstraint.Required(_model.OutputFormat, s_tools, name), Temperature = 2, Seed = seed, ReasoningBudget = 5 });
            ChatToolCall call = Assert.Single(turn.ToolCalls!);
            Assert.Equal(name ?? call.Name, call.Name);
            AssertFits(call);
            Assert.Null(turn.Content);
            Assert.Equal(FinishReason.Stop, end);
        }
    }

    [Fact]
    public async Task With_a_form_and_tools_either_comes()
    {
        OutputConstraint either = CallConstraint.OrForm(OutputConstraint.JsonSchema(Schema), _model.OutputFormat, s_tools, several: true);
        (int forms, int calls) = (0, 0);

        // octet-tiny has never seen the marks: without help it writes a recipient first.
        var channel = new Dictionary<int, float> { [_model.Tokenizer!.GetId("<|channel|>")!.Value] = 50 };
        for (int seed = 0; seed < 12; seed++)
        {
            (ChatTurn turn, _) = await Answer(s_options with { Constraint = either, Temperature = 3, Seed = seed, ReasoningBudget = 3, LogitBias = seed % 2 == 0 ? channel : null });
            forms += turn.ToolCalls is null ? 1 : 0;
            calls += turn.ToolCalls is null ? 0 : 1;
            Assert.True(turn.ToolCalls is null ? SchemaChecker.IsValid(Schema, turn.Content!) : turn.Content is null or "", turn.Content);
            Assert.All(turn.ToolCalls ?? [], AssertFits);
        }

        Assert.True(forms > 0 && calls > 0, $"{forms} forms and {calls} calls");
    }

    [Fact]
    public async Task A_message_that_the_prompt_has_begun_goes_on()
    {
        GenerationOptions options = s_options with { Constraint = OutputConstraint.JsonSchema(Schema), Temperature = 1, Seed = 1 };
        Assert.True(SchemaChecker.IsValid(Schema, "{\"format\":" + await Go("<|start|>assistant<|channel|>final<|message|>{\"format\":")));
        Assert.True(SchemaChecker.IsValid(Schema, await Go("<|start|>assistant<|channel|>analysis<|message|>hm<|end|><|start|>assistant")));
        ModelException error = await Assert.ThrowsAsync<ModelException>(() => Go("<|start|>assistant<|channel|>final<|message|>Well, "));
        Assert.Equal(ModelError.InvalidInput, error.Error);

        // What is no conversation is a text that goes on.
        Assert.True(SchemaChecker.IsValid(Schema, await Go("As JSON: ")));

        async Task<string> Go(string prompt)
        {
            List<GenerationUpdate> updates = await BuiltInModel.Collect(_model.GenerateAsync(_model.Encode(prompt, addSpecialTokens: false), null, options with { ReasoningBudget = 0 }));
            return BuiltInModel.Text(updates);
        }
    }

    [Fact]
    public void Reasoning_is_any_text_without_marks_and_ends_with_its_own()
    {
        Tokenizer tokenizer = _model.Tokenizer!;
        CompiledConstraint compiled = OutputConstraint.Choice(["yes"]).InChannels(mayThink: true).Compile(tokenizer);
        ConstraintState state = new(compiled);
        state.Begin(tokenizer.Encode("<|start|>user<|message|>x<|end|><|start|>assistant", addSpecialTokens: false), mayThink: true);
        Take("<|channel|>analysis<|message|>Any {text} é");
        Assert.Equal(["<|end|>"], s_marks.Where(mark => RandomWriter.Allowed(state).Contains(tokenizer.GetId(mark)!.Value)));
        Take("<|end|>");
        Assert.Equal("<|start|>assistant<|channel|>", tokenizer.Decode(state.ForcedTokens()));
        Take("<|start|>assistant<|channel|>final<|message|>");
        Assert.Equal("yes", tokenizer.Decode(state.ForcedTokens()));
        Take("yes");
        Assert.True(state.IsComplete);

        void Take(string text)
        {
            foreach (int token in tokenizer.Encode(text, addSpecialTokens: false))
            {
                Assert.False(state.Accepts);
                Assert.Contains(token, RandomWriter.Allowed(state));
                state.Accept(token);
            }
        }
    }

    async Task<(ChatTurn Turn, FinishReason End)> Answer(GenerationOptions options)
    {
        var collector = new OutputCollector();
        List<GenerationUpdate> updates = await BuiltInModel.Collect(_model.GenerateAsync([new ChatTurn("user", "What is E4M3?")], options with { Tools = s_tools }));
        collector.Add(updates.SelectMany(update => update.Pieces));
        Assert.Equal(collector.ToTurn().Content ?? "", BuiltInModel.Text(updates));
        return (collector.ToTurn(), updates[^1].FinishReason!.Value);
    }

    static void AssertFits(ChatToolCall call)
    {
        JsonObject arguments = JsonNode.Parse(call.Arguments)!.AsObject();
        if (call.Name == "get_time")
        {
            Assert.Empty(arguments);
        }
        else
        {
            Assert.Contains((string?)Assert.Single(arguments).Value, (string[])["Paris", "Rome"]);
        }
    }
}
