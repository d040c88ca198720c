using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Tests.Backends;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

public class LogitsTests
{
    // Float32 against double: 1e-5 is what the project promises, a tenth of it is what it gives.
    const double Tolerance = 1e-5;

    public static TheoryData<string> InstructionSets => KernelSets.Names;

    // Generated code rounds inputs to bfloat16: tests of its own hold it to what that costs.
    static CpuKernels BestFloat32 => InstructionSet.Float32.First(set => set.IsSupported).Kernels;

    public static TheoryData<string> Variants => [.. s_variants.Keys];

    static readonly Dictionary<string, SyntheticCheckpoint> s_variants = new()
    {
        ["fp8, bf16 scales, tied, ragged blocks"] = new(),
        ["fp8, f32 scales, separate head"] = new() { ScaleType = DataType.Float32, Tied = false, Seed = 2 },
        ["fp8, f16 scales, sharded"] = new() { ScaleType = DataType.Float16, ShardSize = 100_000, Seed = 3 },
        ["fp8, tied with a stored head"] = new() { StoreHead = true, Seed = 4 },
        ["fp8, many query heads on one key head, odd sizes"] = new() { HiddenSize = 130, IntermediateSize = 387, Heads = 6, KeyValueHeads = 1, HeadDim = 24, VocabSize = 77, Seed = 5 },
        ["bf16"] = new() { LinearType = DataType.BFloat16, Seed = 6 },
        ["f16"] = new() { LinearType = DataType.Float16, WideType = DataType.Float16, Seed = 7 },
        ["f32"] = new() { LinearType = DataType.Float32, WideType = DataType.Float32, Seed = 8 },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Every_instruction_set_agrees_with_double_precision(string variant)
    {
        using var directory = new TemporaryDirectory();
        s_variants[variant].Write(directory.Path);
        int[] ids = Ids(45, s_variants[variant].VocabSize);
        double[][] expected = new DoubleReference(directory.Path).Forward(ids);
        foreach ((string name, CpuKernels kernels) in KernelSets.All)
        {
            using LanguageModel model = Open(directory.Path, kernels);
            AssertClose(expected, Score(model, ids), Tolerance, $"{variant} on {name}");
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(2, 2)]
    [InlineData(7, 1)]
    [InlineData(32, 2)]
    [InlineData(33, 4)]
    public void Any_chunking_and_thread_count_agrees_with_double_precision(int chunk, int threads)
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint();
        checkpoint.Write(directory.Path);
        int[] ids = Ids(70, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path).Forward(ids);
        using LanguageModel model = Open(directory.Path, BestFloat32, chunk, threads);
        AssertClose(expected, Score(model, ids), Tolerance, $"chunks of {chunk} on {threads} threads");
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void The_number_of_threads_does_not_change_a_bit(string set)
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint { Layers = 1 };
        checkpoint.Write(directory.Path);
        int[] ids = Ids(40, checkpoint.VocabSize);
        CpuKernels kernels = KernelSets.Get(set);
        using LanguageModel one = Open(directory.Path, kernels, threads: 1);
        using LanguageModel three = Open(directory.Path, kernels, threads: 3);
        Assert.Equal(Score(one, ids), Score(three, ids));
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Dynamic_activations_follow_the_contract(string set)
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint { Layers = 1 };
        checkpoint.Write(directory.Path);
        int[] ids = Ids(20, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path, dynamic: true).Forward(ids);
        double[][] weightOnly = new DoubleReference(directory.Path).Forward(ids);
        CpuKernels kernels = KernelSets.Get(set);
        using var model = LanguageModel.Load(directory.Path, new() { Activation = ActivationMode.Dynamic, KvCache = KvCacheType.Float32 }, kernels);
        float[][] found = Score(model, ids);

        // An input that lies on a rounding border may fall to either side: most positions agree closely, all roughly.
        double[] errors = Errors(expected, found);
        Assert.True(errors.Order().ElementAt(errors.Length / 2) < 1e-4, $"median error {errors.Order().ElementAt(errors.Length / 2)}");
        Assert.All(errors, error => Assert.InRange(error, 0, 0.02));
        Assert.True(Errors(weightOnly, found).Average() > 0.005, "quantised activations must show");
    }

    [Fact]
    public void A_bfloat16_cache_stays_within_its_rounding()
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint();
        checkpoint.Write(directory.Path);
        int[] ids = Ids(70, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path).Forward(ids);
        using var model = LanguageModel.Load(directory.Path, new() { KvCache = KvCacheType.BFloat16 });
        double[] errors = Errors(expected, Score(model, ids));
        Assert.All(errors, error => Assert.InRange(error, 0, 0.01));
        Assert.Contains(errors, error => error > 1e-5);
    }

