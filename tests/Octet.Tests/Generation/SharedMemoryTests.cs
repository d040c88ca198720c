using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Tests.Reference;

namespace Octet.Tests.Generation;

/// <summary>Models of one process share its memory: who opens another one, and fills its cache, is told when there is no more.</summary>
public sealed class SharedMemoryTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public SharedMemoryTests() => new SyntheticCheckpoint().Write(_directory.Path);

    public void Dispose() => _directory.Dispose();

    LanguageModel Open(MemoryLedger memory, LanguageModelOptions? options = null)
        => LanguageModel.Load(_directory.Path, (options ?? new()) with { KvCache = KvCacheType.Float32, Threads = 1, PrefillChunk = 8 }, InstructionSet.Scalar, memory);

    /// <summary>What two open models take before anything is computed.</summary>
    long TwoModels()
    {
        var memory = new MemoryLedger(1L << 40);
        using LanguageModel one = Open(memory);
        using LanguageModel two = Open(memory);
        return memory.WeightBytes + memory.Taken;
    }

    [Fact]
    public void Two_models_live_side_by_side_and_the_cache_of_both_keeps_to_what_there_is()
    {
        const int Pages = 10;
        var memory = new MemoryLedger(TwoModels() + Pages * SessionTests.PageBytes + SessionTests.PageBytes);
        using LanguageModel one = Open(memory);
        using LanguageModel two = Open(memory);
        List<InferenceSession> sessions = [];
        ModelException? full = null;
        while (full is null)
        {
            LanguageModel model = sessions.Count % 2 == 0 ? one : two;
            sessions.Add(model.CreateSession());
            try
            {
                sessions[^1].Evaluate([1, 2, 3], []);
            }
            catch (ModelException error)
            {
                full = error;
            }
        }

        Assert.Equal(ModelError.Full, full.Error);
        Assert.InRange(sessions.Count, Pages - 1, Pages + 2);
        Assert.InRange(memory.WeightBytes + memory.Taken, 0, memory.Capacity);
        sessions[0].Evaluate([4], []);
        sessions[1].Evaluate([4], []);
        GC.KeepAlive(sessions);
    }

    [Fact]
    public void A_small_context_does_not_plan_the_machine()
    {
        using LanguageModel model = Open(new MemoryLedger(1L << 40), new() { ContextLength = 64 });
        Assert.Equal(256 * 2 * SessionTests.PageBytes, model.KvCacheBytes);
    }

    [Fact]
    public void A_limit_of_the_caller_holds()
    {
        using LanguageModel model = Open(new MemoryLedger(0), new() { KvCacheBytes = 3 * SessionTests.PageBytes });
        Assert.Equal((3 * SessionTests.PageBytes, 96), (model.KvCacheBytes, model.ContextLength));
        using InferenceSession one = model.CreateSession();
        using InferenceSession two = model.CreateSession();
        one.Evaluate(SyntheticModel.Ids(64), []);
        two.Evaluate(SyntheticModel.Ids(20), []);
        var error = Assert.Throws<ModelException>(() => two.Evaluate(SyntheticModel.Ids(20), []));
        Assert.Equal(ModelError.Full, error.Error);
        Assert.Equal((20, 32), (two.Length, two.Sequence.Capacity));
        one.Truncate(32);
        two.Evaluate(SyntheticModel.Ids(20), []);
    }

    [Fact]
    public void A_prompt_that_does_not_fit_beside_others_is_not_begun()
    {
        using LanguageModel model = Open(new MemoryLedger(0), new() { KvCacheBytes = 10 * SessionTests.PageBytes });
        using InferenceSession one = model.CreateSession();
        using InferenceSession two = model.CreateSession();
        one.Evaluate(SyntheticModel.Ids(100), []);
        var watch = new List<int>();
        Assert.Equal(ModelError.Full, Assert.Throws<ModelException>(() => two.Score(SyntheticModel.Ids(300), (position, _) => watch.Add(position))).Error);
        Assert.Equal(ModelError.InvalidInput, Assert.Throws<ModelException>(() => one.Score(SyntheticModel.Ids(221), (position, _) => watch.Add(position))).Error);
        Assert.Equal(ModelError.InvalidInput, Assert.Throws<ModelException>(() => one.Score([.. SyntheticModel.Ids(100), 301], (position, _) => watch.Add(position))).Error);
        Assert.Empty(watch);
        Assert.Equal((100, 128, 0), (one.Length, one.Sequence.Capacity, two.Sequence.Capacity));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    public void A_limit_of_nothing_is_refused(long bytes)
        => Assert.Throws<ArgumentOutOfRangeException>(() => Open(MemoryLedger.Host, new() { KvCacheBytes = bytes }));
}
