using Octet.Backends;
using Octet.Tests.Generation;
using Octet.Tests.Reference;

namespace Octet.Tests.Scheduling;

/// <summary>Generations of many callers at once: each has the answer that it would have alone, none waits for ever, nothing is lost.</summary>
public class SchedulerTests
{
    static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);

    internal static GenerationOptions Greedy(int tokens) => new() { IgnoreEos = true, MaxTokens = tokens, Temperature = 0 };

    internal static async Task<int[]> Tokens(LanguageModel model, int[] prompt, GenerationOptions options, InferenceSession? session = null)
        => [.. (await BuiltInModel.Collect(model.GenerateAsync(prompt, session, options)).WaitAsync(s_long)).Select(update => update.TokenId!.Value)];

    [Theory]
    [InlineData(64, 64)]
    [InlineData(7, 64)]
    [InlineData(1, 3)]
    [InlineData(64, 2)]
    public async Task Many_at_once_have_the_answers_of_each_alone(int chunk, int sequences)
    {
        using var synthetic = new SyntheticModel(new() { PrefillChunk = chunk, MaxSequences = sequences });
        int[][] prompts = [.. Enumerable.Range(0, 12).Select(i => SyntheticModel.Ids(1 + (i * 9), seed: i))];
        int[][] alone = new int[prompts.Length][];
        for (int i = 0; i < prompts.Length; i++)
        {
            using InferenceSession session = synthetic.Model.CreateSession();
            alone[i] = await Tokens(synthetic.Model, prompts[i], Greedy(20 + i), session);
        }

        int[][] together = await Task.WhenAll(prompts.Select((prompt, i) => Task.Run(() => Tokens(synthetic.Model, prompt, Greedy(20 + i)))));
        for (int i = 0; i < prompts.Length; i++)
        {
            AssertSame(synthetic, prompts[i], alone[i], together[i]);
        }

        EngineStatistics statistics = synthetic.Model.Statistics;
        Assert.Equal((0, 0, 0), (statistics.Running, statistics.Waiting, statistics.PagesInUse));
    }

    [Fact]
    public async Task Sequences_give_way_when_pages_run_out_and_end_as_if_they_had_not()
    {
        // Room for two of full length; four of some 250 tokens each want a page with every 32 of them.
        using var synthetic = new SyntheticModel(new() { ContextLength = 256, KvCacheBytes = 16 * SessionTests.PageBytes });
        int[][] prompts = [.. Enumerable.Range(0, 4).Select(i => SyntheticModel.Ids(20, seed: i))];
        int[][] together = await Task.WhenAll(prompts.Select(prompt => Task.Run(() => Tokens(synthetic.Model, prompt, Greedy(230)))));
        Assert.True(synthetic.Model.Statistics.Preemptions > 0, "nobody gave way");
        Assert.Equal(0, synthetic.Model.Statistics.PagesInUse);
        for (int i = 0; i < prompts.Length; i++)
        {
            AssertSame(synthetic, prompts[i], await Tokens(synthetic.Model, prompts[i], Greedy(230)), together[i]);
        }
    }

    [Fact]
    public async Task A_prompt_that_was_read_before_is_not_computed_again()
    {
        using var synthetic = new SyntheticModel();
        int[] prompt = SyntheticModel.Ids(100);
        int[] first = await Tokens(synthetic.Model, prompt, Greedy(5));
        List<GenerationUpdate> updates = await BuiltInModel.Collect(synthetic.Model.GenerateAsync(prompt, null, Greedy(5)));
        Assert.Equal(96, updates[^1].Statistics!.Value.Usage.CachedTokens);
        Assert.Equal(first, updates.Select(update => update.TokenId!.Value));

        // What was written counts too.
        int[] longer = [.. prompt, .. await Tokens(synthetic.Model, prompt, Greedy(60)), 3];
        updates = await BuiltInModel.Collect(synthetic.Model.GenerateAsync(longer, null, Greedy(1)));
        Assert.Equal(128, updates[^1].Statistics!.Value.Usage.CachedTokens);
        Assert.Equal(0, synthetic.Model.Statistics.PagesInUse);
        Assert.True(synthetic.Model.Statistics.PagesCached > 0);
    }

    [Fact]
    public async Task Nobody_learns_what_those_of_another_salt_have_read()
    {
        using var synthetic = new SyntheticModel();
        int[] prompt = SyntheticModel.Ids(100);
        await Tokens(synthetic.Model, prompt, Greedy(2) with { CacheSalt = "one" });
        Assert.Equal(0, await Cached("two"));
        Assert.Equal(0, await Cached(null));
        Assert.Equal(96, await Cached("one"));

        async Task<int> Cached(string? salt)
            => (await BuiltInModel.Collect(synthetic.Model.GenerateAsync(prompt, null, Greedy(1) with { CacheSalt = salt })))[^1].Statistics!.Value.Usage.CachedTokens;
    }

    [Fact]
    public async Task Answers_to_one_prompt_that_are_asked_for_at_once_compute_it_once()
    {
        using var synthetic = new SyntheticModel(new() { PrefillChunk = 32 });
        int[] prompt = SyntheticModel.Ids(200);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => Tokens(synthetic.Model, prompt, Greedy(4) with { Temperature = 1, Seed = i }))));
        Assert.Equal((200 + (5 * 8), 5 * 192), (synthetic.Model.Statistics.PromptTokens, synthetic.Model.Statistics.CachedPromptTokens));
    }

    [Fact]
    public async Task A_model_with_a_full_line_refuses_and_says_when_to_try_again()
    {
        using var synthetic = new SyntheticModel(new() { MaxSequences = 1, MaxWaiting = 1 });
        using var next = new ManualResetEventSlim();
        int steps = 0;
        synthetic.Model.BeforeStep = _ => HoldAfterFirst(ref steps, next);
        IAsyncEnumerator<GenerationUpdate> running = await Begin(synthetic.Model, [1, 2]);
        Task<int[]> waiting = Tokens(synthetic.Model, [3], Greedy(2));
        var full = await Assert.ThrowsAsync<ModelException>(() => Tokens(synthetic.Model, [4], Greedy(2)));
        Assert.Equal(ModelError.Busy, full.Error);
        Assert.True(full.RetryAfter >= TimeSpan.FromSeconds(1));
        Assert.Contains("1 requests run and 1 wait", full.Message);
        next.Set();
        await running.DisposeAsync();
        Assert.Equal(2, (await waiting).Length);
        Assert.Equal(2, (await Tokens(synthetic.Model, [4], Greedy(2))).Length);
    }

    [Fact]
    public async Task The_higher_priority_goes_first()
    {
        using var synthetic = new SyntheticModel(new() { MaxSequences = 1 });
        using var next = new ManualResetEventSlim();
        InferenceSession[] sessions = [.. Enumerable.Range(0, 4).Select(_ => synthetic.Model.CreateSession())];
        List<int> order = [];
        int steps = 0;
        synthetic.Model.BeforeStep = _ =>
        {
            HoldAfterFirst(ref steps, next);
            order.AddRange(Enumerable.Range(0, 4).Where(i => sessions[i].Length > 0 && !order.Contains(i)));
        };
        IAsyncEnumerator<GenerationUpdate> running = await Begin(synthetic.Model, [1, 2]);
        int[] priorities = [0, 5, 0, 9];
        Task<int[]>[] waiting = [.. priorities.Select((priority, i) => Tokens(synthetic.Model, [5 + i], Greedy(5) with { Priority = priority }, sessions[i]))];
        Assert.Equal(4, synthetic.Model.Statistics.Waiting);
        next.Set();
        await running.DisposeAsync();
        await Task.WhenAll(waiting);
        Assert.Equal([3, 1, 0, 2], order);
    }

    [Fact]
    public async Task A_reader_that_does_not_read_holds_up_nobody()
    {
        using var synthetic = new SyntheticModel();
        IAsyncEnumerator<GenerationUpdate> slow = await Begin(synthetic.Model, [1, 2]);
        Assert.Equal(100, (await Tokens(synthetic.Model, [3, 4], Greedy(100))).Length);
        long ahead = synthetic.Model.Statistics.GeneratedTokens - 100;
        Assert.InRange(ahead, 1, 65);
        int read = 1;
        while (read < 400 && await slow.MoveNextAsync())
        {
            read++;
        }

        Assert.Equal(400, read);
        await slow.DisposeAsync();
        Assert.Equal(0, synthetic.Model.Statistics.PagesInUse);
    }

    /// <summary>With one place, and with room in the cache for one of both.</summary>
    [Theory]
    [InlineData(false, 32, false)]
    [InlineData(false, 8, true)]
    [InlineData(true, 32, false)]
    public async Task A_place_and_pages_of_one_who_does_not_read_are_given_to_those_who_wait(bool isDeterministic, int pages, bool takesPages)
    {
        using var synthetic = new SyntheticModel(new() { MaxSequences = 1, ContextLength = 256, KvCacheBytes = pages * SessionTests.PageBytes, Deterministic = isDeterministic });
        int[] alone = await Tokens(synthetic.Model, [1, 2], Greedy(230));
        IAsyncEnumerator<GenerationUpdate> slow = synthetic.Model.GenerateAsync([1, 2], null, Greedy(230)).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await slow.MoveNextAsync());
        List<int> read = [slow.Current.TokenId!.Value];
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(240, (await Tokens(synthetic.Model, [3 + i, 4], Greedy(240)).WaitAsync(s_long, TestContext.Current.CancellationToken)).Length);
        }

        Assert.Equal(takesPages, synthetic.Model.Statistics.Preemptions > 0);
        while (await slow.MoveNextAsync())
        {
            read.Add(slow.Current.TokenId!.Value);
        }

        await slow.DisposeAsync();
        AssertSame(synthetic, [1, 2], alone, [.. read]);
        Assert.Equal((0, 0, 0), (synthetic.Model.Statistics.Running, synthetic.Model.Statistics.Waiting, synthetic.Model.Statistics.PagesInUse));
    }

    [Fact]
    public async Task A_step_that_fails_ends_all_of_it_with_the_error_and_the_next_ones_go_on()
    {
        using var synthetic = new SyntheticModel();
        var error = new InvalidOperationException("planted");
        synthetic.Model.BeforeStep = sequences => _ = sequences == 3 ? throw error : 0;
        Task<int[]>[] running = [.. Enumerable.Range(0, 3).Select(i => Task.Run(() => Tokens(synthetic.Model, [i + 1], Greedy(450))))];
        foreach (Task<int[]> stream in running)
        {
            Assert.Same(error, await Assert.ThrowsAsync<InvalidOperationException>(() => stream));
        }

        synthetic.Model.BeforeStep = null;
        Assert.Equal(5, (await Tokens(synthetic.Model, [1, 2], Greedy(5))).Length);
        Assert.Equal((0, 0, 0), (synthetic.Model.Statistics.Running, synthetic.Model.Statistics.Waiting, synthetic.Model.Statistics.PagesInUse));
    }

    [Fact]
    public async Task A_model_that_is_disposed_of_ends_those_that_run_and_those_that_wait()
    {
        var synthetic = new SyntheticModel(new() { MaxSequences = 1 });
        synthetic.Model.BeforeStep = s_slowly;
        IAsyncEnumerator<GenerationUpdate> running = await Begin(synthetic.Model, [1, 2]);
        Task<int[]> waiting = Tokens(synthetic.Model, [3], Greedy(400));
        synthetic.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ReadAll(running).WaitAsync(s_long));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Tokens(synthetic.Model, [3], Greedy(4)));
    }

    [Fact]
    public async Task A_time_limit_ends_an_answer_with_what_there_is_of_it_and_one_that_waits()
    {
        using var synthetic = new SyntheticModel(new() { MaxSequences = 1 });
        synthetic.Model.BeforeStep = s_slowly;
        IAsyncEnumerator<GenerationUpdate> running = await Begin(synthetic.Model, [1, 2]);
        List<GenerationUpdate> waited = await BuiltInModel.Collect(synthetic.Model.GenerateAsync([3], null, Greedy(4) with { TimeLimit = TimeSpan.FromMilliseconds(30) })).WaitAsync(s_long);
        Assert.Equal((FinishReason.TimeLimit, 0), (waited.Single().FinishReason, waited.Single().Statistics!.Value.Usage.CompletionTokens));
        await running.DisposeAsync();
        synthetic.Model.BeforeStep = null;
        List<GenerationUpdate> cut = await BuiltInModel.Collect(synthetic.Model.GenerateAsync([3], null, new() { IgnoreEos = true, TimeLimit = TimeSpan.FromMilliseconds(2) })).WaitAsync(s_long);
        Assert.Contains(cut[^1].FinishReason, new FinishReason?[] { FinishReason.TimeLimit, FinishReason.Length });
    }

    [Fact]
    public async Task Draining_lets_those_that_run_end_and_takes_no_more()
    {
        using var synthetic = new SyntheticModel();
        Task<int[]> running = Tokens(synthetic.Model, [1, 2], Greedy(50));
        Task drained = synthetic.Model.DrainAsync(TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<ModelException>(() => Tokens(synthetic.Model, [4], Greedy(2)));
        Assert.Equal((ModelError.Busy, null), (refused.Error, refused.RetryAfter));
        await drained.WaitAsync(s_long, TestContext.Current.CancellationToken);
        Assert.Equal(50, (await running).Length);
    }

    [Fact]
    public async Task Cancelling_one_of_many_leaves_the_others()
    {
        using var synthetic = new SyntheticModel();
        using var cancellation = new CancellationTokenSource();
        Task<int[]>[] others = [.. Enumerable.Range(0, 3).Select(i => Task.Run(() => Tokens(synthetic.Model, [i + 1], Greedy(200))))];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationUpdate update in synthetic.Model.GenerateAsync([9, 9], null, Greedy(400), cancellation.Token))
            {
                await cancellation.CancelAsync();
            }
        });
        Assert.All(await Task.WhenAll(others), tokens => Assert.Equal(200, tokens.Length));
        Assert.Equal(0, synthetic.Model.Statistics.PagesInUse);
    }

    [Fact]
    public async Task Answers_of_a_deterministic_model_are_the_same_bit_for_bit_whatever_else_runs()
    {
        using var synthetic = new SyntheticModel(new() { Deterministic = true, PrefillChunk = 16 });
        int[] prompt = SyntheticModel.Ids(75);
        GenerationOptions options = Greedy(40) with { LogProbabilities = 3 };
        TokenLogProbability[] alone = await Probabilities();
        Task<int[]>[] others = [.. Enumerable.Range(0, 5).Select(i => Task.Run(() => Tokens(synthetic.Model, SyntheticModel.Ids(10 + (i * 20), seed: i), Greedy(50))))];
        TokenLogProbability[] among = await Probabilities();
        await Task.WhenAll(others);
        Assert.Equal(alone.Select(token => (token.TokenId, token.LogProbability)), among.Select(token => (token.TokenId, token.LogProbability)));
        Assert.Equal(alone.SelectMany(token => token.Alternatives), among.SelectMany(token => token.Alternatives));

        async Task<TokenLogProbability[]> Probabilities()
            => [.. (await BuiltInModel.Collect(synthetic.Model.GenerateAsync(prompt, null, options))).Select(update => update.LogProbability!.Value)];
    }

    [Fact]
    public async Task Probabilities_are_those_of_the_models_own_logits()
    {
        using var synthetic = new SyntheticModel();
        int[] prompt = SyntheticModel.Ids(10);
        List<GenerationUpdate> updates = await BuiltInModel.Collect(synthetic.Model.GenerateAsync(
            prompt, null, Greedy(5) with { LogProbabilities = 4, AllowedTokenIds = [7] }));
        float[][] rows = synthetic.Alone([.. prompt, .. updates.Select(update => update.TokenId!.Value)]);
        for (int i = 0; i < updates.Count; i++)
        {
            TokenLogProbability found = updates[i].LogProbability!.Value;
            float[] row = rows[prompt.Length - 1 + i];
            double total = row.Max() + Math.Log(row.Sum(logit => Math.Exp(logit - row.Max())));
            Assert.Equal(7, found.TokenId);
            Assert.Equal(row[7] - total, found.LogProbability, 1e-3);
            int[] likeliest = [.. Enumerable.Range(0, row.Length).OrderByDescending(id => row[id]).Take(4)];
            Assert.Equal(likeliest, found.Alternatives.Select(alternative => alternative.TokenId));
            Assert.All(found.Alternatives, alternative => Assert.Equal(row[alternative.TokenId] - total, alternative.LogProbability, 1e-3));
        }
    }

    [Fact]
    public async Task A_session_of_a_callers_own_that_does_not_fit_is_said_to_and_stays()
    {
        using var synthetic = new SyntheticModel(new() { ContextLength = 256, KvCacheBytes = 16 * SessionTests.PageBytes });
        using InferenceSession holding = synthetic.Model.CreateSession();
        holding.Evaluate(SyntheticModel.Ids(256), [], TestContext.Current.CancellationToken);
        using InferenceSession second = synthetic.Model.CreateSession();
        second.Evaluate(SyntheticModel.Ids(200), [], TestContext.Current.CancellationToken);
        var full = await Assert.ThrowsAsync<ModelException>(() => Tokens(synthetic.Model, SyntheticModel.Ids(100, seed: 4), Greedy(2)));
        Assert.Equal(ModelError.Full, full.Error);
        holding.Truncate(0);
        Assert.Equal(2, (await Tokens(synthetic.Model, SyntheticModel.Ids(100, seed: 4), Greedy(2))).Length);
    }

    [Fact]
    public async Task Hundreds_of_requests_that_come_and_go_leave_nothing_behind()
    {
        using var synthetic = new SyntheticModel(new() { ContextLength = 128, KvCacheBytes = 12 * SessionTests.PageBytes, MaxSequences = 5, PrefillChunk = 16 });
        var random = new Random(3);
        Task[] requests = [.. Enumerable.Range(0, 300).Select(i =>
        {
            int[] prompt = SyntheticModel.Ids(random.Next(1, 70), seed: random.Next(4));
            int tokens = random.Next(1, 50);
            int leave = random.Next(3) == 0 ? random.Next(tokens) : tokens;
            return Task.Run(async () =>
            {
                int read = 0;
                await foreach (GenerationUpdate update in synthetic.Model.GenerateAsync(prompt, null, Greedy(tokens)))
                {
                    if (++read > leave)
                    {
                        break;
                    }
                }
            });
        })];
        await Task.WhenAll(requests).WaitAsync(s_long, TestContext.Current.CancellationToken);
        EngineStatistics statistics = synthetic.Model.Statistics;
        Assert.Equal((0, 0, 0, 300), (statistics.Running, statistics.Waiting, statistics.PagesInUse, statistics.Finished));
    }

    [Fact]
    public async Task Guessed_tokens_change_nothing_but_the_number_of_steps()
    {
        using var plain = new SyntheticModel();
        using var guessing = new SyntheticModel(new() { Speculation = Speculation.PromptLookup });
        for (int i = 0; i < 4; i++)
        {
            // The prompt repeats itself, and so does what such a model writes.
            int[] prompt = [.. Enumerable.Repeat(SyntheticModel.Ids(9, seed: i), 4).SelectMany(ids => ids)];
            foreach (float temperature in (float[])[0, 0.3f])
            {
                GenerationOptions options = Greedy(120) with { Temperature = temperature, Seed = i };
                AssertSame(plain, prompt, await Tokens(plain.Model, prompt, options), await Tokens(guessing.Model, prompt, options));
            }
        }

        Assert.Equal(plain.Model.Statistics.GeneratedTokens, guessing.Model.Statistics.GeneratedTokens);
        Assert.True(guessing.Model.Statistics.Steps < plain.Model.Statistics.Steps, $"{guessing.Model.Statistics.Steps} steps with guesses, {plain.Model.Statistics.Steps} without");
        Assert.Equal(0, guessing.Model.Statistics.PagesInUse);
    }

    [Fact]
    public async Task A_session_holds_what_was_written_and_no_wrong_guess()
    {
        using var guessing = new SyntheticModel(new() { Speculation = Speculation.PromptLookup });
        int[] prompt = [.. Enumerable.Repeat(SyntheticModel.Ids(9), 4).SelectMany(ids => ids)];
        using InferenceSession session = guessing.Model.CreateSession();
        for (int tokens = 1; tokens < 40; tokens += 3)
        {
            int[] written = await Tokens(guessing.Model, prompt, Greedy(tokens) with { Temperature = 1, Seed = tokens }, session);
            Assert.Equal(prompt.Length + written.Length - 1, session.Length);
            Assert.Equal(session.Length, session.KeepPrefix([.. prompt, .. written]));
        }
    }

    // Who is not read gives its place away after some tokens: these do not come to that.
    static readonly Action<int> s_slowly = static _ => Thread.Sleep(20);

    static void HoldAfterFirst(ref int steps, ManualResetEventSlim next)
    {
        if (steps++ > 0)
        {
            next.Wait(s_long);
        }
    }

    static async Task<IAsyncEnumerator<GenerationUpdate>> Begin(LanguageModel model, int[] prompt)
    {
        IAsyncEnumerator<GenerationUpdate> stream = model.GenerateAsync(prompt, null, Greedy(400)).GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync());
        return stream;
    }

    static async Task<int> ReadAll(IAsyncEnumerator<GenerationUpdate> stream)
    {
        int read = 0;
        while (await stream.MoveNextAsync())
        {
            read++;
        }

        return read;
    }

    /// <summary>Where two differ, the model itself must find both tokens all but equally likely: sums in another order.</summary>
    internal static void AssertSame(SyntheticModel synthetic, int[] prompt, int[] expected, int[] found)
    {
        int same = expected.AsSpan().CommonPrefixLength(found);
        if (same == expected.Length && same == found.Length)
        {
            return;
        }

        float[] row = synthetic.Alone([.. prompt, .. expected.Take(same)])[^1];
        Assert.Equal(row[expected[same]], row[found[same]], 1e-4f);
    }
}
