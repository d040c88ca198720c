using Octet.Backends;
using Octet.Tests.Reference;

namespace Octet.Tests.Generation;

public class BatchedDecodeTests
{
    const double Tolerance = 1e-5;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(16, 3)]
    public void Sessions_of_different_lengths_that_decode_together_give_the_logits_of_each_alone(int count, int threads)
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint();
        checkpoint.Write(directory.Path);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { Threads = threads, KvCache = KvCacheType.Float32 });
        var random = new Random(count);
        int vocabulary = checkpoint.VocabSize;
        InferenceSession[] together = Sessions(model, count);
        InferenceSession[] alone = Sessions(model, count);
        for (int i = 0; i < count; i++)
        {
            // The first one starts empty; others lie on both sides of a page's end.
            int[] prompt = [.. Enumerable.Range(0, i * 7).Select(_ => random.Next(vocabulary))];
            together[i].Evaluate(prompt, []);
            alone[i].Evaluate(prompt, []);
        }

        float[] found = new float[count * vocabulary];
        float[] expected = new float[vocabulary];
        for (int step = 0; step < 5; step++)
        {
            int[] ids = [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
            model.Evaluate(together, ids, found);
            for (int i = 0; i < count; i++)
            {
                alone[i].Evaluate([ids[i]], expected);
                AssertClose(expected, found.AsSpan(i * vocabulary, vocabulary), $"session {i} of {count}, step {step}");
                Assert.Equal(alone[i].Length, together[i].Length);
            }
        }
    }

    [Fact]
    public void A_session_goes_on_alone_after_a_step_with_others()
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint();
        checkpoint.Write(directory.Path);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { Threads = 2, KvCache = KvCacheType.Float32 });
        InferenceSession[] sessions = Sessions(model, 2);
        sessions[0].Evaluate([1, 2, 3], []);
        model.Evaluate(sessions, [4, 5], []);
        float[] found = new float[checkpoint.VocabSize];
        sessions[0].Evaluate([6], found);

        using InferenceSession whole = model.CreateSession();
        float[] expected = new float[checkpoint.VocabSize];
        whole.Evaluate([1, 2, 3, 4, 6], expected);
        AssertClose(expected, found, "after a step with another session");
    }

    [Fact]
    public void Sessions_that_cannot_be_computed_together_are_refused_and_unchanged()
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint();
        checkpoint.Write(directory.Path);
        var options = new LanguageModelOptions { Threads = 1, PrefillChunk = 2, ContextLength = 4 };
        using LanguageModel model = LanguageModel.Load(directory.Path, options);
        using LanguageModel other = LanguageModel.Load(directory.Path, options);
        InferenceSession[] sessions = Sessions(model, 3);
        InferenceSession foreign = other.CreateSession();
        sessions[1].Evaluate([1, 2, 3, 4], []);

        void Refused<TException>(string expected, InferenceSession[] given, int[] ids, int logits = 0)
            where TException : Exception
        {
            Exception error = Assert.Throws<TException>(() => model.Evaluate(given, ids, new float[logits]));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(2, model.BatchCapacity);
        Refused<ArgumentException>("0 sessions in one step: expected 1 to 2", [], []);
        Refused<ArgumentException>("3 sessions in one step: expected 1 to 2", sessions, [1, 2, 3]);
        Refused<ArgumentException>("1 token ids for 2 sessions", [sessions[0], sessions[2]], [1]);
        Refused<ArgumentException>("room for 301 logits: expected 2 x 301", [sessions[0], sessions[2]], [1, 2], 301);
        Refused<ArgumentException>("session 1 is of another model", [sessions[0], foreign], [1, 2]);
        Refused<ArgumentException>("sessions 0 and 1 are the same", [sessions[0], sessions[0]], [1, 2]);
        Refused<ModelException>("5 tokens do not fit into a context of 4", [sessions[0], sessions[1]], [1, 2]);
        Refused<ModelException>("token id 301", [sessions[0], sessions[2]], [1, 301]);

        Assert.Equal([0, 4, 0], sessions.Select(session => session.Length));
        Assert.Equal([0, KvCacheLayout.PageTokens, 0], sessions.Select(session => session.Sequence.Capacity));
        model.Evaluate([sessions[0], sessions[2]], [1, 2], []);
    }

    static InferenceSession[] Sessions(LanguageModel model, int count) => [.. Enumerable.Range(0, count).Select(_ => model.CreateSession())];

    static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> found, string what)
    {
        double difference = 0, norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow((double)expected[i] - found[i], 2);
            norm += Math.Pow(expected[i], 2);
        }

        Assert.True(Math.Sqrt(difference / norm) < Tolerance, $"{what}: relative error {Math.Sqrt(difference / norm):e2}");
    }
}
