using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Families;

/// <summary>
/// Families whose layers are not all attention, against <c>hybrids.py</c>, a numpy program in double precision after transformers' and vLLM's sources, which shares
/// nothing with the engine: Nemotron-H and 3, Granite 4.0, LFM2.
/// </summary>
public sealed class HybridTests(HybridModels models) : IClassFixture<HybridModels>
{
    // Past pages and the tokens that a chunk holds.
    const int Tokens = 110;

    // Those of a family have their own routers near no tie.
    static readonly int[] s_ids = LogitsTests.Ids(Tokens, 300);

    public static TheoryData<string> Models =>
    [
        .. Families.SelectMany(family => (string[])[family, $"{family} --fp8 block", $"{family} --fp8 channel"]),
        "nemotron_h --fp8 tensor", "nemotron_h_moe --fp8 tensor",
    ];

    static string[] Families => ["nemotron_h", "nemotron_h_moe", "granite_hybrid", "granite_hybrid_dense", "granite_hybrid_rope"];

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
}

/// <summary>Models of <c>hybrids.py</c> and what it makes of tokens, each made once.</summary>
public sealed class HybridModels : IDisposable
{
    readonly TemporaryDirectory _directory = new();
    readonly ConcurrentDictionary<string, Lazy<(string Path, double[][] Expected)>> _models = new(StringComparer.Ordinal);
    int _made;

    public void Dispose() => _directory.Dispose();

    internal (string Path, double[][] Expected) Get(string options, int[] ids) => _models.GetOrAdd(options, key => new(() => Make(key, ids))).Value;

    /// <summary>What the oracle makes of a checkpoint.</summary>
    internal static double[][] Forward(string directory, string model, int[] ids, params string[] options)
    {
        string logits = Path.Combine(directory, "logits.npy");
        Run("logits", [model, "--ids", string.Join(',', ids), "--out", logits, .. options]);
        return NumpyProgram.Read(logits);
    }

    internal static void Run(string command, params string[] arguments)
        => NumpyProgram.Run(Path.Combine(Fixtures.Repository, "tests", "Octet.Tests", "Families", "hybrids.py"), [command, .. arguments]);

    (string Path, double[][] Expected) Make(string options, int[] ids)
    {
        string place = Directory.CreateDirectory(Path.Combine(_directory.Path, $"{Interlocked.Increment(ref _made)}")).FullName;
        string model = Path.Combine(place, "model");
        Run("make", [.. options.Split(' '), "--out", model]);
        return (model, Forward(place, model, ids));
    }
}
