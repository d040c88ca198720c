using Octet.Backends;

namespace Octet.Tests.Generation;

/// <summary>A cancellation is noticed between layers and in a wait, leaves what was computed before, and says whose it was.</summary>
public class CancellationTests
{
    static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);

    [Fact]
    public void It_is_noticed_after_the_layer_that_is_being_computed()
    {
        using var synthetic = new SyntheticModel();
        using InferenceSession session = synthetic.Model.CreateSession();
        using var cancellation = new CancellationTokenSource();
        session.Evaluate(SyntheticModel.Ids(10), [], TestContext.Current.CancellationToken);
        List<int> layers = [];
        var end = Assert.Throws<OperationCanceledException>(() => session.Score(SyntheticModel.Ids(60), (_, _) => Assert.Fail("no row was computed"), (place, _, _, _) =>
        {
            layers.Add(place);
            cancellation.Cancel();
        }, cancellation.Token));
        Assert.Equal([0], layers);
        Assert.Equal(cancellation.Token, end.CancellationToken);
        Assert.Equal((10, KvCacheLayout.PageTokens), (session.Length, session.Sequence.Capacity));
    }

    [Fact]
    public void What_was_computed_before_stays_and_is_gone_on_from()
    {
        using var synthetic = new SyntheticModel(new() { PrefillChunk = 20 });
        int[] ids = SyntheticModel.Ids(90);
        using InferenceSession session = synthetic.Model.CreateSession();
        using var cancellation = new CancellationTokenSource();
        var end = Assert.Throws<OperationCanceledException>(() => session.Score(ids, (position, _) =>
        {
            if (position == 45)
            {
                cancellation.Cancel();
            }
        }, cancellation.Token));
        Assert.Equal(cancellation.Token, end.CancellationToken);
        Assert.Equal((60, 64), (session.Length, session.Sequence.Capacity));
        Assert.Equal(60, session.KeepPrefix(ids));
        float[] last = new float[session.VocabularySize];
        session.Evaluate(ids.AsSpan(60), last, TestContext.Current.CancellationToken);
        CallbackTests.AssertClose(synthetic.Alone(ids)[^1], last);
    }

    [Fact]
    public async Task A_cancelled_evaluation_keeps_its_first_chunks()
    {
        using var synthetic = new SyntheticModel(new() { PrefillChunk = 4 });
        int[] ids = SyntheticModel.Ids(500);
        using InferenceSession session = synthetic.Model.CreateSession();
        using var cancellation = new CancellationTokenSource();
        Task watch = Task.Run(() =>
        {
            SpinWait.SpinUntil(() => session.Length >= 8);
            cancellation.Cancel();
        }, TestContext.Current.CancellationToken);
        Assert.Throws<OperationCanceledException>(() => session.Evaluate(ids, [], cancellation.Token));
        Assert.InRange(session.Length, 8, 496);
        Assert.Equal(0, session.Length % 4);
        Assert.InRange(session.Sequence.Capacity - session.Length, 0, KvCacheLayout.PageTokens - 1);
        await watch;
    }

    [Fact]
    public async Task Who_waits_for_another_sessions_step_can_be_cancelled()
    {
        using var synthetic = new SyntheticModel();
        using InferenceSession holding = synthetic.Model.CreateSession();
        using InferenceSession session = synthetic.Model.CreateSession();
        using var inside = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        Task holder = Task.Run(() => holding.Score([1], (_, _) => { }, (_, _, _, _) =>
        {
            inside.Set();
            go.Wait();
        }, CancellationToken.None));
        inside.Wait(TestContext.Current.CancellationToken);
        Task waiting = Task.Run(() => session.Evaluate([1, 2, 3], [], cancellation.Token));
        SpinWait.SpinUntil(() => session.Sequence.Capacity > 0);
        await cancellation.CancelAsync();
        var end = await Assert.ThrowsAsync<OperationCanceledException>(() => waiting.WaitAsync(s_long));
        Assert.Equal(cancellation.Token, end.CancellationToken);
        Assert.False(holder.IsCompleted);
        Assert.Equal((0, 0), (session.Length, session.Sequence.Capacity));
        go.Set();
        await holder;
        session.Evaluate([1, 2, 3], [], TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_step_of_several_sessions_that_is_cancelled_changes_none()
    {
        using var synthetic = new SyntheticModel();
        InferenceSession[] sessions = [synthetic.Model.CreateSession(), synthetic.Model.CreateSession()];
        sessions[0].Evaluate(SyntheticModel.Ids(32), [], TestContext.Current.CancellationToken);
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        var end = Assert.Throws<OperationCanceledException>(() => synthetic.Model.Evaluate(sessions, [1, 2], [], cancellation.Token));
        Assert.Equal(cancellation.Token, end.CancellationToken);
        Assert.Equal([32, 0], sessions.Select(session => session.Length));
        Assert.Equal([32, 0], sessions.Select(session => session.Sequence.Capacity));
        synthetic.Model.Evaluate(sessions, [1, 2], [], TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task The_exception_of_a_stream_carries_the_token_that_was_cancelled(bool asArgument, bool asEnumerator)
    {
        using var argument = new CancellationTokenSource();
        using var enumerator = new CancellationTokenSource();
        using var synthetic = new SyntheticModel();
        var end = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            IAsyncEnumerable<GenerationUpdate> stream = synthetic.Model.GenerateAsync(
                [1, 2], null, new() { IgnoreEos = true, MaxTokens = 500 }, asArgument ? argument.Token : CancellationToken.None);
            await foreach (GenerationUpdate update in stream.WithCancellation(asEnumerator ? enumerator.Token : CancellationToken.None))
            {
                await (asEnumerator ? enumerator : argument).CancelAsync();
            }
        });
        Assert.Equal((asEnumerator ? enumerator : argument).Token, end.CancellationToken);
    }

    [Fact]
    public async Task Nothing_comes_after_a_cancellation_though_the_answer_is_ready()
    {
        using var synthetic = new SyntheticModel();
        using var cancellation = new CancellationTokenSource();
        using InferenceSession session = synthetic.Model.CreateSession();
        int updates = 0;
        var end = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationUpdate update in synthetic.Model.GenerateAsync([1, 2], session, new() { IgnoreEos = true, MaxTokens = 5 }, cancellation.Token))
            {
                updates++;

                // All of it is ahead of its reader: two tokens of the prompt, and four of five that were computed further.
                SpinWait.SpinUntil(() => session.Length == 6);
                await cancellation.CancelAsync();
            }
        });
        Assert.Equal(cancellation.Token, end.CancellationToken);
        Assert.Equal(1, updates);
    }

    [Fact]
    public async Task A_stream_that_is_cancelled_before_it_begins_leaves_its_session_as_it_was()
    {
        using var synthetic = new SyntheticModel();
        using InferenceSession session = synthetic.Model.CreateSession();
        session.Evaluate(SyntheticModel.Ids(20), [], TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => BuiltInModel.Collect(synthetic.Model.GenerateAsync([1, 2], session, null, new CancellationToken(canceled: true))));
        Assert.Equal(20, session.Length);
    }

    [Fact]
    public async Task A_stream_that_is_cancelled_in_its_prompt_leaves_the_session_usable()
    {
        using var synthetic = new SyntheticModel(new() { PrefillChunk = 4 });
        int[] ids = SyntheticModel.Ids(400);
        using InferenceSession session = synthetic.Model.CreateSession();
        using var cancellation = new CancellationTokenSource();
        Task watch = Task.Run(() =>
        {
            SpinWait.SpinUntil(() => session.Length >= 8);
            cancellation.Cancel();
        });
        var end = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => BuiltInModel.Collect(synthetic.Model.GenerateAsync(ids, session, null, cancellation.Token)));
        await watch;
        Assert.Equal(cancellation.Token, end.CancellationToken);
        Assert.InRange(session.Length, 8, 396);
        int kept = session.Length;
        List<GenerationUpdate> updates = await BuiltInModel.Collect(synthetic.Model.GenerateAsync(ids, session, new() { MaxTokens = 1 }));
        Assert.Equal(kept, updates[^1].Statistics!.Value.Usage.CachedTokens);
    }
}
