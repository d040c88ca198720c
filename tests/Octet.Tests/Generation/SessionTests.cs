namespace Octet.Tests.Generation;

/// <summary>A session takes one operation at a time, of its own model, until it is disposed of.</summary>
public class SessionTests
{
    static readonly GenerationOptions s_endless = new() { IgnoreEos = true, MaxTokens = 400 };

    [Fact]
    public void A_generation_in_a_session_of_another_model_is_refused_at_once()
    {
        using var one = new SyntheticModel();
        using var two = new SyntheticModel();
        using InferenceSession session = two.Model.CreateSession();
        var error = Assert.Throws<ArgumentException>(() => one.Model.GenerateAsync([1, 2], session));
        Assert.Equal("session", error.ParamName);
        Assert.Contains("of another model", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_session_that_is_disposed_of_computes_nothing()
    {
        using var synthetic = new SyntheticModel();
        InferenceSession session = synthetic.Model.CreateSession();
        session.Evaluate(SyntheticModel.Ids(40), []);
        session.Dispose();
        session.Dispose();

        Assert.Equal((0, 0), (session.Length, session.Sequence.Capacity));
        Assert.Throws<ObjectDisposedException>(() => session.Evaluate([1], []));
        Assert.Throws<ObjectDisposedException>(() => session.Score([1], (_, _) => { }));
        Assert.Throws<ObjectDisposedException>(() => session.Truncate(0));
        Assert.Throws<ObjectDisposedException>(() => session.KeepPrefix([1]));
        Assert.Throws<ObjectDisposedException>(() => synthetic.Model.GenerateAsync([1, 2], session));
        using InferenceSession other = synthetic.Model.CreateSession();
        Assert.Throws<ObjectDisposedException>(() => synthetic.Model.Evaluate([other, session], [1, 2], []));
        Assert.Equal((0, 0), (session.Sequence.Capacity, other.Length));
        other.Evaluate([1], []);
    }

    [Fact]
    public void An_operation_inside_another_one_on_the_same_session_is_refused_and_harms_nothing()
    {
        using var synthetic = new SyntheticModel();
        using InferenceSession session = synthetic.Model.CreateSession();
        using InferenceSession other = synthetic.Model.CreateSession();
        int[] ids = SyntheticModel.Ids(20);
        float[][] rows = new float[ids.Length][];
        session.Score(ids, (position, row) =>
        {
            rows[position] = row.ToArray();
            Assert.Throws<InvalidOperationException>(() => session.Evaluate([1], []));
            Assert.Throws<InvalidOperationException>(() => session.Truncate(1));
            Assert.Throws<InvalidOperationException>(() => session.KeepPrefix([]));
            Assert.Throws<InvalidOperationException>(() => synthetic.Model.Evaluate([other, session], [1, 1], []));
            var error = Assert.Throws<InvalidOperationException>(() => session.Score([1], (_, _) => { }));
            Assert.Contains("Score on it has not ended", error.Message, StringComparison.Ordinal);
        });
        Assert.Equal(synthetic.Alone(ids), rows);
        Assert.Equal((ids.Length, 0), (session.Length, other.Length));
        synthetic.Model.Evaluate([other, session], [1, 1], []);
    }

    [Fact]
    public async Task A_session_is_the_generations_own_while_its_stream_is_read()
    {
        using var synthetic = new SyntheticModel();
        using InferenceSession session = synthetic.Model.CreateSession();
        List<int?> expected = [.. (await BuiltInModel.Collect(synthetic.Model.GenerateAsync([1, 2, 3], null, s_endless))).Select(update => update.TokenId)];
        List<int?> found = [];
        await foreach (GenerationUpdate update in synthetic.Model.GenerateAsync([1, 2, 3], session, s_endless))
        {
            found.Add(update.TokenId);
            if (found.Count < 5)
            {
                var error = Assert.Throws<InvalidOperationException>(() => session.Evaluate([7], []));
                Assert.Contains("GenerateAsync on it has not ended", error.Message, StringComparison.Ordinal);
                await Assert.ThrowsAsync<InvalidOperationException>(() => BuiltInModel.Collect(synthetic.Model.GenerateAsync([1, 2], session)));
            }
        }

        Assert.Equal(expected, found);
        session.Evaluate([7], []);
    }

    [Fact]
    public async Task Two_threads_on_one_session_are_noticed_and_one_of_them_goes_on_unharmed()
    {
        using var synthetic = new SyntheticModel(new() { PrefillChunk = 8 });
        int[] ids = SyntheticModel.Ids(400);
        float[] expected = synthetic.Alone(ids)[^1];
        using InferenceSession session = synthetic.Model.CreateSession();
        float[] logits = new float[session.VocabularySize];
        Task first = Task.Run(() => session.Evaluate(ids, logits), TestContext.Current.CancellationToken);
        SpinWait.SpinUntil(() => session.Length > 0);
        int refused = 0;
        while (!first.IsCompleted)
        {
            try
            {
                session.Truncate(session.Length);
            }
            catch (InvalidOperationException)
            {
                refused++;
            }
        }

        await first;
        Assert.True(refused > 0);
        CallbackTests.AssertClose(expected, logits);
    }

    [Fact]
    public async Task A_session_disposed_of_during_a_wait_computes_nothing_more_and_its_pages_go_to_others_after_it()
    {
        using var synthetic = new SyntheticModel(new() { PrefillChunk = 8, KvCacheBytes = 18 * PageBytes, ContextLength = 512 });
        InferenceSession session = synthetic.Model.CreateSession();
        using InferenceSession blocking = synthetic.Model.CreateSession();
        using var inside = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        session.Evaluate(SyntheticModel.Ids(8), []);
        Task holder = Task.Run(() => blocking.Score([1], (_, _) => { }, (_, _, _, _) =>
        {
            inside.Set();
            go.Wait();
        }, CancellationToken.None));
        inside.Wait(TestContext.Current.CancellationToken);
        Task waiting = Task.Run(() => session.Evaluate(SyntheticModel.Ids(400), []), TestContext.Current.CancellationToken);
        SpinWait.SpinUntil(() => session.Sequence.Capacity > 400);
        session.Dispose();
        int heldMeanwhile = session.Sequence.Capacity;
        go.Set();
        await holder;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        Assert.True(heldMeanwhile >= 408, "pages that an operation may write must not go to others");
        Assert.Equal((0, 0), (session.Sequence.Capacity, session.Length));
        using InferenceSession next = synthetic.Model.CreateSession();
        next.Evaluate(SyntheticModel.Ids(500), []);
    }

    [Fact]
    public async Task Disposing_of_a_session_in_its_own_stream_ends_the_stream()
    {
        using var synthetic = new SyntheticModel();
        InferenceSession session = synthetic.Model.CreateSession();
        int updates = 0;
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (GenerationUpdate update in synthetic.Model.GenerateAsync([1, 2], session, s_endless))
            {
                updates++;
                session.Dispose();
            }
        });
        Assert.InRange(updates, 1, 399);
        Assert.Equal(0, session.Sequence.Capacity);
    }

