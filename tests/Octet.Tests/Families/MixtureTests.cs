using Octet.Backends.Cpu;
using Octet.Quantization;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Families;

/// <summary>What holds for dense models holds for mixtures of experts: the oracle's small ones.</summary>
public sealed class MixtureTests : IDisposable
{
    const string ManyExperts = "qwen3_moe --set num_experts=40 --set num_experts_per_tok=8 --set num_hidden_layers=1";

    readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> InstructionSets => KernelSets.Names;

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(ManyExperts, "WeightOnly")]
    [InlineData(ManyExperts, "Dynamic")]
    [InlineData(ManyExperts + " --fp8 tensor", "Static")]
    [InlineData("gpt_oss --set num_hidden_layers=1 --set layer_types=null", "WeightOnly")]
    public void The_number_of_threads_does_not_change_a_bit(string options, string mode)
    {
        string model = OracleTests.GenerateModel(_directory.Path, options);
        int[] ids = LogitsTests.Ids(40, 320);
        foreach ((string name, CpuKernels kernels) in KernelSets.For(options + mode))
        {
            float[][] one = Score(model, kernels, mode, threads: 1, ids);
            Assert.True(one.Zip(Score(model, kernels, mode, threads: 3, ids), (a, b) => a.AsSpan().SequenceEqual(b)).All(same => same), name);
        }
    }

    /// <summary>Experts whose inputs are quantised alike, and each with a scale of its own.</summary>
    [Theory]
    [InlineData("qwen3_moe --set num_hidden_layers=1", "Dynamic")]
    [InlineData("glm4_moe", "Dynamic")]
    [InlineData("qwen3_moe --fp8 tensor --set num_hidden_layers=1", "Static")]
    public void Quantised_inputs_follow_the_contract(string options, string mode)
    {
        string model = OracleTests.GenerateModel(_directory.Path, options);
        int[] ids = LogitsTests.Ids(40, 320);
        double[][] expected = OracleTests.Forward(_directory.Path, model, ids, "--act-quant", "fp8");
        double[][] weightOnly = OracleTests.Forward(_directory.Path, model, ids);
        foreach ((string name, CpuKernels kernels) in KernelSets.For(options))
        {
            float[][] found = Score(model, kernels, mode, threads: 2, ids);

            // An input that lies on a rounding border may fall to either side, and a token to another expert with it.
            double[] errors = [.. LogitsTests.Errors(expected, found).Order()];
            Assert.True(errors[errors.Length / 2] < 1e-4, $"{name}: median error {errors[errors.Length / 2]:e2}");
            Assert.True(LogitsTests.Errors(weightOnly, found).Average() > 0.003, $"{name}: quantised activations must show");
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(13, 3)]
    [InlineData(64, 2)]
    public void Any_chunking_and_thread_count_agrees_with_the_oracle(int chunk, int threads)
    {
        string model = OracleTests.GenerateModel(_directory.Path, ManyExperts);
        int[] ids = LogitsTests.Ids(70, 320);
        double[][] expected = OracleTests.Forward(_directory.Path, model, ids);
        using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels, chunk, threads);
        LogitsTests.AssertClose(expected, LogitsTests.Score(opened, ids), 1e-5, $"chunks of {chunk} on {threads} threads");
    }

    [Fact]
    public void Sequences_that_decode_together_compute_what_each_does_alone()
    {
        string model = OracleTests.GenerateModel(_directory.Path, ManyExperts);
        using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        int[] ids = LogitsTests.Ids(12, 320);
        double[][] expected = new double[ids.Length][];
        float[] logits = new float[opened.Config.VocabSize * ids.Length];
        var sessions = new InferenceSession[ids.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            using InferenceSession alone = opened.CreateSession();
            alone.Evaluate([ids[i]], logits.AsSpan(0, opened.Config.VocabSize));
            expected[i] = [.. logits[..opened.Config.VocabSize].Select(value => (double)value)];
            sessions[i] = opened.CreateSession();
        }

        opened.Evaluate(sessions, ids, logits);
        Assert.All(expected, (row, i) => Assert.InRange(LogitsTests.Error(row, logits[(i * row.Length)..((i + 1) * row.Length)]), 0, 1e-5));
        Array.ForEach(sessions, session => session.Dispose());
    }

    [Fact]
    public void A_decode_step_allocates_nothing()
    {
        string model = OracleTests.GenerateModel(_directory.Path, ManyExperts);
        using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        using InferenceSession session = opened.CreateSession();
        float[] logits = new float[session.VocabularySize];
        int[] ids = LogitsTests.Ids(320, 320);
        session.Evaluate(ids, []);
        session.Truncate(0);
        foreach (int id in ids.AsSpan(0, 70))
        {
            session.Evaluate([id], logits);
        }

        Assert.Equal(0, AllocatedBytes.Of(() =>
        {
            for (int i = 0; i < 8; i++)
            {
                session.Evaluate(ids.AsSpan(i, 1), logits);
            }
        }));
    }

    /// <summary>As published since: inputs first. The values are those of MXFP4, exactly.</summary>
    [Fact]
    public void Experts_of_gpt_oss_in_bfloat16_are_those_in_MXFP4()
    {
        string model = OracleTests.GenerateModel(_directory.Path, "gpt_oss --set hidden_size=128 --set num_hidden_layers=1 --set layer_types=null");
        string wide = Path.Combine(_directory.Path, "wide");
        CheckpointQuantizer.Run(model, wide, new QuantizationOptions { Scheme = QuantizationScheme.BFloat16 });
        int[] ids = LogitsTests.Ids(40, 320);
        foreach ((string name, CpuKernels kernels) in KernelSets.For("gpt_oss"))
        {
            using LanguageModel narrow = LogitsTests.Open(model, kernels);
            double[][] expected = [.. LogitsTests.Score(narrow, ids).Select(row => row.Select(value => (double)value).ToArray())];
            using LanguageModel opened = LogitsTests.Open(wide, kernels);
            LogitsTests.AssertClose(expected, LogitsTests.Score(opened, ids), 1e-5, name);
        }
    }

    [Fact]
    public void A_token_reads_the_weights_of_its_own_experts()
    {
        // 10 experts more, of which a token reads none: 3 matrices of 96 x 256 codes, and the router's row.
        using LanguageModel few = LogitsTests.Open(OracleTests.GenerateModel(_directory.Path, "qwen3_moe --fp8 none --set num_experts=6"), KernelSets.Get("scalar"));
        (long weights, long bytes) = (few.LinearWeights, few.BytesPerToken);
        using LanguageModel many = LogitsTests.Open(OracleTests.GenerateModel(Path.Combine(_directory.Path, "many"), "qwen3_moe --fp8 none --set num_experts=16"), KernelSets.Get("scalar"));

        Assert.Equal(2 * 10 * 256, many.LinearWeights - weights);
        Assert.Equal(2 * 10 * 256 * 2, many.BytesPerToken - bytes);
        Assert.Equal(2 * ((256 * (128 + 64 + 64 + 128)) + (256 * 6) + (3 * 3 * 96 * 256)), weights);
    }

    static float[][] Score(string model, CpuKernels kernels, string mode, int threads, int[] ids)
    {
        using var opened = LanguageModel.Load(model, new() { KvCache = KvCacheType.Float32, Threads = threads, Activation = Enum.Parse<ActivationMode>(mode) }, kernels);
        return LogitsTests.Score(opened, ids);
    }
}
