using Octet.Generation;
using Octet.Tests.Reference;
using Octet.Tokenizers;

namespace Octet.Tests.Generation;

/// <summary>Tokens that a model could write, as octet-tiny's tokenizer has them; special are &lt;|im_start|&gt;, &lt;|im_end|&gt; and &lt;|endoftext|&gt;.</summary>
public class AnswerTextTests
{
    static Tokenizer Tokenizer => BuiltInModel.Shared.Tokenizer!;

    [Fact]
    public void A_stop_string_that_is_a_special_token_ends_the_text_before_it()
        => Assert.Equal(("Done.", "<|im_end|>"), Text("Done.<|im_end|> and on", new() { StopStrings = ["<|im_end|>"] }));

    [Theory]
    [InlineData("one\n<|im_start|>two", "\n<|im_start|>", "one")]
    [InlineData("one<|im_end|>\ntwo", "<|im_end|>\n", "one")]
    [InlineData("one<|im_end|><|im_start|>two", "<|im_end|><|im_start|>", "one")]
    [InlineData("one<|im_end|> two", "<|im_end|>\n", null)]
    [InlineData("one<|im_end|>two", "end|>tw", null)]
    [InlineData("one<|im_end|>two", "onetw", "")]
    public void A_stop_string_that_holds_a_special_token_is_looked_for_in_all_that_the_model_wrote(string written, string stop, string? expected)
        => Assert.Equal(expected is null ? ("one" + (written.Contains(' ') ? " two" : "two"), null) : (expected, stop), Text(written, new() { StopStrings = [stop] }));

    [Theory]
    [InlineData("one\n<|im_start|>two", "one\n<|im_start|>two", "none")]
    [InlineData("one\n<|im_start|>two", "one", "\n<|im_start|>")]
    [InlineData("one<|im_start|>two", "one<|im_st", "art|>t")]
    [InlineData("one<|im_end|>", "one", "<|im_end|>")]
    public void Special_tokens_that_are_kept_are_text_like_any_other(string written, string expected, string stop)
        => Assert.Equal(expected, Text(written, new() { StopStrings = [stop], SkipSpecialTokens = false }).Text);

    [Fact]
    public void Special_tokens_are_left_out_unless_they_are_wanted()
    {
        Assert.Equal(("ab", null), Text("a<|im_start|>b", new()));
        Assert.Equal(("a<|im_start|>b", null), Text("a<|im_start|>b", new() { SkipSpecialTokens = false }));
    }

    [Theory]
    [InlineData(ReasoningMode.Keep, "<think>\nhm\n</think>\n\nYes.", "")]
    [InlineData(ReasoningMode.Separate, "Yes.", "hm")]
    [InlineData(ReasoningMode.Hide, "Yes.", "")]
    public void Reasoning_is_kept_set_apart_or_left_out(ReasoningMode mode, string text, string reasoning)
        => Assert.Equal((text, reasoning), Split("<think>\nhm\n</think>\n\nYes.", "<|im_start|>assistant\n", mode));

    [Theory]
    [InlineData("<|im_start|>assistant\n<think>\n", true)]
    [InlineData("<|im_start|>assistant\n<think>\nI begin", true)]
    [InlineData("<|im_start|>assistant\n<think>\n\n</think>\n\n", false)]
    [InlineData("<|im_start|>user\nwhat is <think>?<|im_end|>\n<|im_start|>assistant\n", false)]
    [InlineData("<|im_start|>user\nwhat is <think><|im_end|>\n<|im_start|>assistant\n<think>\n", true)]
    [InlineData("Plain text about <think> and more", false)]
    [InlineData("Plain text <think>\n", true)]
    public void Reasoning_that_the_prompt_left_open_goes_on(string prompt, bool isOpen)
        => Assert.Equal(isOpen ? ("Yes.", "hm") : ("hm</think>Yes.", ""), Split("hm</think>Yes.", prompt, ReasoningMode.Separate));

    [Fact]
    public void Marks_that_are_special_tokens_count_too()
    {
        using var copy = new TinyCopy().MarkSpecial("<think>", "</think>");
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(copy.Path, "tokenizer.json"));

