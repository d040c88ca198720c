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
/// Kimi-Linear against <c>linear.py</c>, a numpy program in double precision after the code that is published with its weights, flash-linear-attention and vLLM, which
/// shares nothing with the engine.
/// </summary>
public sealed class LinearTests(LinearModels models) : IClassFixture<LinearModels>
{
    // Past pages and the tokens that a chunk holds.
    static readonly int[] s_ids = LogitsTests.Ids(110, 313);

    static readonly string[] s_families = ["kimi_linear", "kimi_linear_groups"];

    public static TheoryData<string> Families => [.. s_families];

    public static TheoryData<string> Models =>
    [
        .. s_families.SelectMany(family => (string[])[family, $"{family} --fp8 block", $"{family} --fp8 channel"]),
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

    /// <summary>What the comparison sees: each difference of the oracle's list.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void Every_bug_that_the_oracle_plants_would_be_seen(string family)
    {
        using var directory = new TemporaryDirectory();
        (string model, double[][] expected) = models.Get(family, s_ids);
        using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        float[][] found = LogitsTests.Score(opened, s_ids);
        LogitsTests.AssertClose(expected, found, 1e-5, family);
        string[] own = [.. models.Bugs(directory.Path).Where(bug => bug.Concerns.Split(',').Contains(family)).Select(bug => bug.Name)];
        Assert.InRange(own.Length, 40, 60);
        foreach (string bug in NumpyOracle.SomeOf(own, 2))
        {
            models.AssertSeen(directory.Path, model, s_ids, bug, found);
        }
    }

    [Theory]
    [InlineData("kimi_linear", 6)]
    [InlineData("kimi_linear_groups", 13)]
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
    [InlineData("{\"mla_use_nope\":false}", "mla_use_nope is false")]
    [InlineData("{\"mla_use_nope\":null}", "mla_use_nope is missing")]
    [InlineData("{\"mla_use_output_gate\":true}", "mla_use_output_gate is true")]
    [InlineData("{\"q_lora_rank\":64}", "q_lora_rank is 64")]
    [InlineData("{\"routed_expert_hidden_size\":64}", "routed_expert_hidden_size is 64")]
    [InlineData("{\"hidden_act\":\"situ\"}", "hidden_act is \"situ\"")]
    [InlineData("{\"linear_attn_config\":null}", "linear_attn_config is missing")]
    [InlineData("{\"linear_attn_config\":{\"kda_layers\":[1,2,3],\"full_attn_layers\":[4,6],\"num_heads\":5,\"head_dim\":32}}", "kda_layers is [1,2,3]")]
    [InlineData("{\"linear_attn_config\":{\"kda_layers\":[1,2,3,5],\"full_attn_layers\":[4,6],\"num_heads\":5,\"head_dim\":32,\"gate_lower_bound\":-5}}", "gate_lower_bound is -5")]
    [InlineData("{\"linear_attn_config\":{\"kda_layers\":[1,2,3,5],\"full_attn_layers\":[4,6],\"num_heads\":5,\"head_dim\":32,\"use_full_rank_gate\":true}}", "use_full_rank_gate is true")]
    [InlineData("{\"linear_attn_config\":{\"kda_layers\":[1,2,3,5],\"full_attn_layers\":[4,6],\"num_heads\":5,\"head_dim\":32,\"short_conv_kernel_size\":3}}", "short_conv_kernel_size is 3")]
    [InlineData("{\"moe_router_activation_func\":\"softmax\"}", "moe_router_activation_func is \"softmax\"")]
    [InlineData("{\"num_expert_group\":5}", "num_expert_group is 5; expected a divisor of num_experts, 12")]
    [InlineData("{\"num_expert_group\":3,\"use_grouped_topk\":false}", "use_grouped_topk is false")]
    [InlineData("{\"num_expert_group\":6,\"topk_group\":1}", "topk_group is 1")]
    public void What_a_config_says_wrong_is_named(string keys, string expected)
    {
        using var directory = new TemporaryDirectory();
        string model = models.Get("kimi_linear", s_ids).Path;
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(model, "config.json")))!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(keys)!.AsObject())
        {
            config[key] = value?.DeepClone();
        }

        File.Copy(Path.Combine(model, "model.safetensors"), Path.Combine(directory.Path, "model.safetensors"));
        File.WriteAllText(Path.Combine(directory.Path, "config.json"), config.ToJsonString());
        ModelException error = Assert.Throws<ModelException>(() => LanguageModel.Load(directory.Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Quantised_here_routers_convolutions_and_narrow_gates_stay_wide()
    {
        using var directory = new TemporaryDirectory();
        (string model, double[][] expected) = models.Get("kimi_linear", s_ids);
        string quantised = Path.Combine(directory.Path, "quantised");
        CheckpointQuantizer.Run(model, quantised, new() { Scheme = QuantizationScheme.Channel }, cancellationToken: TestContext.Current.CancellationToken);
        using (SafetensorsCheckpoint stored = SafetensorsCheckpoint.Open(quantised))
        {
            string[] codes = [.. stored.Tensors.Where(tensor => tensor.DataType == DataType.Float8E4M3FN).Select(tensor => tensor.Name.Split('.')[^2]).Distinct().Order(StringComparer.Ordinal)];
            Assert.Equal("down_proj gate_proj k_proj kv_a_proj_with_mqa kv_b_proj o_proj q_proj up_proj v_proj w1 w2 w3".Split(' '), codes);
        }

        using LanguageModel opened = LanguageModel.Load(quantised, new() { Threads = 2 });
        Assert.InRange(LogitsTests.Errors(expected, LogitsTests.Score(opened, s_ids)).Average(), 1e-4, 0.5);
    }
}

public sealed class LinearModels() : NumpyOracle("linear.py");
