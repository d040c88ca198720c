using Octet.Tests.Families;
using Octet.Tests.Reference;

namespace Octet.Tests.Generation;

/// <summary>A decoded token makes no work for the garbage collector, on any thread. Measured behind a warm-up that visits the same positions.</summary>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public class AllocationTests
{
    const int Tokens = 300;

    [Theory]
    [InlineData(KvCacheType.BFloat16)]
    [InlineData(KvCacheType.Float8E4M3)]
    [InlineData(KvCacheType.Float8E5M2)]
    public void A_token_of_one_session_allocates_nothing(KvCacheType cache)
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(directory.Path);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { Threads = 2, KvCache = cache });
        using InferenceSession session = model.CreateSession();
        float[] logits = new float[session.VocabularySize];
        AssertNothingAllocated(
            () =>
            {
                for (int i = 0; i < Tokens; i++)
                {
                    session.Evaluate([i], logits);
                }
            },
            () => session.Truncate(0));
    }

    [Theory]
    [InlineData(KvCacheType.BFloat16)]
    [InlineData(KvCacheType.Float8E4M3)]
    [InlineData(KvCacheType.Float8E5M2)]
    public void A_step_of_several_sessions_allocates_nothing(KvCacheType cache)
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(directory.Path);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { Threads = 2, KvCache = cache });
        InferenceSession[] sessions = [.. Enumerable.Range(0, 4).Select(_ => model.CreateSession())];
        float[] logits = new float[sessions.Length * sessions[0].VocabularySize];
        int[] ids = new int[sessions.Length];
        AssertNothingAllocated(
            () =>
            {
                for (int i = 0; i < Tokens; i++)
                {
                    ids.AsSpan().Fill(i);
                    model.Evaluate(sessions, ids, logits);
                }
            },
            () => Array.ForEach(sessions, session => session.Truncate(0)));
    }

    [Fact]
    public void A_token_through_recurrent_layers_allocates_nothing()
    {
        using var directory = new TemporaryDirectory();
        string path = OracleTests.GenerateModel(directory.Path, "qwen3_next --set num_hidden_layers=2 --set full_attention_interval=2 --set mlp_only_layers=[0,1]");
        using LanguageModel model = LanguageModel.Load(path, new() { Threads = 2 });
        using InferenceSession session = model.CreateSession();
        float[] logits = new float[session.VocabularySize];
        AssertNothingAllocated(
            () =>
            {
                for (int i = 0; i < Tokens; i++)
                {
                    session.Evaluate([i], logits);
                }
            },
            () => session.Truncate(0));
    }

    static void AssertNothingAllocated(Action decode, Action restart)
    {
        // The least of three: the first pass grows lists and makes pages and angles, which later tokens use again.
        long thread = long.MaxValue, process = long.MaxValue;
        for (int pass = 0; pass < 3; pass++)
        {
            restart();
            long threadBefore = GC.GetAllocatedBytesForCurrentThread();
            long processBefore = GC.GetTotalAllocatedBytes(precise: true);
            decode();
            long processAfter = GC.GetTotalAllocatedBytes(precise: true);
            long threadAfter = GC.GetAllocatedBytesForCurrentThread();
            thread = Math.Min(thread, threadAfter - threadBefore);
            process = Math.Min(process, processAfter - processBefore);
        }

        Assert.Equal(0, thread);

        // The test runner's own threads may allocate a little meanwhile; a byte a token would be more than this.
        Assert.InRange(process, 0, Tokens - 1);
    }
}