        Assert.Equal(("Yes.", "hm"), Split("<think>hm</think>Yes.", "<|im_start|>assistant\n", ReasoningMode.Separate, tokenizer));
        Assert.Equal(("Yes.", "hm"), Split("hm</think>Yes.", "<|im_start|>assistant\n<think>\n", ReasoningMode.Separate, tokenizer));
        Assert.Equal(("hmYes.", ""), Split("<think>hm</think>Yes.", "<|im_start|>assistant\n", ReasoningMode.Keep, tokenizer));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Calls_come_apart_whether_or_not_their_marks_are_special_tokens(bool isSpecial)
    {
        using var copy = new TinyCopy();
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(isSpecial ? copy.MarkSpecial("<tool_call>", "</tool_call>").Path : copy.Path, "tokenizer.json"));
        OutputFormat format = BuiltInModel.Shared.OutputFormat;
        Assert.Equal("hermes", format.Name);
        var answer = new AnswerText(new() { ToolCalls = ToolCallMode.Separate }, tokenizer, tokenizer.Encode("<|im_start|>assistant\n"), format);
        var collector = new OutputCollector();
        foreach (int id in tokenizer.Encode("So.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>"))
        {
            collector.Add(answer.Append(id).Pieces!);
        }

        collector.Add(answer.Flush().Pieces!);
        ChatTurn turn = collector.ToTurn();
        Assert.Equal("So.", turn.Content);
        Assert.Equal([new ChatToolCall("f", "{\"a\": 1}")], turn.ToolCalls!);
    }

    [Theory]
    [InlineData("<|start|>assistant", "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes.", "Yes.|hm|")]
    [InlineData("<|start|>user<|message|>Hi<|end|><|start|>assistant", " to=functions.f<|channel|>commentary <|constrain|>json<|message|>{\"a\": 1}", "||f{\"a\": 1}")]
    [InlineData("<|start|>assistant<|channel|>analysis<|message|>I", " think<|end|><|start|>assistant<|channel|>final<|message|>Yes.", "Yes.| think|")]
    [InlineData("no message", "Yes.", "Yes.||")]
    public void Messages_of_harmony_go_on_where_the_prompt_left_off(string prompt, string written, string expected)
    {
        using var copy = new TinyCopy().AddSpecial("<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|call|>");
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(copy.Path, "tokenizer.json"));
        OutputFormat format = OutputFormat.All[0];
        Assert.Equal("harmony", format.Name);
        var answer = new AnswerText(new() { Reasoning = ReasoningMode.Separate, ToolCalls = ToolCallMode.Separate }, tokenizer, tokenizer.Encode(prompt), format);
        var collector = new OutputCollector();
        foreach (int id in tokenizer.Encode(written))
        {
            collector.Add(answer.Append(id).Pieces!);
        }

        collector.Add(answer.Flush().Pieces!);
        ChatTurn turn = collector.ToTurn();
        Assert.Equal(expected, $"{turn.Content}|{turn.ReasoningContent}|{string.Concat((turn.ToolCalls ?? []).Select(static call => call.Name + call.Arguments))}");
    }

    [Fact]
    public void A_stop_string_counts_in_the_reasoning_too()
    {
        var answer = new AnswerText(new() { StopStrings = ["STOP"], Reasoning = ReasoningMode.Separate }, Tokenizer, [1]);
        string reasoning = string.Concat(Tokenizer.Encode("<think>one STOP two</think>three").Select(id => answer.Append(id).Reasoning)) + answer.Flush().Reasoning;

        Assert.Equal(("one", "STOP"), (reasoning.TrimEnd(), answer.Stop));
    }

    static (string Text, string? Stop) Text(string written, GenerationSettings settings)
    {
        var answer = new AnswerText(settings, Tokenizer, [1]);
        string text = "";
        foreach (int id in Tokenizer.Encode(written))
        {
            text += answer.Append(id).Text;
        }

        return (text + answer.Flush().Text, answer.Stop);
    }

    static (string Text, string Reasoning) Split(string written, string prompt, ReasoningMode mode, Tokenizer? tokenizer = null)
    {
        tokenizer ??= Tokenizer;
        var answer = new AnswerText(new() { Reasoning = mode }, tokenizer, tokenizer.Encode(prompt));
        (string text, string reasoning) = ("", "");
        foreach (int id in tokenizer.Encode(written))
        {
            AnswerPart part = answer.Append(id);
            text += part.Text;
            reasoning += part.Reasoning;
        }

        AnswerPart last = answer.Flush();
        return (text + last.Text, reasoning + last.Reasoning);
    }
}
