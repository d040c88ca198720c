using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Testing;
using Octet.Tests.Families;
using Octet.Tests.Reference;

namespace Octet.Tests.Generation;

/// <summary>
/// Memory that cannot be had: with an allocator that fails at the n-th call, for every n, a model is opened or not, computes right or says
/// why not, goes on when there is memory again, and gives everything back.
/// </summary>
public sealed class MemoryFaultTests : IDisposable
{
    static readonly string s_goldens = Path.Combine(Fixtures.Repository, "tests", "Octet.Tests", "Goldens");

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, ActivationMode, LmHead, bool> Cases => new()
    {
        { "synthetic", ActivationMode.WeightOnly, LmHead.Float8, false },
        { "synthetic", ActivationMode.WeightOnly, LmHead.Float8, true },
        { "synthetic", ActivationMode.Dynamic, LmHead.AsStored, false },

        // A state beside keys and values.
        { "recurrent", ActivationMode.WeightOnly, LmHead.AsStored, false },

        // Rows are expanded into memory of each worker.
        { "nvfp4-modelopt", ActivationMode.WeightOnly, LmHead.AsStored, false },
        { "tensor-e5m2", ActivationMode.Dynamic, LmHead.AsStored, false },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_allocation_that_fails_harms_nothing_that_was_there(string checkpoint, ActivationMode mode, LmHead head, bool scalar)
    {
        string path = Path.Combine(s_goldens, checkpoint);
        if (checkpoint == "synthetic")
        {
            path = _directory.Path;
            new SyntheticCheckpoint { Tied = false, Layers = 1 }.Write(path);
        }

        if (checkpoint == "recurrent")
        {
            path = OracleTests.GenerateModel(_directory.Path, "qwen3_5_text --set num_hidden_layers=2 --set layer_types=[\"linear_attention\",\"full_attention\"]");
        }

        CpuKernels kernels = (scalar ? InstructionSet.Float32[^1] : InstructionSet.Float32.First(set => set.IsSupported)).Kernels;
        var options = new LanguageModelOptions { Threads = 2, KvCache = KvCacheType.Float32, Activation = mode, LmHead = head, ContextLength = 128 };
        var whole = new Faults(int.MaxValue);
        float[][]? expected = null;
        int failed = Use(path, options, kernels, whole, ref expected);
        Assert.Equal((0, 0), (failed, whole.Taken));
        Assert.True(whole.Calls > 10);
        for (int n = 1; n <= whole.Calls; n++)
        {
            var memory = new Faults(n);
            Assert.True(Use(path, options, kernels, memory, ref expected) > 0, $"call {n} did not fail");
            Assert.True(memory.Taken == 0 && memory.WeightBytes == 0, $"after a failure of call {n} {memory.Taken} bytes were not given back");
        }
    }

    /// <summary>Opens a model and computes texts of several lengths, each again where memory failed; returns how often it did.</summary>
    static int Use(string path, LanguageModelOptions options, CpuKernels kernels, MemoryLedger memory, ref float[][]? expected)
    {
        int failed = 0;
        LanguageModel? model = null;
        while (model is null)
        {
            model = Try(() => LanguageModel.Load(path, options, kernels, memory), ref failed);
        }

        using (model)
        {
            int[] Ids(int count) => [.. SyntheticModel.Ids(count).Select(id => id % model.Config.VocabSize)];
            List<float[]> found = [];
            using InferenceSession session = model.CreateSession();
            foreach (int count in (int[])[1, 3, 6, 40])
            {
                int[] ids = Ids(count);
                float[] logits = new float[session.VocabularySize];
                while (!Try(() =>
                {
                    session.Evaluate(ids.AsSpan(session.Length), logits);
                    return true;
                }, ref failed))
                {
                    Assert.Equal(0, session.Sequence.Capacity);

                    // What memory holds is used before the same is asked for again.
                    using InferenceSession other = model.CreateSession();
                    Try(() =>
                    {
                        other.Evaluate([1], []);
                        return true;
                    }, ref failed);
                }

                found.Add(logits);
                session.Truncate(0);
            }

            while (!Try(() =>
            {
                model.Score(Ids(5), (position, row) => found.Add(row.ToArray()));
                return true;
            }, ref failed))
            {
                found.RemoveRange(4, found.Count - 4);
            }

            expected ??= [.. found];
            Assert.Equal(expected, found);
        }

        return failed;
    }

    static T? Try<T>(Func<T> act, ref int failed)
    {
        try
        {
            return act();
        }
        catch (ModelException error)
        {
            Assert.Equal(ModelError.Full, error.Error);
            Assert.IsType<OutOfMemoryException>(error.InnerException, exactMatch: false);
            failed++;
            return default;
        }
    }

    /// <summary>Fails at one call.</summary>
    sealed class Faults(int at) : MemoryLedger(1L << 40)
    {
        internal int Calls { get; private set; }

        internal override void Take(long bytes)
        {
            if (++Calls == at)
            {
                throw new InsufficientMemoryException();
            }

            base.Take(bytes);
        }
    }
}
