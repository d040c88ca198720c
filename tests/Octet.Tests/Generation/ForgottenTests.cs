using System.Runtime.CompilerServices;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Tests.Reference;

namespace Octet.Tests.Generation;

/// <summary>What nobody disposes of gives back its memory, its files and its threads when the garbage collector finds it.</summary>
[Collection(nameof(Alone))]
public class ForgottenTests
{
    [Fact]
    public void A_forgotten_model_gives_back_memory_files_and_threads()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(directory.Path);
        var memory = new MemoryLedger(1L << 40);
        WeakReference model = Forget(directory.Path, memory);
        Assert.True(memory.Taken > 0 && IsMapped(directory.Path) && Workers() > 0);
        WaitUntil(() => !model.IsAlive && memory.Taken == 0 && memory.WeightBytes == 0 && !IsMapped(directory.Path) && Workers() == 0);
        Assert.False(model.IsAlive);
        Assert.Equal((0, 0), (memory.Taken, memory.WeightBytes));
        Assert.False(IsMapped(directory.Path));
        Assert.Equal(0, Workers());
    }

    [Fact]
    public void A_forgotten_model_lives_on_in_its_session()
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(directory.Path);
        InferenceSession session = LanguageModel.Load(directory.Path, new() { Threads = 2 }).CreateSession();
        Collect();
        float[] logits = new float[session.VocabularySize];
        session.Evaluate(SyntheticModel.Ids(40), logits);
        Assert.All(logits, logit => Assert.True(float.IsFinite(logit)));
        session.Dispose();
    }

    [Fact]
    public void Forgotten_sessions_give_their_pages_back_when_others_need_them()
    {
        using var synthetic = new SyntheticModel(new() { KvCacheBytes = 16 * SessionTests.PageBytes });
        for (int i = 0; i < 3; i++)
        {
            Forget(synthetic.Model);

            // A full cache looks for what was forgotten once in a second.
            Thread.Sleep(1100);
        }
    }

    [Fact]
    public void A_stream_that_is_forgotten_half_way_ends_and_frees_its_session()
    {
        using var synthetic = new SyntheticModel();
        using InferenceSession session = synthetic.Model.CreateSession();

        ForgetStream(synthetic.Model, session);
        Assert.Throws<InvalidOperationException>(() => session.Truncate(0));
        WaitUntil(() => IsFree(session));
        Assert.True(IsFree(session));

        static bool IsFree(InferenceSession session)
        {
            try
            {
                session.Truncate(0);
                return true;
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        }
    }

    // Waited for by this thread: what an await goes on with can run on the stream's own stack, which keeps it alive.
    static void ForgetStream(LanguageModel model, InferenceSession session) => ForgetStreamAsync(model, session).GetAwaiter().GetResult();

    [MethodImpl(MethodImplOptions.NoInlining)]
    static async Task ForgetStreamAsync(LanguageModel model, InferenceSession session)
    {
        IAsyncEnumerator<GenerationUpdate> stream = model.GenerateAsync([1, 2], session, new() { IgnoreEos = true, MaxTokens = 500 }).GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static WeakReference Forget(string path, MemoryLedger memory)
    {
        LanguageModel model = LanguageModel.Load(path, new() { Threads = 3 }, InstructionSet.Scalar, memory);
        model.CreateSession().Evaluate(SyntheticModel.Ids(40), new float[301]);
        return new WeakReference(model);
    }

    // More than half of the cache: two of them do not fit.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Forget(LanguageModel model) => model.CreateSession().Evaluate(SyntheticModel.Ids(300), []);

    static void WaitUntil(Func<bool> condition)
    {
        for (int i = 0; i < 100 && !condition(); i++)
        {
            Collect();
            Thread.Sleep(20);
        }
    }

    static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    static bool IsMapped(string directory) => File.ReadLines("/proc/self/maps").Any(line => line.Contains(directory, StringComparison.Ordinal));

    // The shared model has two threads, of which one is the caller's.
    static int Workers() => Directory.GetDirectories("/proc/self/task").Count(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("octet worker 2", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    });
}
