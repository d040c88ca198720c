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
using Tensor = Octet.Tests.Reference.SparseCheckpoint.Tensor;

namespace Octet.Tests.Families;

/// <summary>
/// Families whose layers are not all attention, against <c>hybrids.py</c>, a numpy program in double precision after transformers' and vLLM's sources, which shares
/// nothing with the engine: Nemotron-H and 3, Granite 4.0, LFM2, Falcon-H1.
/// </summary>
public sealed class HybridTests(HybridModels models) : IClassFixture<HybridModels>
{
    // Past pages and the tokens that a chunk holds.
    const int Tokens = 110;

    // Those of a family have their own routers near no tie.
    static readonly int[] s_ids = LogitsTests.Ids(Tokens, 300);

    static readonly string[] s_families =
        ["nemotron_h", "nemotron_h_moe", "nemotron_h_latent", "granite_hybrid", "granite_hybrid_dense", "granite_hybrid_rope", "lfm2", "lfm2_moe", "falcon_h1", "falcon_h1_norm"];

    public static TheoryData<string> Models =>
    [
        .. s_families.SelectMany(family => (string[])[family, $"{family} --fp8 block", $"{family} --fp8 channel"]),
        "nemotron_h --fp8 tensor", "nemotron_h_moe --fp8 tensor", "nemotron_h_latent --fp8 tensor", "lfm2_moe --fp8 tensor", "falcon_h1 --fp8 tensor",
        "falcon_h1 --set tie_word_embeddings=true",

        // Nothing but states, and none.
        "nemotron_h --set hybrid_override_pattern=\"M-M\"", "nemotron_h --set hybrid_override_pattern=\"*-*\"",
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
        string list = Path.Combine(directory.Path, "bugs.txt");
        HybridModels.Run("bugs", "--out", list);
        (string Name, string[] Families)[] bugs = [.. File.ReadLines(list).Select(line => line.Split(' ')).Select(parts => (parts[0], parts[1].Split(',')))];
        Assert.InRange(bugs.Length, 60, 120);
        foreach (string family in s_families)
        {
            (string model, double[][] expected) = models.Get(family, s_ids);
            using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
            float[][] found = LogitsTests.Score(opened, s_ids);
            LogitsTests.AssertClose(expected, found, 1e-5, family);

            // A few of each model by turns, day by day; OCTET_SLOW=1: all.
            string[] own = [.. bugs.Where(bug => bug.Families.Contains(family)).Select(bug => bug.Name)];
            int most = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1" ? own.Length : 2;
            for (int i = 0; i < most; i++)
            {
                string bug = own[((DateTime.UtcNow.DayOfYear * most) + i) % own.Length];
                double[][] wrong = HybridModels.Forward(directory.Path, model, s_ids, "--plant", bug);
                Assert.True(LogitsTests.Errors(wrong, found).Max() > 1e-4, $"{family}: {bug} is not seen");
            }
        }
    }

