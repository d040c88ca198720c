using System.Runtime.InteropServices;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;
using Octet.Tests.Backends;
using Octet.Tests.Models;

namespace Octet.Tests.Families;

/// <summary>Mixtures of experts against <c>mixtures.py</c>, a numpy program in double precision after transformers' sources, which shares nothing with the engine.</summary>
public sealed class MixtureFamilyTests(MixtureModels models) : IClassFixture<MixtureModels>
{
    // Past windows, pages and the tokens that a chunk holds.
    static readonly int[] s_ids = LogitsTests.Ids(120, 301);

    static readonly string[] s_families =
    [
        "qwen3_vl_moe", "minimax_m2", "mixtral", "hunyuan_v1_moe", "exaone_moe", "granitemoe", "granitemoeshared", "ernie4_5_moe", "mistral4", "qwen2_moe", "olmoe", "flex_olmo", "llama4",
        "phimoe",
    ];

    public static TheoryData<string> Models =>
    [
        .. s_families.Select(family => $"{family} --fp8 block"),
        .. s_families.Select((family, i) => $"{family} --fp8 {(i % 2 == 0 ? "channel" : "none")}"),
        "mistral4 --fp8 tensor", "granitemoe --fp8 channel",
    ];

    public static TheoryData<string> Families => [.. s_families];

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_are_those_of_the_oracle(string options)
    {
        (string model, double[][] expected) = models.Get(options, s_ids);
        foreach ((string name, CpuKernels kernels) in KernelSets.For(options))
        {
            using LanguageModel opened = LogitsTests.Open(model, kernels, chunk: 33);
            LogitsTests.AssertClose(expected, LogitsTests.Score(opened, s_ids), 1e-5, $"{options} on {name}");
        }
    }

    /// <summary>As transformers 5 saves them. Where a matrix is square, the other tensor of the layer tells.</summary>
    [Theory]
    [InlineData(48)]
    [InlineData(160)]
    [InlineData(80)]
    public void Experts_that_lie_outputs_first_are_read_so(int width)
    {
        using var directory = new TemporaryDirectory();
        (string model, double[][] expected) = models.Get($"qwen3_vl_moe --fp8 none --set moe_intermediate_size={width}", s_ids);
        foreach (string file in Directory.GetFiles(model, "*.json"))
        {
            File.Copy(file, Path.Combine(directory.Path, Path.GetFileName(file)));
        }

        using (SafetensorsFile stored = SafetensorsFile.Open(Path.Combine(model, "model.safetensors")))
        {
            SafetensorsWriter.Write(Path.Combine(directory.Path, "model.safetensors"), [.. stored.Tensors.Select(Turn)], cancellationToken: TestContext.Current.CancellationToken);
        }

        using LanguageModel opened = LogitsTests.Open(directory.Path, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        LogitsTests.AssertClose(expected, LogitsTests.Score(opened, s_ids), 1e-5, $"experts {width} wide");
    }

    static TensorSource Turn(TensorView tensor)
    {
        byte[] bytes = tensor.Bytes.ToArray();
        long[] shape = tensor.Shape.ToArray();
        if (tensor.Name.Contains(".experts.", StringComparison.Ordinal))
        {
            Assert.Equal((3, DataType.BFloat16), (shape.Length, tensor.DataType));
            (int count, int rows, int columns) = ((int)shape[0], (int)shape[1], (int)shape[2]);
            ReadOnlySpan<ushort> from = MemoryMarshal.Cast<byte, ushort>(tensor.Bytes);
            Span<ushort> to = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
            for (int i = 0; i < from.Length; i++)
            {
                (int matrix, int at) = Math.DivRem(i, rows * columns);
                to[(matrix * rows * columns) + (at % columns * rows) + (at / columns)] = from[i];
            }

            shape = [count, columns, rows];
        }

        return new TensorSource(tensor.Name, tensor.DataType, shape, bytes);
    }

    /// <summary>What the comparison sees: each difference of the oracle's list, in the models that it concerns.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void Every_bug_that_the_oracle_plants_would_be_seen(string family)
    {
        using var directory = new TemporaryDirectory();
        (string model, double[][] expected) = models.Get(family, s_ids);
        using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        float[][] found = LogitsTests.Score(opened, s_ids);
        LogitsTests.AssertClose(expected, found, 1e-5, family);
        string[] own = [.. models.Bugs(directory.Path).Where(bug => bug.Concerns.Split(',').Contains(family.Split(' ')[0])).Select(bug => bug.Name)];
        Assert.InRange(own.Length, 5, 50);
        foreach (string bug in NumpyOracle.SomeOf(own, 2))
        {
            models.AssertSeen(directory.Path, model, s_ids, bug, found);
        }
    }

    /// <summary>The one family whose output layer has a bias.</summary>
    [Fact]
    public void An_output_layer_in_FP8_keeps_its_bias()
    {
        (string model, double[][] expected) = models.Get("phimoe", s_ids);
        using LanguageModel opened = LanguageModel.Load(model, new() { KvCache = KvCacheType.Float32, Threads = 2, LmHead = LmHead.Float8 });
        Assert.InRange(LogitsTests.Errors(expected, LogitsTests.Score(opened, s_ids)).Average(), 1e-4, 0.05);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Prefill_in_chunks_and_decode_agree_with_the_oracle(string family)
    {
        (string model, double[][] expected) = models.Get(family, s_ids);
        using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels, 7);
        using InferenceSession session = opened.CreateSession();
        float[] logits = new float[session.VocabularySize];
        session.Evaluate(s_ids.AsSpan(0, 90), []);
        for (int i = 90; i < s_ids.Length; i++)
        {
            session.Evaluate(s_ids.AsSpan(i, 1), logits);
        }

        Assert.InRange(LogitsTests.Error(expected[^1], logits), 0, 1e-5);

        // Back and forth once more: what was computed for another length does not stay.
        session.Truncate(30);
        session.Evaluate(s_ids.AsSpan(30), logits);
        Assert.InRange(LogitsTests.Error(expected[^1], logits), 0, 1e-5);
    }
}

/// <summary>Models of <c>mixtures.py</c>.</summary>
public sealed class MixtureModels() : NumpyOracle("mixtures.py");
