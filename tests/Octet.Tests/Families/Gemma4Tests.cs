using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;
using Tensor = Octet.Tests.Reference.SparseCheckpoint.Tensor;

namespace Octet.Tests.Families;

/// <summary>
/// Gemma 4 against <c>gemma4.py</c>, a numpy program in double precision after transformers' source, which shares nothing with the engine: dense models, those with
/// inputs of their own for every layer and shared keys, and mixtures.
/// </summary>
public sealed class Gemma4Tests(Gemma4Models models) : IClassFixture<Gemma4Models>
{
    // Past windows, pages and the tokens that a chunk holds.
    static readonly int[] s_ids = LogitsTests.Ids(140, 301);

    public static TheoryData<string> Models =>
    [
        "dense", "dense --fp8 channel", "dense --fp8 block --wrap --per-layer-config",
        "small", "small --fp8 channel --wrap", "small --fp8 block --per-layer-config",
        "moe", "moe --fp8 channel --wrap", "moe --fp8 block",
    ];

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
    [Fact]
    public void Every_bug_that_the_oracle_plants_would_be_seen()
    {
        using var directory = new TemporaryDirectory();
        (string Name, string Variants)[] bugs = models.Bugs(directory.Path);
        Assert.InRange(bugs.Length, 60, 100);
        foreach (string variant in (string[])["dense", "small", "moe"])
        {
            (string model, double[][] expected) = models.Get(variant, s_ids);
            using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
            float[][] found = LogitsTests.Score(opened, s_ids);
            LogitsTests.AssertClose(expected, found, 1e-5, variant);

            foreach (string bug in NumpyOracle.SomeOf([.. bugs.Where(bug => bug.Variants.Contains(variant[0])).Select(bug => bug.Name)], 3))
            {
                models.AssertSeen(directory.Path, model, s_ids, bug, found);
            }
        }
    }

