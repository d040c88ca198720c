namespace Octet.Tests.Generation;

/// <summary>Code of a caller runs between the steps of a model, never inside one: it may use the model as any other code does.</summary>
public class CallbackTests
{
    static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(256)]
    [InlineData(20)]
    public async Task A_callback_that_computes_another_session_leaves_the_logits_as_they_are(int chunk)
    {
        using var synthetic = new SyntheticModel(new() { PrefillChunk = chunk });
        int[] ids = SyntheticModel.Ids(50);
        int[] others = SyntheticModel.Ids(50, seed: 2);
        float[][] expected = synthetic.Alone(ids);
        float[][] expectedOthers = synthetic.Alone(others);

        float[][] found = new float[ids.Length][];
        using InferenceSession session = synthetic.Model.CreateSession();
        using InferenceSession other = synthetic.Model.CreateSession();
        float[] last = new float[session.VocabularySize];
        await Task.Run(() => session.Score(ids, (position, row) =>
        {
            if (position % 25 == 0)
            {
                other.Evaluate(others.AsSpan(position, 25), last);
            }

            found[position] = row.ToArray();
        })).WaitAsync(s_long, TestContext.Current.CancellationToken);

        Assert.Equal(expected, found);
        Assert.Equal(others.Length, other.Length);
        AssertClose(expectedOthers[^1], last);
    }

    [Fact]
    public async Task A_callback_that_scores_the_same_text_again_gets_the_same_logits()
    {
        using var synthetic = new SyntheticModel();
        int[] ids = SyntheticModel.Ids(40);
        float[][] expected = synthetic.Alone(ids);
        int equal = 0;
        await Task.Run(() => synthetic.Model.Score(ids, (position, row) =>
        {
            float[] copy = row.ToArray();
            if (position % 13 == 0)
            {
                synthetic.Model.Score(ids, (inner, innerRow) => equal += innerRow.SequenceEqual(expected[inner]) ? 1 : 0);
            }

            equal += copy.AsSpan().SequenceEqual(expected[position]) && row.SequenceEqual(copy) ? 1 : 0;
        })).WaitAsync(s_long, TestContext.Current.CancellationToken);
        Assert.Equal(40 + 4 * 40, equal);
    }

    [Fact]
    public async Task A_callback_can_wait_for_a_generation()
    {
        using var synthetic = new SyntheticModel();
        List<GenerationUpdate> updates = [];
        await Task.Run(() => synthetic.Model.Score(SyntheticModel.Ids(3), (position, _) =>
        {
            if (position == 1)
            {
                updates = synthetic.Model.GenerateAsync([1, 2, 3], null, new() { MaxTokens = 5, IgnoreEos = true }).ToBlockingEnumerable().ToList();
            }
        })).WaitAsync(s_long, TestContext.Current.CancellationToken);
        Assert.Equal(5, updates.Count);
    }

    [Fact]
    public async Task Other_threads_compute_while_a_callback_takes_its_time()
    {
        using var synthetic = new SyntheticModel();
        bool computed = false;
        await Task.Run(() => synthetic.Model.Score(SyntheticModel.Ids(2), (position, _) =>
        {
            Task other = Task.Run(() =>
            {
                using InferenceSession session = synthetic.Model.CreateSession();
                session.Evaluate([1, 2], []);
            });
            computed = other.Wait(s_long);
        })).WaitAsync(s_long, TestContext.Current.CancellationToken);
        Assert.True(computed);
    }

    [Fact]
    public void Progress_of_a_comparison_may_use_the_models()
    {
        using var synthetic = new SyntheticModel();
        int[] ids = SyntheticModel.Ids(70);
        var plain = new ModelComparison(synthetic.Model, synthetic.Model);
        plain.Add(ids, cancellationToken: TestContext.Current.CancellationToken);
        var disturbed = new ModelComparison(synthetic.Model, synthetic.Model);
        disturbed.Add(ids, 0, _ => synthetic.Model.Score(SyntheticModel.Ids(5)), TestContext.Current.CancellationToken);
        Assert.Equal(plain.Result().Other, disturbed.Result().Other);
    }

    [Fact]
    public void An_observer_which_runs_inside_a_step_is_told_that_it_cannot_begin_another()
    {
        using var synthetic = new SyntheticModel();
        using InferenceSession session = synthetic.Model.CreateSession();
        using InferenceSession other = synthetic.Model.CreateSession();
        var error = Assert.Throws<InvalidOperationException>(() => session.Score(
            [1, 2], (_, _) => { }, (_, _, _, _) => other.Evaluate([1], []), TestContext.Current.CancellationToken));
        Assert.Contains("inside one of its own steps", error.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (session.Length, other.Length));
        other.Evaluate([1], []);
    }

    [Fact]
    public void A_callback_that_throws_ends_the_scoring_with_its_exception()
    {
        using var synthetic = new SyntheticModel(new() { PrefillChunk = 20 });
        using InferenceSession session = synthetic.Model.CreateSession();
        int[] ids = SyntheticModel.Ids(50);
        Assert.Throws<TimeZoneNotFoundException>(() => session.Score(ids, (position, _) => throw new TimeZoneNotFoundException()));
        Assert.Equal(20, session.Length);
        Assert.Equal(32, session.Sequence.Capacity);
        float[] last = new float[session.VocabularySize];
        session.Evaluate(ids.AsSpan(20), last);
        AssertClose(synthetic.Alone(ids)[^1], last);
    }

    // Rows of a prompt are summed in another order than a row alone.
    internal static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        double difference = 0, norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow((double)expected[i] - found[i], 2);
            norm += Math.Pow(expected[i], 2);
        }

        Assert.InRange(Math.Sqrt(difference / norm), 0, 1e-5);
    }
}