    [Fact]
    public async Task A_model_disposed_of_during_a_stream_ends_the_stream()
    {
        using var synthetic = new SyntheticModel();
        using InferenceSession session = synthetic.Model.CreateSession();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (GenerationUpdate update in synthetic.Model.GenerateAsync([1, 2], null, s_endless))
            {
                synthetic.Model.Dispose();
            }
        });
        Assert.Throws<ObjectDisposedException>(() => session.Evaluate([1], []));
        Assert.Throws<ObjectDisposedException>(() => session.Score([1], (_, _) => { }));
        Assert.Throws<ObjectDisposedException>(() => synthetic.Model.CreateSession());
        Assert.Throws<ObjectDisposedException>(() => synthetic.Model.Score([1, 2]));
        synthetic.Model.Dispose();
    }

    [Fact]
    public void Logits_of_no_tokens_are_refused()
    {
        using var synthetic = new SyntheticModel();
        using InferenceSession session = synthetic.Model.CreateSession();
        Assert.Contains("no tokens", Assert.Throws<ArgumentException>(() => session.Evaluate([], new float[session.VocabularySize])).Message, StringComparison.Ordinal);
        session.Evaluate([], []);
    }

    // 2 layers x 2 heads x 32 numbers of keys and of values x 32 tokens in float32.
    internal const long PageBytes = 2 * 2 * 32 * 2 * 32 * 4;
}
