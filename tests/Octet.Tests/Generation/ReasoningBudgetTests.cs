using Octet.Generation;
using Octet.Tests.Reference;
using Octet.Tokenizers;

namespace Octet.Tests.Generation;

/// <summary>Models that think no longer than they may: octet-tiny, told that it thinks, and tokens by hand.</summary>
public class ReasoningBudgetTests
{
    const string Opened = "<|im_start|>user\nWhat is E4M3?<|im_end|>\n<|im_start|>assistant\n<think>\n";

    static readonly GenerationOptions s_options = new() { Temperature = 0, MaxTokens = 40, IgnoreEos = true, Reasoning = ReasoningMode.Separate };

    static Tokenizer Tiny => BuiltInModel.Shared.Tokenizer!;

    [Theory]
    [InlineData(1, null)]
    [InlineData(6, null)]
    [InlineData(6, 0)]
    public async Task Reasoning_ends_at_its_budget_and_the_answer_goes_on(int budget, int? probabilities)
    {
        List<GenerationUpdate> updates = await Collect(Opened, s_options with { ReasoningBudget = budget, LogProbabilities = probabilities });
        int[] ids = [.. updates.Select(update => update.TokenId).OfType<int>()];
        int[] end = Tiny.Encode("</think>", addSpecialTokens: false);
        Assert.Equal(budget, Array.IndexOf(ids, end[0]));
        Assert.Equal(40, ids.Length);
        Assert.NotEmpty(string.Concat(updates.Select(update => update.Reasoning)));
        Assert.NotEmpty(BuiltInModel.Text(updates));
        Assert.DoesNotContain("think>", BuiltInModel.Text(updates), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_budget_or_with_a_large_one_nothing_changes()
    {
        string free = Whole(await Collect(Opened, s_options));
        Assert.Equal(free, Whole(await Collect(Opened, s_options with { ReasoningBudget = int.MaxValue })));
        Assert.NotEqual(free, Whole(await Collect(Opened, s_options with { ReasoningBudget = 3 })));
    }

    [Fact]
    public async Task A_budget_of_nothing_ends_the_reasoning_at_once()
    {
        List<GenerationUpdate> updates = await Collect(Opened, s_options with { ReasoningBudget = 0 });
        Assert.Equal(Tiny.GetId("</think>"), updates[0].TokenId);
        Assert.Equal("", string.Concat(updates.Select(update => update.Reasoning)));
        Assert.NotEmpty(BuiltInModel.Text(updates));
    }

    [Fact]
    public async Task A_model_that_does_not_think_answers_as_without_a_budget()
    {
        const string Question = "What is the largest value of E4M3?";
        GenerationOptions options = new() { Temperature = 0 };
        string free = Whole(await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync(Question, options)));
        Assert.Equal(free, Whole(await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync(Question, options with { ReasoningBudget = 0 }))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public async Task A_constraint_begins_where_the_budget_ended_the_reasoning(int budget)
    {
        List<GenerationUpdate> updates = await Collect(Opened, s_options with { IgnoreEos = false, ReasoningBudget = budget, Constraint = OutputConstraint.Choice(["yes", "no"]) });
        Assert.Contains(BuiltInModel.Text(updates), (string[])["yes", "no"]);
        Assert.Equal(FinishReason.Stop, updates[^1].FinishReason);
    }

    [Fact]
    public async Task The_end_goes_before_every_other_rule()
    {
        int close = Tiny.GetId("</think>")!.Value;
        List<GenerationUpdate> updates = await Collect(Opened, s_options with { ReasoningBudget = 2, BannedTokenIds = [close], MinTokens = 30 });
        Assert.Equal(close, updates[2].TokenId);
    }

    [Theory]
    [InlineData("<think>", "", "\n\n</think>\n\n")]
    [InlineData("<think>", "\n", "\n</think>\n\n")]
    [InlineData("<think>", "\nWhy", "\n</think>\n\n")]
    [InlineData("<think>", "\nWhy?\n", "</think>\n\n")]
    [InlineData("\n<think>", "", "\n\n</think>\n\n")]
    public void A_model_that_begins_to_think_ends_as_its_template_writes_it(string open, string thought, string end)
    {
        int[] tokens = Tiny.Encode(thought, addSpecialTokens: false);
        ReasoningBudget reasoning = new ReasoningLimit(tokens.Length, Tiny, false, ReasoningSpacing.Lines).Begin();
        reasoning.Begin(Tiny.Encode("<|im_start|>assistant\n", addSpecialTokens: false));
        foreach (int token in (int[])[.. Tiny.Encode(open, addSpecialTokens: false), .. tokens])
        {
            Assert.Null(reasoning.Forced);
            reasoning.Accept(token);
        }

        Assert.Equal(end, Rest(reasoning, Tiny));
    }

    [Theory]
    [InlineData("Yes. <think>")]
    [InlineData("<think>\nWhy?\n</think>\n\nSo")]
    [InlineData("<thinking>")]
    public void What_is_no_reasoning_or_has_ended_costs_nothing(string answer)
    {
        ReasoningBudget reasoning = new ReasoningLimit(9, Tiny, false, ReasoningSpacing.Lines).Begin();
        reasoning.Begin(Tiny.Encode("<|im_start|>assistant\n", addSpecialTokens: false));
        foreach (int token in Tiny.Encode(answer + string.Concat(Enumerable.Repeat(" word", 20)), addSpecialTokens: false))
        {
            reasoning.Accept(token);
            Assert.Null(reasoning.Forced);
        }
    }

    [Fact]
    public void A_character_is_not_cut_in_two()
    {
        using var directory = new TemporaryDirectory();
        ByteTokenizer.Write(directory.Path, ["<think>", "</think>"], null, null);
        Tokenizer bytes = Tokenizer.Load(directory.Path);
        ReasoningBudget reasoning = new ReasoningLimit(2, bytes, false, ReasoningSpacing.None).Begin();
        reasoning.Begin(bytes.Encode("<think>"));
        foreach (int token in "a\u20AC"u8)
        {
            Assert.Null(reasoning.Forced);
            reasoning.Accept(token);
        }

        Assert.Equal(bytes.GetId("</think>"), reasoning.Forced);

        // What never becomes a character does not keep the model thinking.
        reasoning = new ReasoningLimit(1, bytes, false, ReasoningSpacing.None).Begin();
        reasoning.Begin(bytes.Encode("<think>"));
        for (int i = 0; i < 4; i++)
        {
            Assert.Null(reasoning.Forced);
            reasoning.Accept(0xF0);
        }

        Assert.NotNull(reasoning.Forced);
    }

    [Fact]
    public void Channels_end_with_their_message_and_are_not_opened_again()
    {
        Tokenizer tokenizer = Channels();
        ReasoningBudget reasoning = Begin("<|start|>assistant", 3);
        Write("<|channel|>analysis<|message|>Why");
        Assert.Equal("<|end|><|start|>assistant<|channel|>", Rest(reasoning, tokenizer));
        Assert.Equal([(int)'a'], reasoning.Banned.ToArray());
        Write("final<|message|>So it is, and that is long.");
        Assert.True(reasoning.Banned.IsEmpty);
        Assert.Null(reasoning.Forced);

        reasoning = Begin("<|start|>user<|message|>analysis<|end|><|start|>assistant", 0);
        Assert.Null(reasoning.Forced);
        Write("<|channel|>");
        Assert.Equal([(int)'a'], reasoning.Banned.ToArray());

        reasoning = Begin("<|start|>assistant<|channel|>analysis<|message|>I begin", 0);
        Assert.Equal("<|end|><|start|>assistant<|channel|>", Rest(reasoning, tokenizer));

        // All messages of the channel count together.
        reasoning = Begin("<|start|>assistant", 5);
        Write("<|channel|>analysis<|message|>abc<|end|><|start|>assistant<|channel|>");
        Assert.True(reasoning.Banned.IsEmpty);
        Write("analysis<|message|>de");
        Assert.NotNull(reasoning.Forced);

        ReasoningBudget Begin(string prompt, int budget)
        {
            ReasoningBudget begun = new ReasoningLimit(budget, tokenizer, true, ReasoningSpacing.None).Begin();
            begun.Begin(tokenizer.Encode(prompt));
            return begun;
        }

        void Write(string text)
        {
            foreach (int token in tokenizer.Encode(text))
            {
                Assert.Null(reasoning.Forced);
                reasoning.Accept(token);
            }
        }
    }

    [Fact]
    public void What_the_sampler_would_draw_does_not_matter_where_the_reasoning_is_over()
    {
        var settings = new GenerationSettings { ReasoningLimit = new ReasoningLimit(0, Tiny, false, ReasoningSpacing.Lines), Temperature = 1, Seed = 1 };
        var sampler = new Sampler(settings, Tiny.VocabularySize);
        sampler.AddPrompt(Tiny.Encode(Opened, addSpecialTokens: false));
        int[] forced = sampler.ForcedTokens();
        Assert.Equal(sampler.Sample(new float[Tiny.VocabularySize]), Assert.Single(forced));
        sampler.Accept(Tiny.GetId("a")!.Value);
        Assert.Empty(sampler.ForcedTokens());
    }

    [Theory]
    [InlineData("user: x\nassistant: <think>\nthought\n</think>\n\nanswer", "\n", "\n", "\n\n")]
    [InlineData("[THINK]thought[/THINK]answer", "", "", "")]
    [InlineData("<think>\n\n\nthought\n</think>\n \nanswer", "\n\n", "\n", "\n")]
    public void Spacing_is_what_the_template_writes(string text, string behindOpen, string beforeClose, string behindClose)
        => Assert.Equal(new ReasoningSpacing(behindOpen, beforeClose, behindClose), ReasoningSpacing.Find(text, "thought", "answer"));

    [Theory]
    [InlineData("answer")]
    [InlineData("thought answer")]
    [InlineData("answer thought")]
    public void A_template_that_leaves_reasoning_out_has_no_spacing(string text) => Assert.Null(ReasoningSpacing.Find(text, "thought", "answer"));

    [Fact]
    public void A_budget_below_zero_is_refused()
        => Assert.Throws<ArgumentOutOfRangeException>("ReasoningBudget", () => new GenerationOptions { ReasoningBudget = -1 }.Validate());

    static Tokenizer Channels()
    {
        using var directory = new TemporaryDirectory();
        ByteTokenizer.Write(directory.Path, ["<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|call|>", "<|return|>", "<|constrain|>"], null, null);
        return Tokenizer.Load(directory.Path);
    }

    static string Rest(ReasoningBudget reasoning, Tokenizer tokenizer)
    {
        List<int> forced = [];
        while (reasoning.Forced is { } token)
        {
            forced.Add(token);
            reasoning.Accept(token);
        }

        return tokenizer.Decode([.. forced]);
    }

    static Task<List<GenerationUpdate>> Collect(string prompt, GenerationOptions options)
        => BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync(Tiny.Encode(prompt, addSpecialTokens: false), null, options));

    static string Whole(List<GenerationUpdate> updates) => string.Join(',', updates.Select(update => update.TokenId));
}
