using Octet.Backends.Cpu;
using Octet.Tests.Reference;
using Octet.Tests.Backends;
using Octet.Tests.Models;

namespace Octet.Tests.Families;

/// <summary>Dense families against <c>dense.py</c>, a numpy program in double precision after transformers' sources, which shares nothing with the engine.</summary>
public sealed class DenseFamilyTests(DenseModels models) : IClassFixture<DenseModels>
{
    // Past windows, pages and the tokens that a chunk holds.
    static readonly int[] s_ids = LogitsTests.Ids(120, 301);

    static readonly string[] s_families =
    [
        "qwen3_vl", "qwen2_5_vl", "smollm3", "olmo2", "olmo3", "exaone4", "exaone4_small", "hunyuan_v1_dense", "granite", "glm4", "glm", "cohere2", "cohere --set use_qk_norm=false", "ernie4_5", "gemma2", "arcee", "nemotron", "apertus",
    ];

    public static TheoryData<string> Models =>
    [
        .. s_families.Select((family, i) => $"{family} --fp8 {(i % 2 == 0 ? "channel" : "block")}"),
        .. s_families.Select((family, i) => $"{family} --fp8 {(i % 2 == 0 ? "block" : "none")}"),
        "qwen3_vl --fp8 native", "qwen2_5_vl --set layout=\"nested\"", "qwen2_5_vl --set layout=\"resaved\" --fp8 channel",
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
        string[] own = [.. models.Bugs(directory.Path).Where(bug => bug.Concerns.Split(',').Contains(family.Split(' ')[0]) && !(family.StartsWith("cohere ", StringComparison.Ordinal) && (bug.Name.Contains("q_norm", StringComparison.Ordinal) || bug.Name.Contains("k_norm", StringComparison.Ordinal)))).Select(bug => bug.Name)];
        Assert.InRange(own.Length, 5, 50);
        foreach (string bug in NumpyOracle.SomeOf(own, 2))
        {
            models.AssertSeen(directory.Path, model, s_ids, bug, found);
        }
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

/// <summary>Models of <c>dense.py</c>.</summary>
public sealed class DenseModels() : NumpyOracle("dense.py");
