using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Tests.Generation;
using Octet.Tests.Reference;
using static Octet.Tests.Scheduling.SchedulerTests;

namespace Octet.Tests.Scheduling;

/// <summary>A model that guesses for another changes nothing but the number of steps, however good it is and whatever becomes of it.</summary>
public class DraftModelTests
{
    static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);

    // Of other weights, and smaller: a page of it is 2 KiB where the model's has 32.
    static readonly SyntheticCheckpoint s_small = new() { Layers = 1, HiddenSize = 64, IntermediateSize = 64, Heads = 2, KeyValueHeads = 1, HeadDim = 8, Seed = 2, Tied = false, HeadSpread = 12 };

    // Logits that are far apart: a model that is sure of its next token, which is another one each time.
    static readonly SyntheticCheckpoint s_model = new() { Tied = false, HeadSpread = 12 };

    static SyntheticModel Plain() => new(checkpoint: s_model);

    /// <summary>A model that guesses in every step, also where that does not pay.</summary>
    static SyntheticModel Guessing(SyntheticModel draft, LanguageModelOptions? options = null)
    {
        var synthetic = new SyntheticModel((options ?? new()) with { Speculation = Speculation.DraftModel, DraftModel = draft.Path }, s_model);
        synthetic.Model.AlwaysGuesses = true;
        return synthetic;
    }

    static void AssertNothingHeld(SyntheticModel guessing)
        => Assert.Equal((0, 0, 0), (guessing.Model.Statistics.Running, guessing.Model.Statistics.PagesInUse, guessing.Model.Draft!.Statistics.PagesInUse));

    [Theory]
    [InlineData(0f)]
    [InlineData(0.7f)]
    public async Task A_model_that_guesses_for_itself_is_always_right_and_nothing_but_the_number_of_steps_changes(float temperature)
    {
        using SyntheticModel plain = Plain();
        using SyntheticModel guessing = Guessing(plain);
        for (int i = 0; i < 3; i++)
        {
            int[] prompt = SyntheticModel.Ids(1 + (40 * i), seed: i);
            GenerationOptions options = Greedy(60) with { Temperature = temperature, Seed = i };
            AssertSame(plain, prompt, await Tokens(plain.Model, prompt, options), await Tokens(guessing.Model, prompt, options));
        }

        EngineStatistics statistics = guessing.Model.Statistics;
        Assert.Equal(plain.Model.Statistics.GeneratedTokens, statistics.GeneratedTokens);
        if (temperature == 0)
        {
            Assert.InRange(statistics.AcceptedTokens, 0.98 * statistics.GuessedTokens, statistics.GuessedTokens);
            Assert.True(statistics.Steps < plain.Model.Statistics.Steps / 2, $"{statistics.Steps} steps with guesses, {plain.Model.Statistics.Steps} without");
        }

        // A token of each answer is drawn from its prompt, and of each step one is not guessed.
        Assert.Equal(statistics.GeneratedTokens - statistics.AcceptedTokens, statistics.Steps - (plain.Model.Statistics.Steps - plain.Model.Statistics.GeneratedTokens));
        AssertNothingHeld(guessing);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public async Task A_model_of_other_weights_guesses_wrong_and_changes_nothing(float temperature)
    {
        using SyntheticModel plain = Plain();
        using var other = new SyntheticModel(checkpoint: s_small);
        using SyntheticModel guessing = Guessing(other);
        for (int i = 0; i < 3; i++)
        {
            int[] prompt = SyntheticModel.Ids(1 + (40 * i), seed: i);
            GenerationOptions options = Greedy(60) with { Temperature = temperature, Seed = i };
            AssertSame(plain, prompt, await Tokens(plain.Model, prompt, options), await Tokens(guessing.Model, prompt, options));
        }

        EngineStatistics statistics = guessing.Model.Statistics;
        Assert.True(statistics.Guesses > 50, $"{statistics.Guesses} guesses");
        Assert.InRange(statistics.AcceptedTokens, 0, statistics.GuessedTokens / 10);
        AssertNothingHeld(guessing);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(9)]
    public async Task Several_at_once_have_the_answers_of_each_alone(int together)
    {
        using SyntheticModel plain = Plain();
        using SyntheticModel guessing = Guessing(plain);
        int[][] prompts = [.. Enumerable.Range(0, together).Select(i => SyntheticModel.Ids(1 + (i * 13), seed: i))];
        int[][] found = await Task.WhenAll(prompts.Select((prompt, i) => Task.Run(() => Tokens(guessing.Model, prompt, Greedy(40 + (10 * i))))));
        for (int i = 0; i < prompts.Length; i++)
        {
            AssertSame(plain, prompts[i], await Tokens(plain.Model, prompts[i], Greedy(40 + (10 * i))), found[i]);
        }

        // Whether guessing pays for so many is measured, and a busy machine may say that it never does.
        Assert.True(guessing.Model.Statistics.AcceptedTokens > 0 || (together > 3 && guessing.Model.Statistics.Guesses == 0));
        AssertNothingHeld(guessing);
    }

    [Fact]
    public async Task Sequences_give_way_with_their_guesses_when_pages_run_out()
    {
        using SyntheticModel plain = Plain();
        using var small = new SyntheticModel(checkpoint: s_small);
        foreach (SyntheticModel draft in (SyntheticModel[])[plain, small])
        {
            // Sixteen pages and an eighth more for the draft model, which is not enough for four texts of one as large as the model.
            using SyntheticModel guessing = Guessing(draft, new() { ContextLength = 256, KvCacheBytes = 19 * SessionTests.PageBytes });
            int[][] prompts = [.. Enumerable.Range(0, 4).Select(i => SyntheticModel.Ids(20, seed: i))];
            int[][] together = await Task.WhenAll(prompts.Select(prompt => Task.Run(() => Tokens(guessing.Model, prompt, Greedy(230)))));
            Assert.True(guessing.Model.Statistics.Preemptions > 0, "nobody gave way");
            Assert.True(guessing.Model.Statistics.Guesses > 0, "nothing was guessed");
            Assert.Null(guessing.Model.Statistics.GuessError);
            for (int i = 0; i < prompts.Length; i++)
            {
                AssertSame(plain, prompts[i], await Tokens(plain.Model, prompts[i], Greedy(230)), together[i]);
            }

            AssertNothingHeld(guessing);
        }
    }

    [Fact]
    public async Task Cancelling_one_of_many_leaves_the_others_and_gives_its_pages_back()
    {
        using SyntheticModel plain = Plain();
        using SyntheticModel guessing = Guessing(plain);
        using var cancellation = new CancellationTokenSource();
        Task<int[]>[] others = [.. Enumerable.Range(0, 2).Select(i => Task.Run(() => Tokens(guessing.Model, [i + 1], Greedy(150))))];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            int read = 0;
            await foreach (GenerationUpdate update in guessing.Model.GenerateAsync([9, 9], null, Greedy(400), cancellation.Token))
            {
                if (++read == 20)
                {
                    await cancellation.CancelAsync();
                }
            }
        });
        Assert.All(await Task.WhenAll(others), tokens => Assert.Equal(150, tokens.Length));
        AssertNothingHeld(guessing);
    }

    [Fact]
    public async Task A_callers_session_holds_what_was_written_and_no_wrong_guess()
    {
        using var other = new SyntheticModel(checkpoint: s_small);
        using SyntheticModel guessing = Guessing(other);
        int[] prompt = SyntheticModel.Ids(36);
        using InferenceSession session = guessing.Model.CreateSession();
        for (int tokens = 1; tokens < 40; tokens += 3)
        {
            int[] written = await Tokens(guessing.Model, prompt, Greedy(tokens) with { Temperature = 1, Seed = tokens }, session);
            Assert.Equal(prompt.Length + written.Length - 1, session.Length);
            Assert.Equal(session.Length, session.KeepPrefix([.. prompt, .. written]));
        }
    }

    [Fact]
    public async Task Behind_the_context_of_the_draft_model_nothing_is_guessed()
    {
        using SyntheticModel plain = Plain();
        using var shorter = new SyntheticModel(checkpoint: s_model with { MaxPositionEmbeddings = 64 });
        using SyntheticModel guessing = Guessing(shorter);
        int[] prompt = SyntheticModel.Ids(40);
        AssertSame(plain, prompt, await Tokens(plain.Model, prompt, Greedy(100)), await Tokens(guessing.Model, prompt, Greedy(100)));
        EngineStatistics statistics = guessing.Model.Statistics;
        Assert.InRange(statistics.AcceptedTokens, 10, 25);
        Assert.Null(statistics.GuessError);

        // One that is too long from the beginning.
        prompt = SyntheticModel.Ids(70);
        AssertSame(plain, prompt, await Tokens(plain.Model, prompt, Greedy(20)), await Tokens(guessing.Model, prompt, Greedy(20)));
        Assert.Equal(statistics.GuessedTokens, guessing.Model.Statistics.GuessedTokens);
        AssertNothingHeld(guessing);
    }

    [Fact]
    public async Task A_long_prompt_is_read_in_chunks_beside_the_answer_and_once_for_all_that_begin_with_it()
    {
        using SyntheticModel plain = Plain();
        using SyntheticModel guessing = Guessing(plain, new() { StepLimit = TimeSpan.FromTicks(1) });
        int[] prompt = SyntheticModel.Ids(200);
        int steps = 0;
        guessing.Model.Draft!.BeforeStep = _ => steps++;
        AssertSame(plain, prompt, await Tokens(plain.Model, prompt, Greedy(60)), await Tokens(guessing.Model, prompt, Greedy(60)));
        EngineStatistics first = guessing.Model.Statistics;

        // Eight tokens with each step of the model, which writes one meanwhile, up to the last sixteen: it guesses behind 27 of 60 tokens.
        Assert.InRange(first.AcceptedTokens, 5, 32);
        Assert.True(steps > 24, $"{steps} steps of the draft model");
        Assert.True(guessing.Model.Draft.Statistics.PagesCached > 0);
        await Tokens(guessing.Model, prompt, Greedy(60));
        Assert.True(guessing.Model.Statistics.AcceptedTokens - first.AcceptedTokens > first.AcceptedTokens);
        AssertNothingHeld(guessing);
    }

    [Fact]
    public async Task A_draft_model_that_fails_is_used_no_more_and_the_answers_go_on()
    {
        using SyntheticModel plain = Plain();
        using SyntheticModel guessing = Guessing(plain);
        int[] prompt = SyntheticModel.Ids(20);
        int steps = 0;
        guessing.Model.Draft!.BeforeStep = _ => _ = ++steps == 10 ? throw new InvalidOperationException("planted") : 0;
        int[] expected = await Tokens(plain.Model, prompt, Greedy(80));
        AssertSame(plain, prompt, expected, await Tokens(guessing.Model, prompt, Greedy(80)));
        Assert.Equal("planted", guessing.Model.Statistics.GuessError);
        AssertSame(plain, prompt, expected, await Tokens(guessing.Model, prompt, Greedy(80)));
        Assert.Equal(10, steps);
        AssertNothingHeld(guessing);
    }

    [Fact]
    public async Task A_model_that_is_disposed_of_ends_what_runs_and_its_draft_model()
    {
        using SyntheticModel plain = Plain();
        SyntheticModel guessing = Guessing(plain);
        Task<int[]>[] running = [.. Enumerable.Range(0, 3).Select(i => Task.Run(() => Tokens(guessing.Model, [i + 1], Greedy(450))))];
        while (guessing.Model.Statistics.Guesses == 0)
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        LanguageModel draft = guessing.Model.Draft!;
        guessing.Dispose();
        foreach (Task<int[]> stream in running)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.WaitAsync(s_long));
        }

        Assert.Throws<ObjectDisposedException>(draft.CreateSession);
    }

    [Fact]
    public async Task Draining_lets_answers_end_with_their_guesses()
    {
        using SyntheticModel plain = Plain();
        using SyntheticModel guessing = Guessing(plain);
        Task<int[]> running = Tokens(guessing.Model, [1, 2], Greedy(50));
        await guessing.Model.DrainAsync(TestContext.Current.CancellationToken).WaitAsync(s_long, TestContext.Current.CancellationToken);
        Assert.Equal(50, (await running).Length);
        AssertNothingHeld(guessing);
    }

    [Fact]
    public async Task It_is_given_up_where_it_makes_answers_slower()
    {
        // All guesses are right, and each takes longer than a step without.
        using SyntheticModel plain = Plain();
        using SyntheticModel guessing = Guessing(plain);
        guessing.Model.AlwaysGuesses = false;
        guessing.Model.Draft!.BeforeStep = _ => Thread.Sleep(10);
        await Tokens(guessing.Model, [1, 2, 3], Greedy(150));
        Assert.InRange(guessing.Model.Statistics.GuessedTokens, 1, 60);
    }

    [Theory]
    [InlineData(Speculation.DraftModel)]
    [InlineData(Speculation.PromptLookup)]
    public async Task Constrained_answers_are_those_without_guesses(Speculation speculation)
    {
        // Tokens that the schema forces are not drawn: not where they were guessed either, or later ones would be drawn otherwise.
        string tiny = BuiltInModel.Path;
        using var guessing = LanguageModel.Load(tiny, new() { Threads = 2, Speculation = speculation, DraftModel = speculation == Speculation.DraftModel ? $"{tiny}-bf16" : null });
        guessing.AlwaysGuesses = true;
        var constraint = OutputConstraint.JsonSchema("""{"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer"}},"required":["name","age"],"additionalProperties":false}""");
        foreach (float temperature in (float[])[0, 1])
        {
            var options = new GenerationOptions { Constraint = constraint, Temperature = temperature, Seed = 5, MaxTokens = 100 };
            List<GenerationUpdate> expected = await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync("Describe E4M3 as JSON.", options));
            Assert.Equal(BuiltInModel.Text(expected), BuiltInModel.Text(await BuiltInModel.Collect(guessing.GenerateAsync("Describe E4M3 as JSON.", options))));
        }

        Assert.True(guessing.Statistics.Guesses > 0);
    }

    [Theory]
    [InlineData(2100)]
    [InlineData(2020)]
    public async Task Rows_of_padding_may_differ(int rows)
    {
        // octet-tiny has 2048.
        using var draft = new TemporaryDirectory();
        (s_small with { VocabSize = rows }).Write(draft.Path);
        File.Copy(Path.Combine(BuiltInModel.Path, "tokenizer.json"), Path.Combine(draft.Path, "tokenizer.json"));
        using var guessing = LanguageModel.Load(BuiltInModel.Path, new() { Threads = 2, Speculation = Speculation.DraftModel, DraftModel = draft.Path });
        guessing.AlwaysGuesses = true;
        var options = new GenerationOptions { Temperature = 0, MaxTokens = 30, IgnoreEos = true };
        Assert.Equal(BuiltInModel.Text(await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync("What is E4M3?", options))), BuiltInModel.Text(await BuiltInModel.Collect(guessing.GenerateAsync("What is E4M3?", options))));
        Assert.True(guessing.Statistics.Guesses > 0);

        // A token that only the model has a row for.
        int[] beyond = [2040, 1, 2];
        Assert.Equal(await Tokens(BuiltInModel.Shared, beyond, options), await Tokens(guessing, beyond, options));
        Assert.Null(guessing.Statistics.GuessError);
    }

    [Fact]
    public void The_memory_of_both_is_planned_together_and_given_back()
    {
        using var directory = new TemporaryDirectory();
        using var small = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(directory.Path);
        s_small.Write(small.Path);
        var memory = new MemoryLedger(8 << 20);
        var options = new LanguageModelOptions { Threads = 1, PrefillChunk = 8, Speculation = Speculation.DraftModel, DraftModel = small.Path };
        using (var model = LanguageModel.Load(directory.Path, options, InstructionSet.Scalar, memory))
        {
            long room = memory.Capacity - memory.WeightBytes - memory.Taken;
            Assert.InRange(model.Draft!.KvCacheBytes, 1, memory.Capacity / 8);
            Assert.InRange(model.KvCacheBytes + model.Draft.KvCacheBytes, room / 2, room + (1 << 20));
            Assert.True(model.KvCacheBytes > 4 * model.Draft.KvCacheBytes);
        }

        Assert.Equal((0, 0), (memory.WeightBytes, memory.Taken));
    }
}