    /// <summary>
    /// The sizes of published configs over files without data, FP8 as NVIDIA stores it. The numbers of weights are those of the publishers' files: of Nemotron 3 Nano 31.6 billion, of
    /// Granite 4.0 H Tiny 6.94, of LFM2 1.17 and, as a mixture, 8.34, to which corrections of routers are counted here, of Phi-3.5-MoE 41.87. Those of Falcon-H1 0.5B and Kimi-Linear are what their sizes give.
    /// </summary>
    [Theory]
    [InlineData("Nemotron-3-Nano-30B-A3B", 31_577_940_288)]
    [InlineData("Nemotron-3-Nano-30B-A3B-FP8", 31_577_940_288)]
    [InlineData("granite-4.0-h-tiny", 6_939_037_248)]
    [InlineData("LFM2-1.2B", 1_170_340_608)]
    [InlineData("LFM2-8B-A1B", 8_339_930_560)]
    [InlineData("Falcon-H1-0.5B-Instruct", 521_411_104)]
    [InlineData("Kimi-Linear-48B-A3B-Instruct", 49_122_681_728)]
    [InlineData("Phi-3.5-MoE-instruct", 41_873_153_344)]
    public void Published_sizes_are_opened(string name, long weights)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files of this size take the disk that they name");
        Assert.SkipUnless(Environment.GetEnvironmentVariable("OCTET_SLOW") == "1" || !(name.EndsWith("-FP8", StringComparison.Ordinal) || name.StartsWith("Kimi", StringComparison.Ordinal)), "18,000 tensors: set OCTET_SLOW=1");
        using var directory = new TemporaryDirectory();
        (string config, Tensor[] tensors) = PublishedHybrids.Get(name);
        Assert.Equal(weights, tensors.Where(tensor => !tensor.Name.EndsWith("_scale", StringComparison.Ordinal)).Sum(tensor => tensor.Count));
        File.WriteAllText(Path.Combine(directory.Path, "config.json"), config);
        SparseCheckpoint.Write(directory.Path, tensors);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { ContextLength = 32, KvCacheBytes = 1 << 30, PrefillChunk = 1, Threads = 1 });
        Assert.Empty(model.Notices);
    }

    [Theory]
    [InlineData("nemotron_h", 5)]
    [InlineData("nemotron_h_latent", 12)]
    [InlineData("granite_hybrid", 7)]
    [InlineData("granite_hybrid_dense", 1)]
    [InlineData("lfm2", 3)]
    [InlineData("lfm2_moe", 17)]
    [InlineData("falcon_h1", 6)]
    [InlineData("falcon_h1_norm", 9)]
    public void Prefill_in_chunks_and_decode_agree_with_the_oracle(string family, int chunk)
    {
        (string model, double[][] expected) = models.Get(family, s_ids);
        using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels, chunk);
        using InferenceSession session = opened.CreateSession();
        float[] logits = new float[session.VocabularySize];
        session.Evaluate(s_ids.AsSpan(0, 70), []);
        for (int i = 70; i < s_ids.Length; i++)
        {
            session.Evaluate(s_ids.AsSpan(i, 1), logits);
        }

        Assert.InRange(LogitsTests.Error(expected[^1], logits), 0, 1e-5);

        // Back and forth once more: what was computed for another length does not stay.
        session.Truncate(30);
        session.Evaluate(s_ids.AsSpan(30), logits);
        Assert.InRange(LogitsTests.Error(expected[^1], logits), 0, 1e-5);
    }

    [Theory]
    [InlineData("nemotron_h")]
    [InlineData("granite_hybrid")]
    [InlineData("lfm2")]
    [InlineData("falcon_h1")]
    public void Sessions_that_decode_together_compute_what_each_does_alone(string family)
    {
        using LanguageModel model = LogitsTests.Open(models.Get(family, s_ids).Path, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        InferenceSession[] sessions = [.. Enumerable.Range(0, 4).Select(_ => model.CreateSession())];
        for (int i = 0; i < sessions.Length; i++)
        {
            sessions[i].Evaluate(s_ids.AsSpan(i, 1 + (i * 9)), []);
        }

        float[] found = new float[sessions.Length * model.Config.VocabSize];
        for (int step = 0; step < 4; step++)
        {
            model.Evaluate(sessions, [.. sessions.Select((session, i) => s_ids[i + session.Length])], found);
        }

        for (int i = 0; i < sessions.Length; i++)
        {
            using InferenceSession alone = model.CreateSession();
            float[] expected = new float[model.Config.VocabSize];
            alone.Evaluate(s_ids.AsSpan(i, sessions[i].Length), expected);
            Assert.InRange(LogitsTests.Error([.. expected.Select(value => (double)value)], [.. found.AsSpan(i * expected.Length, expected.Length)]), 0, 1e-5);
            sessions[i].Dispose();
        }
    }

    [Theory]
    [InlineData("nemotron_h", "{\"hybrid_override_pattern\":\"M-M*\"}", "hybrid_override_pattern is \"M-M*\"; expected a letter for each of num_hidden_layers, 7")]
    [InlineData("nemotron_h", "{\"hybrid_override_pattern\":\"M-M*-MX\"}", "hybrid_override_pattern")]
    [InlineData("nemotron_h", "{\"hybrid_override_pattern\":null}", "hybrid_override_pattern is missing")]
    [InlineData("nemotron_h", "{\"layers_block_type\":[\"mamba\",\"mlp\",\"mamba\",\"attention\",\"mlp\",\"mamba\",\"rwkv\"]}", "layers_block_type")]
    [InlineData("nemotron_h", "{\"mlp_hidden_act\":\"silu\"}", "mlp_hidden_act is \"silu\"")]
    [InlineData("nemotron_h", "{\"mamba_hidden_act\":\"gelu\"}", "mamba_hidden_act is \"gelu\"")]
    [InlineData("nemotron_h", "{\"n_groups\":3}", "n_groups is 3; expected a divisor of mamba_num_heads, 8")]
    [InlineData("nemotron_h", "{\"conv_kernel\":5}", "conv_kernel is 5; expected a whole number from 2 to 4")]
    [InlineData("nemotron_h", "{\"mamba_num_heads\":1000000}", "mamba_num_heads is 1000000")]
    [InlineData("nemotron_h", "{\"mamba_head_dim\":2147483647}", "mamba_head_dim is 2147483647")]
    [InlineData("nemotron_h", "{\"ssm_state_size\":100000}", "ssm_state_size is 100000")]
    [InlineData("nemotron_h", "{\"time_step_limit\":[0.1]}", "time_step_limit is [0.1]; expected two numbers from 0")]
    [InlineData("nemotron_h", "{\"time_step_limit\":[0.5,0.1]}", "time_step_limit")]
    [InlineData("nemotron_h", "{\"sliding_window\":16}", "sliding_window is 16")]
    [InlineData("nemotron_h", "{\"mlp_bias\":true}", "mlp_bias is true")]
    [InlineData("nemotron_h_moe", "{\"n_group\":5}", "n_group is 5")]
    [InlineData("nemotron_h_moe", "{\"moe_latent_size\":0}", "moe_latent_size is 0")]
    [InlineData("nemotron_h_moe", "{\"moe_shared_expert_intermediate_size\":null}", "moe_shared_expert_intermediate_size is missing")]
    [InlineData("granite_hybrid", "{\"mamba_n_heads\":7}", "mamba_n_heads is 7")]
    [InlineData("granite_hybrid", "{\"mamba_d_head\":\"auto\",\"mamba_n_heads\":7}", "mamba_n_heads is 7")]
    [InlineData("granite_hybrid", "{\"mamba_d_head\":\"wide\"}", "mamba_d_head is \"wide\"")]
    [InlineData("granite_hybrid", "{\"mamba_expand\":2147483647}", "mamba_n_heads is 8")]
    [InlineData("granite_hybrid", "{\"position_embedding_type\":\"alibi\"}", "position_embedding_type is \"alibi\"")]
    [InlineData("granite_hybrid", "{\"normalization_function\":\"layernorm\"}", "normalization_function is \"layernorm\"")]
    [InlineData("granite_hybrid", "{\"num_experts_per_tok\":11}", "num_experts_per_tok is 11")]
    [InlineData("granite_hybrid", "{\"layer_types\":[\"mamba\"]}", "layer_types")]
    [InlineData("granite_hybrid", "{\"logits_scaling\":0}", "logits_scaling is 0")]
    [InlineData("lfm2", "{\"conv_L_cache\":9}", "conv_L_cache is 9")]
    [InlineData("lfm2", "{\"hidden_size\":2147483647,\"head_dim\":2,\"conv_dim\":null,\"block_dim\":null}", "hidden_size is 2147483647; expected at most 16777216")]
    [InlineData("lfm2", "{\"conv_dim\":64}", "conv_dim is 64")]
    [InlineData("lfm2", "{\"layer_types\":[\"conv\",\"conv\",\"mamba\",\"conv\",\"conv\",\"conv\"]}", "layer_types")]
    [InlineData("lfm2", "{\"block_ff_dim\":2147483647,\"block_ffn_dim_multiplier\":1000}", "block_ff_dim is 2147483647")]
    [InlineData("lfm2_moe", "{\"num_experts_per_tok\":11}", "num_experts_per_tok is 11")]
    [InlineData("falcon_h1", "{\"attention_bias\":true}", "attention_bias is true")]
    [InlineData("falcon_h1", "{\"mlp_bias\":true}", "mlp_bias is true")]
    [InlineData("falcon_h1", "{\"mamba_proj_bias\":true}", "mamba_proj_bias is true")]
    [InlineData("falcon_h1", "{\"projectors_bias\":true}", "projectors_bias is true")]
    [InlineData("falcon_h1", "{\"attn_layer_indices\":[0]}", "attn_layer_indices is [0]")]
    [InlineData("falcon_h1", "{\"mlp_multipliers\":[1]}", "mlp_multipliers is [1]; expected 2 numbers")]
    [InlineData("falcon_h1", "{\"ssm_multipliers\":[1,1,0,1,1]}", "ssm_multipliers is [1,1,0,1,1]; expected 5 numbers")]
    [InlineData("falcon_h1", "{\"key_multiplier\":-1}", "key_multiplier is -1")]
    [InlineData("falcon_h1", "{\"mamba_n_heads\":7}", "mamba_n_heads is 7; expected so many that with mamba_d_head they are mamba_d_ssm, 192")]
    [InlineData("falcon_h1_norm", "{\"mamba_norm_before_gate\":true}", "mamba_norm_before_gate is true")]
    public void What_a_config_says_wrong_is_named(string family, string keys, string expected)
    {
        using var directory = new TemporaryDirectory();
        string path = Copy(models.Get(family, s_ids).Path, directory, JsonNode.Parse(keys)!.AsObject());
        ModelException error = Assert.Throws<ModelException>(() => LanguageModel.Load(path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    /// <summary>What transformers 5 writes: lists in place of letters, infinity as an object, no number of layers.</summary>
    [Theory]
    [InlineData("nemotron_h", "{\"hybrid_override_pattern\":null,\"num_hidden_layers\":null,\"time_step_limit\":[0,{\"__float__\":\"Infinity\"}],\"layers_block_type\":[\"mamba\",\"mlp\",\"mamba\",\"attention\",\"mlp\",\"mamba\",\"attention\"]}")]
    [InlineData("nemotron_h", "{\"hybrid_override_pattern\":null,\"time_step_limit\":null,\"layers_block_type\":[\"linear_attention\",\"mlp\",\"linear_attention\",\"full_attention\",\"mlp\",\"linear_attention\",\"full_attention\"]}")]
    [InlineData("nemotron_h", "{\"num_hidden_layers\":null}")]
    [InlineData("granite_hybrid", "{\"mamba_d_head\":\"auto\",\"layer_types\":[\"linear_attention\",\"linear_attention\",\"full_attention\",\"linear_attention\",\"full_attention\",\"linear_attention\"]}")]
    [InlineData("falcon_h1", "{\"mamba_d_head\":\"auto\",\"mamba_use_mlp\":false,\"time_step_limit\":[0,{\"__float__\":\"Infinity\"}]}")]
    [InlineData("lfm2", "{\"layer_types\":null,\"full_attn_idxs\":[2,4],\"rope_theta\":null,\"theta\":1000000.0,\"tie_embedding\":true}")]
    [InlineData("lfm2", "{\"block_auto_adjust_ff_dim\":false,\"block_ff_dim\":224}")]
    [InlineData("lfm2_moe", "{\"rope_theta\":null,\"rope_parameters\":{\"rope_theta\":1000000.0,\"rope_type\":\"default\"}}")]
    public void Other_spellings_of_the_same_are_the_same(string family, string keys)
    {
        using var directory = new TemporaryDirectory();
        (string model, double[][] expected) = models.Get(family, s_ids);
        string path = Copy(model, directory, JsonNode.Parse(keys)!.AsObject());
        using LanguageModel opened = LogitsTests.Open(path, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        LogitsTests.AssertClose(expected, LogitsTests.Score(opened, s_ids), 1e-5, keys);
    }

    [Theory]
    [InlineData("nemotron_h_latent", "down_proj fc1_latent_proj fc2_latent_proj in_proj k_proj o_proj out_proj q_proj up_proj v_proj")]
    [InlineData("granite_hybrid_dense", "in_proj input_linear k_proj o_proj out_proj output_linear q_proj v_proj")]
    [InlineData("lfm2_moe", "in_proj k_proj out_proj q_proj v_proj w1 w2 w3")]
    [InlineData("falcon_h1_norm", "down_proj gate_proj in_proj k_proj o_proj out_proj q_proj up_proj v_proj")]
    public void Quantised_here_routers_convolutions_and_rates_stay_wide(string family, string layers)
    {
        using var directory = new TemporaryDirectory();
        (string model, double[][] expected) = models.Get(family, s_ids);
        string quantised = Path.Combine(directory.Path, "quantised");
        CheckpointQuantizer.Run(model, quantised, new() { Scheme = QuantizationScheme.Channel }, cancellationToken: TestContext.Current.CancellationToken);
        using (SafetensorsCheckpoint stored = SafetensorsCheckpoint.Open(quantised))
        {
            string[] codes = [.. stored.Tensors.Where(tensor => tensor.DataType == DataType.Float8E4M3FN).Select(tensor => tensor.Name.Split('.')[^2]).Distinct().Order(StringComparer.Ordinal)];
            Assert.Equal(layers.Split(' '), codes);
        }

        using LanguageModel opened = LanguageModel.Load(quantised, new() { Threads = 2 });
        Assert.InRange(LogitsTests.Errors(expected, LogitsTests.Score(opened, s_ids)).Average(), 1e-4, 0.5);
    }

    /// <summary>The scales of keys and values lie in the part that is called mixer, those of one tensor in the oracle's files.</summary>
    [Fact]
    public void A_cache_in_E4M3_takes_the_scales_of_the_files()
    {
        (string model, double[][] expected) = models.Get("nemotron_h --fp8 tensor", s_ids);
        using LanguageModel opened = LanguageModel.Load(model, new() { KvCache = KvCacheType.Float8E4M3, Threads = 2 });
        Assert.InRange(LogitsTests.Errors(expected, LogitsTests.Score(opened, s_ids)).Average(), 1e-4, 0.1);
        using SafetensorsCheckpoint stored = SafetensorsCheckpoint.Open(model);
        Assert.Equal(2, stored.Tensors.Count(tensor => tensor.Name.EndsWith(".mixer.k_proj.k_scale", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_infinite_number_is_published_as_a_number()
    {
        using var directory = new TemporaryDirectory();
        string quantised = Path.Combine(directory.Path, "quantised");
        CheckpointQuantizer.Run(models.Get("nemotron_h", s_ids).Path, quantised, new() { Scheme = QuantizationScheme.Channel }, cancellationToken: TestContext.Current.CancellationToken);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(quantised, "config.json")))!;
        Assert.Equal(double.PositiveInfinity, (double)config["time_step_limit"]![1]!);
    }

    /// <summary>A copy with other keys in its config.</summary>
    static string Copy(string model, TemporaryDirectory directory, JsonObject keys)
    {
        string path = Directory.CreateDirectory(Path.Combine(directory.Path, "model")).FullName;
        foreach (string file in Directory.GetFiles(model))
        {
            File.Copy(file, Path.Combine(path, Path.GetFileName(file)));
        }

        // Python's json writes what is none.
        string config = Path.Combine(path, "config.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(config).Replace("Infinity", "1e999", StringComparison.Ordinal))!.AsObject();
        foreach ((string key, JsonNode? value) in keys)
        {
            json[key] = value?.DeepClone();
        }

        File.WriteAllText(config, json.ToJsonString());
        return path;
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