    /// <summary>
    /// The sizes of transformers' own conversion over files without data, every tensor of the text model and one of a part that sees. The numbers of weights are those
    /// that Google gives, text alone: E2B 2.3 billion beside a table of 2.35, 12, 30.7 and 25.2 billion.
    /// </summary>
    [Theory]
    [InlineData("E2B", "none", 4_647_449_891)]
    [InlineData("E4B", "none", 7_518_069_034)]
    [InlineData("12B", "none", 11_907_350_320)]
    [InlineData("31B", "none", 30_697_345_340)]
    [InlineData("31B", "channel", 30_697_345_340)]
    [InlineData("26B-A4B", "none", 25_233_137_950)]
    [InlineData("26B-A4B", "channel", 25_233_137_950)]
    public void Published_sizes_are_opened(string size, string scheme, long weights)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files of this size take the disk that they name");
        Assert.SkipUnless(Environment.GetEnvironmentVariable("OCTET_SLOW") == "1" || (size, scheme) is not ("26B-A4B", "channel"), "23,000 tensors: set OCTET_SLOW=1");
        using var directory = new TemporaryDirectory();
        models.Run("list", size, "--out", directory.Path, "--fp8", scheme);
        Tensor[] tensors = [.. File.ReadLines(Path.Combine(directory.Path, "tensors.tsv")).Select(line => line.Split('\t')).Select(parts => new Tensor(
            parts[0], parts[1], [.. parts[2].Split(',').Select(length => long.Parse(length, CultureInfo.InvariantCulture))]))];
        SparseCheckpoint.Write(directory.Path, tensors);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { ContextLength = 32, KvCacheBytes = 1 << 30, PrefillChunk = 1, Threads = 1 });
        Assert.Equal(weights, tensors.Where(tensor => !tensor.Name.EndsWith("_scale", StringComparison.Ordinal) && !tensor.Name.Contains(".vision_", StringComparison.Ordinal)).Sum(tensor => tensor.Count));
        Assert.Contains("1 tensors belong to parts that do not read text", model.Notices[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"num_hidden_layers\":6,\"num_kv_shared_layers\":6}", "num_kv_shared_layers is 6")]
    [InlineData("{\"num_kv_shared_layers\":5}", "num_kv_shared_layers is 5; expected so many that a layer with full_attention is before them")]
    [InlineData("{\"use_bidirectional_attention\":\"all\"}", "use_bidirectional_attention is \"all\"")]
    [InlineData("{\"num_global_key_value_heads\":3}", "num_global_key_value_heads is 3")]
    [InlineData("{\"global_head_dim\":63}", "global_head_dim is 63")]
    [InlineData("{\"per_layer_config\":{\"2\":{\"sliding_window\":8}}}", "per_layer_config.2.sliding_window")]
    [InlineData("{\"hidden_size_per_layer_input\":8,\"vocab_size_per_layer_input\":8}", "vocab_size_per_layer_input is 8")]
    [InlineData("{\"enable_moe_block\":true,\"num_experts\":2,\"top_k_experts\":3,\"moe_intermediate_size\":8}", "top_k_experts is 3; expected at most the number of experts, 2")]
    [InlineData("{\"final_logit_softcapping\":0}", "final_logit_softcapping is 0")]
    public void What_a_config_says_wrong_is_named(string keys, string expected)
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "model");
        CopyFiles(models.Get("dense", s_ids).Path, path);
        string config = Path.Combine(path, "config.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(config))!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(keys)!.AsObject())
        {
            json[key] = value!.DeepClone();
        }

        File.WriteAllText(config, json.ToJsonString());
        ModelException error = Assert.Throws<ModelException>(() => LanguageModel.Load(path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Quantised_here_its_tables_routers_and_inputs_of_layers_stay_wide()
    {
        using var directory = new TemporaryDirectory();
        FamilyCheckpoint.Write("gemma4_text", Path.Combine(directory.Path, "wide"));
        string quantised = Path.Combine(directory.Path, "quantised");
        CheckpointQuantizer.Run(Path.Combine(directory.Path, "wide"), quantised, cancellationToken: TestContext.Current.CancellationToken);
        using (SafetensorsCheckpoint stored = SafetensorsCheckpoint.Open(quantised))
        {
            string[] codes = [.. stored.Tensors.Where(tensor => tensor.DataType == DataType.Float8E4M3FN).Select(tensor => tensor.Name.Split('.')[^2]).Distinct().Order(StringComparer.Ordinal)];
            Assert.Equal(["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"], codes);
        }

        int[] ids = LogitsTests.Ids(40, FamilyCheckpoint.Vocabulary);
        double[][] expected = models.Forward(directory.Path, Path.Combine(directory.Path, "wide"), ids);
        using LanguageModel model = LanguageModel.Load(quantised);
        Assert.InRange(LogitsTests.Errors(expected, LogitsTests.Score(model, ids)).Average(), 1e-4, 0.2);
    }

    [Fact]
    public void Quantised_here_what_does_not_read_text_stays_wide_and_is_listed()
    {
        using var directory = new TemporaryDirectory();
        string model = Path.Combine(directory.Path, "model"), quantised = Path.Combine(directory.Path, "quantised");
        models.Run("make", "dense", "--wrap", "--out", model);
        CheckpointQuantizer.Run(model, quantised, cancellationToken: TestContext.Current.CancellationToken);
        using SafetensorsCheckpoint stored = SafetensorsCheckpoint.Open(quantised);
        Assert.All(stored.Tensors.Where(tensor => !tensor.Name.Contains(".language_model.", StringComparison.Ordinal)), tensor => Assert.Equal(DataType.BFloat16, tensor.DataType));
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(quantised, "config.json")))!;
        Assert.Contains("model.vision_tower.encoder.layers.0.self_attn.q_proj.linear", config["quantization_config"]!["modules_to_not_convert"]!.AsArray().Select(name => (string)name!));
    }

    static void CopyFiles(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    [Theory]
    [InlineData("dense", 5)]
    [InlineData("small", 7)]
    [InlineData("moe", 17)]
    public void Prefill_in_chunks_and_decode_agree_with_the_oracle(string options, int chunk)
    {
        (string model, double[][] expected) = models.Get(options, s_ids);
        using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels, chunk);
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

/// <summary>Models of <c>gemma4.py</c>.</summary>
public sealed class Gemma4Models() : NumpyOracle("gemma4.py");
