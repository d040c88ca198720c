using Octet.Backends.Cpu;
using Octet.Backends.Cpu.MachineCode;
using Octet.Numerics;
using Octet.Tests.Backends.MachineCode;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

/// <summary>
/// A whole model with its linear layers in generated code. The measure of its error is what rounding the inputs of those layers to bfloat16
/// does to the double-precision reference itself.
/// </summary>
public class BFloat16LogitsTests
{
    const double Allowance = 2;

    public static TheoryData<string> Codes => [.. ProductCodes.Names];

    static readonly SyntheticCheckpoint[] s_variants =
    [
        new(),
        new() { ScaleType = DataType.Float32, Tied = false, Seed = 2 },
        new() { HiddenSize = 130, IntermediateSize = 387, Heads = 6, KeyValueHeads = 1, HeadDim = 24, VocabSize = 77, Seed = 5 },
        new() { LinearType = DataType.BFloat16, Seed = 6 },
    ];

    // The same for every code: logits in double precision, and what rounded inputs make of them.
    static readonly Lazy<(SyntheticCheckpoint Checkpoint, double[][] Expected, double[] Allowed)[]> s_references = new(() => [.. s_variants.Select(checkpoint =>
    {
        using var directory = new TemporaryDirectory();
        checkpoint.Write(directory.Path);
        double[][] expected = new DoubleReference(directory.Path).Forward(Ids(checkpoint));
        double[][] rounded = new DoubleReference(directory.Path) { RoundInputs = true }.Forward(Ids(checkpoint));
        return (checkpoint, expected, LogitsTests.Errors(expected, [.. rounded.Select(row => row.Select(value => (float)value).ToArray())]));
    })]);

    static readonly SyntheticCheckpoint s_dynamic = new() { Layers = 1 };

    static readonly Lazy<double[][]> s_dynamicReference = new(() =>
    {
        using var directory = new TemporaryDirectory();
        s_dynamic.Write(directory.Path);
        return new DoubleReference(directory.Path, dynamic: true) { RoundInputs = true }.Forward(LogitsTests.Ids(20, s_dynamic.VocabSize));
    });

    [Theory]
    [MemberData(nameof(Codes))]
    public void The_error_is_that_of_rounded_inputs(string code)
    {
        CpuKernels kernels = Kernels(code);
        foreach ((SyntheticCheckpoint checkpoint, double[][] expected, double[] allowed) in s_references.Value)
        {
            using var directory = new TemporaryDirectory();
            checkpoint.Write(directory.Path);
            int[] ids = Ids(checkpoint);
            using LanguageModel model = LogitsTests.Open(directory.Path, kernels);
            double[] errors = LogitsTests.Errors(expected, LogitsTests.Score(model, ids));
            Assert.Empty(InterpretedCode.Failures);
            Assert.All(errors.Zip(allowed), pair => Assert.InRange(pair.First, 0, Allowance * pair.Second));
            Assert.True(errors.Average() > 1e-4, $"{code}: rounded inputs must show, {errors.Average()}");
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Attention_over_a_cache_of_bfloat16_keeps_to_twice_what_rounding_costs(string code)
    {
        CpuKernels kernels = Kernels(code);
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint { HeadDim = 64, Seed = 9 };
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(50, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path).Forward(ids);
        double[][] rounded = new DoubleReference(directory.Path) { RoundInputs = true, CacheType = KvCacheType.BFloat16 }.Forward(ids);
        double[] allowed = LogitsTests.Errors(expected, [.. rounded.Select(row => row.Select(value => (float)value).ToArray())]);
        using var model = LanguageModel.Load(directory.Path, new() { KvCache = KvCacheType.BFloat16 }, kernels);
        double[] errors = LogitsTests.Errors(expected, LogitsTests.Score(model, ids));
        Assert.Empty(InterpretedCode.Failures);
        Assert.All(errors.Zip(allowed), pair => Assert.InRange(pair.First, 0, Allowance * pair.Second));
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Dynamic_activations_are_exact_as_they_are(string code)
    {
        CpuKernels kernels = Kernels(code);
        using var directory = new TemporaryDirectory();
        s_dynamic.Write(directory.Path);
        using var model = LanguageModel.Load(directory.Path, new() { Activation = ActivationMode.Dynamic, KvCache = KvCacheType.Float32 }, kernels);
        double[] errors = LogitsTests.Errors(s_dynamicReference.Value, LogitsTests.Score(model, LogitsTests.Ids(20, s_dynamic.VocabSize)));
        Assert.Empty(InterpretedCode.Failures);

        // An input on a rounding border may fall to either side, of E4M3 or, for the head, of bfloat16: most positions agree closely, all roughly.
        Assert.True(errors.Order().ElementAt(errors.Length / 2) < 5e-4, $"median error {errors.Order().ElementAt(errors.Length / 2)}");
        Assert.All(errors, error => Assert.InRange(error, 0, 0.02));
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void The_number_of_threads_does_not_change_a_bit(string code)
    {
        CpuKernels kernels = Kernels(code);
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint { Layers = 1 };
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(40, checkpoint.VocabSize);
        using LanguageModel one = LogitsTests.Open(directory.Path, kernels, threads: 1);
        using LanguageModel three = LogitsTests.Open(directory.Path, kernels, threads: 3);
        Assert.Equal(LogitsTests.Score(one, ids), LogitsTests.Score(three, ids));
        Assert.Empty(InterpretedCode.Failures);
    }

    [Fact]
    public void A_few_tokens_keep_their_exact_inputs()
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint();
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(45, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path).Forward(ids);
        using LanguageModel model = LogitsTests.Open(directory.Path, Kernels("amx, interpreted"), chunk: 4);
        LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, "chunks of 4 tokens");
    }

    // More than two groups of 16.
    static int[] Ids(SyntheticCheckpoint checkpoint) => LogitsTests.Ids(35, checkpoint.VocabSize);

    static BFloat16Kernels Kernels(string code)
        => new(code, BFloat16Kernels.FewestTokensForTiles, ProductCodes.Get(code), InstructionSet.Float32.First(set => set.IsSupported).Kernels);
}