    [Fact]
    public void Two_sequences_in_turn_do_not_disturb_each_other()
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint();
        checkpoint.Write(directory.Path);
        int[] first = Ids(50, checkpoint.VocabSize);
        int[] second = [.. first.Reverse()];
        using LanguageModel model = Open(directory.Path, BestFloat32);
        float[][] expectedFirst = Score(model, first);
        float[][] expectedSecond = Score(model, second);
        using var a = model.CreateSession();
        using var b = model.CreateSession();
        float[] logits = new float[checkpoint.VocabSize];
        for (int i = 0; i < first.Length; i++)
        {
            a.Evaluate([first[i]], logits);
            Assert.InRange(Error([.. expectedFirst[i].Select(value => (double)value)], logits), 0, 1e-5);
            b.Evaluate([second[i]], logits);
            Assert.InRange(Error([.. expectedSecond[i].Select(value => (double)value)], logits), 0, 1e-5);
        }
    }

    [Fact]
    public void A_truncated_session_computes_what_a_new_one_does()
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint();
        checkpoint.Write(directory.Path);
        int[] ids = Ids(60, checkpoint.VocabSize);
        using LanguageModel model = Open(directory.Path, BestFloat32);
        float[] expected = new float[checkpoint.VocabSize];
        float[] found = new float[checkpoint.VocabSize];
        using var session = model.CreateSession();
        session.Evaluate(ids, []);
        session.Truncate(33);
        session.Evaluate([5, 6, 7], found);
        using var fresh = model.CreateSession();
        fresh.Evaluate([.. ids[..33], 5, 6, 7], expected);
        Assert.InRange(Error([.. expected.Select(value => (double)value)], found), 0, 1e-5);
    }

    [Fact]
    public void A_decode_step_allocates_nothing()
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint();
        checkpoint.Write(directory.Path);
        using LanguageModel model = Open(directory.Path, BestFloat32, threads: 2);
        using var session = model.CreateSession();
        float[] logits = new float[checkpoint.VocabSize];
        int[] one = [3];
        for (int i = 0; i < 70; i++)
        {
            session.Evaluate(one, logits);
        }

        // Room for the 24 tokens to come is there: 70 have a third page, which ends at 96, and a list that has grown to 128.
        Assert.Equal(0, AllocatedBytes.Of(() =>
        {
            for (int i = 0; i < 8; i++)
            {
                session.Evaluate(one, logits);
            }
        }));
    }

    internal static LanguageModel Open(string path, CpuKernels kernels, int chunk = 256, int threads = 2)
        => LanguageModel.Load(path, new() { KvCache = KvCacheType.Float32, PrefillChunk = chunk, Threads = threads }, kernels);

    internal static float[][] Score(LanguageModel model, int[] ids)
    {
        float[][] rows = new float[ids.Length][];
        model.Score(ids, (position, logits) => rows[position] = logits.ToArray());
        return rows;
    }

    internal static void AssertClose(double[][] expected, float[][] found, double tolerance, string what)
    {
        double[] errors = Errors(expected, found);
        int worst = Array.IndexOf(errors, errors.Max());
        Assert.True(errors[worst] <= tolerance, $"{what}: relative error {errors[worst]:e2} at position {worst}, at most {tolerance:e0} is allowed");
    }

    internal static double[] Errors(double[][] expected, float[][] found) => [.. expected.Zip(found, Error)];

    /// <summary>|found - expected| / |expected|, Euclidean norms over the vocabulary.</summary>
    internal static double Error(double[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        double error = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            error += (expected[i] - found[i]) * (expected[i] - found[i]);
            size += expected[i] * expected[i];
        }

        return Math.Sqrt(error / size);
    }

    internal static int[] Ids(int count, int vocabulary)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
    }
}
