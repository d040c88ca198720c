using Octet.Backends.Cpu;
using Octet.Generation;
using Octet.Testing;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Families;

/// <summary>
/// Every family against a numpy program that shares nothing with this repository: its generator writes a small checkpoint as the family
/// is published, in either spelling of config.json, and its forward is double precision.
/// </summary>
public sealed class OracleTests(OracleModels models)
{
    const int Tokens = OracleModels.Tokens;

    static readonly int[] s_ids = OracleModels.Ids;

    public static TheoryData<string> Models =>
    [
        "llama", "llama --style 5", "llama --fp8 tensor",
        "qwen2", "qwen2 --style 5 --fp8 none", "qwen2 --set use_sliding_window=true --set sliding_window=24 --set max_window_layers=1",
        "qwen3 --style 5", "qwen3 --set rope_scaling={\"rope_type\":\"yarn\",\"factor\":4.0,\"original_max_position_embeddings\":32}",
        "mistral", "mistral --style 5 --wrap --set sliding_window=40", "mistral --wrap --fp8 none",
        "ministral3", "ministral3 --wrap --style 5",
        "phi3", "phi3 --style 5 --fp8 none", "phi3 --fp8 tensor --set rope_scaling=null --set sliding_window=20", "phi3 --fp8 block",
        "deepseek_v3", "deepseek_v3 --style 5 --set norm_topk_prob=false --set num_nextn_predict_layers=1", "deepseek_v3 --style 5 --fp8 none --set first_k_dense_replace=3 --set q_lora_rank=null",
        "deepseek_v3 --fp8 channel --set first_k_dense_replace=3 --set kv_lora_rank=96 --set rope_interleave=false", "deepseek_v3 --fp8 tensor --set first_k_dense_replace=3 --set num_attention_heads=28",
        "deepseek_v3 --set rms_norm_eps=0.001",
        "gemma3_text", "gemma3_text --style 5", "gemma3_text --wrap --fp8 channel --set rope_scaling={\"rope_type\":\"linear\",\"factor\":8.0}",
        "qwen3_5_text", "qwen3_5_text --wrap --style 5", "qwen3_5_text --fp8 channel --set layer_types=null --set num_hidden_layers=4",
        "qwen3_5_text --set linear_num_value_heads=6 --set linear_key_head_dim=24 --set linear_value_head_dim=20 --fp8 none",
        "qwen3_5_text --set linear_value_head_dim=80 --set linear_key_head_dim=128 --set num_hidden_layers=1 --set layer_types=[\"linear_attention\"]",
        "qwen3_next", "qwen3_next --style 5 --fp8 none", "qwen3_next --set mlp_only_layers=[1,3] --set norm_topk_prob=false", "qwen3_next --fp8 channel --set decoder_sparse_step=2",

        // Of seed 0 one token is ill-conditioned: its error is some ten times the mean, also that of the scalar kernels several times theirs.
        "qwen3_5_moe_text --seed 1", "qwen3_5_moe_text --seed 1 --wrap --fp8 none",
        "qwen3_moe", "qwen3_moe --style 5 --fp8 none", "qwen3_moe --fp8 none --fused", "qwen3_moe --fp8 channel", "qwen3_moe --fp8 tensor",
        "qwen3_moe --set mlp_only_layers=[0] --set norm_topk_prob=false", "qwen3_moe --set decoder_sparse_step=2 --set num_experts=40 --set num_experts_per_tok=8",
        "glm4_moe", "glm4_moe --style 5 --fp8 none", "glm4_moe --fp8 block --set use_qk_norm=false --set attention_bias=false",
        "glm4_moe --fp8 tensor --set n_routed_experts=16 --set n_group=4 --set topk_group=2 --set n_shared_experts=2",
        "glm4_moe --set norm_topk_prob=false --set first_k_dense_replace=0 --set num_nextn_predict_layers=0",
        "gpt_oss", "gpt_oss --style 5 --set sliding_window=16", "gpt_oss --set hidden_size=128 --set swiglu_limit=1.5 --set num_local_experts=33",
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_are_those_of_the_oracle(string options)
    {
        (string model, double[][] expected) = models.Get(options);
        foreach ((string name, CpuKernels kernels) in KernelSets.For(options))
        {
            using LanguageModel opened = LogitsTests.Open(model, kernels, chunk: 33);
            LogitsTests.AssertClose(expected, LogitsTests.Score(opened, s_ids), 1e-5, $"{options} on {name}");
        }
    }

    /// <summary>In chunks, past windows, pages and the original context; then token by token, of which the last are also those of a prefill.</summary>
    [Theory]
    [InlineData("llama", 1)]
    [InlineData("phi3", 7)]
    [InlineData("phi3 --set sliding_window=20", 33)]
    [InlineData("ministral3", 2)]
    [InlineData("gemma3_text", 5)]
    [InlineData("deepseek_v3", 9)]
    [InlineData("qwen3_5_text", 1)]
    [InlineData("qwen3_5_text --wrap", 2)]
    [InlineData("qwen3_5_text --fp8 none", 17)]
    [InlineData("qwen3_5_text --style 5", 33)]
    [InlineData("qwen3_next", 7)]
    [InlineData("qwen3_5_moe_text --wrap", 5)]
    [InlineData("qwen2 --set use_sliding_window=true --set sliding_window=24 --set max_window_layers=1", 17)]
    [InlineData("qwen3_moe", 7)]
    [InlineData("glm4_moe --set n_routed_experts=16 --set n_group=4 --set topk_group=2", 33)]
    [InlineData("gpt_oss --set sliding_window=16", 5)]
    public void Prefill_in_chunks_and_decode_agree_with_the_oracle(string options, int chunk)
    {
        (string model, double[][] expected) = models.Get(options);
        using LanguageModel opened = LogitsTests.Open(model, InstructionSet.Float32.First(set => set.IsSupported).Kernels, chunk);
        using InferenceSession session = opened.CreateSession();
        float[] logits = new float[session.VocabularySize];
        session.Evaluate(s_ids.AsSpan(0, 50), []);
        for (int i = 50; i < s_ids.Length; i++)
        {
            session.Evaluate(s_ids.AsSpan(i, 1), logits);
        }

        AssertClose(expected[^1], logits, options);

        // Back and forth once more: what was computed for another length does not stay.
        session.Truncate(30);
        session.Evaluate(s_ids.AsSpan(30), logits);
        AssertClose(expected[^1], logits, options);
    }

    [Fact]
    public void Pages_behind_a_window_are_used_again_and_what_they_held_is_computed_again_when_it_is_wanted()
    {
        (string model, double[][] expected) = models.Get("gemma3_text");
        using LanguageModel opened = LanguageModel.Load(
            model, new() { KvCache = KvCacheType.Float32, PrefillChunk = 8, Threads = 2, ContextLength = Tokens }, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        using InferenceSession session = opened.CreateSession();
        float[] logits = new float[session.VocabularySize];

        // One layer of seven sees everything: 4 pages. The others see 16 tokens: 16 + 8 + 32 are 2 pages.
        Assert.Equal(4 * 32 * 256L * 2 + (2 * 32 * 256L * 12), opened.KvCacheBytes / ContextBudget.Sequences);
        session.Evaluate(s_ids, logits);
        AssertClose(expected[^1], logits, "whole");
        Assert.Equal(Tokens, session.Computed);

        session.Truncate(99);
        Assert.Equal(99, session.Computed);
        session.Evaluate(s_ids.AsSpan(99), logits);
        AssertClose(expected[^1], logits, "one token back");

        session.Truncate(40);
        Assert.Equal((40, 0), (session.Length, session.Computed));
        session.Evaluate(s_ids.AsSpan(40, 1), logits);
        AssertClose(expected[40], logits, "far back");
        Assert.Equal(41, session.Computed);
    }

    static void AssertClose(double[] expected, float[] found, string what)
    {
        double error = LogitsTests.Error(expected, found);
        Assert.True(error <= 1e-5, $"{what}: relative error {error:e2}");
    }

    /// <summary>A checkpoint in a folder of <paramref name="directory"/>, whose path is returned.</summary>
    internal static string GenerateModel(string directory, string options)
    {
        string model = Path.Combine(directory, "model");
        NumpyProgram.Run(Fixtures.Peer(Path.Combine("arch", "gen_arch.py")), [.. options.Split(' '), "--out", model]);
        return model;
    }

    /// <summary>What the oracle makes of it.</summary>
    internal static double[][] Forward(string directory, string model, int[] ids, params string[] options)
    {
        string logits = Path.Combine(directory, "logits.npy");
        NumpyProgram.Run(Fixtures.Peer(Path.Combine("arch", "ref_arch.py")), [model, "--ids", string.Join(',', ids), "--out", logits, .. options]);
        return NumpyProgram.Read(logits);
    }
}
