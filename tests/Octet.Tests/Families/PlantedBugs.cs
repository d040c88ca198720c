using System.Text.Json.Nodes;
using Octet.Backends;
using Octet.Checkpoints.Families;
using Octet.Safetensors;
using static Octet.Tests.Families.PlantedBug;
using static Octet.Tests.Families.PlantedOperations;

namespace Octet.Tests.Families;

/// <summary>
/// The bugs of the oracle's <c>planted.py</c>, under its names, planted in this engine; then some of features that only other options of the
/// generator have. All of the oracle's can be expressed.
/// </summary>
static class PlantedBugs
{
    // What latents are divided with and multiplied with again where they are not to be normed: its square is far above any mean square.
    const float Large = 1 << 20;

    /// <summary>By family, with the options of its checkpoint.</summary>
    internal static IReadOnlyDictionary<string, (string Options, PlantedBug[] Bugs)> OfOracle { get; } = new Dictionary<string, (string, PlantedBug[])>(StringComparer.Ordinal)
    {
        ["llama"] = ("llama", [Theta, Neighbours, Unscaled, LastNorm, Scales, InModel("rms eps 10 times", config => config with { RmsNormEps = 10 * config.RmsNormEps })]),
        ["qwen2"] = ("qwen2", [Theta, NoInputBias, InTensors("only the k bias left out", tensors => tensors.Fill("k_proj.bias", 0)), LastNorm, Scales]),
        ["qwen3"] = ("qwen3 --set rope_scaling={\"rope_type\":\"yarn\",\"factor\":4.0,\"original_max_position_embeddings\":32}",
        [
            Theta, Unscaled, NoRotaryFactor, NoHeadNorms, LastNorm, Scales,
            InConfig("YaRN factor = max_position / original (transformers 4.5x)", "factor", _ => 40960.0 / 32),
        ]),
        ["mistral"] = ("mistral", [Theta, Neighbours, LastNorm, Scales]),
        ["ministral3"] = ("ministral3",
        [
            Theta, Unscaled, LastNorm, Scales,
            InRotary("query scaling left out", rotary => Turn(rotary, grows: false)),
            InConfig("YaRN factor on cos and sin although mscale = mscale_all_dim", "mscale_all_dim", _ => null),
        ]),
        ["phi3"] = ("phi3",
        [
            Theta, Unscaled, NoRotaryFactor, LastNorm, Scales,
            InTensors("up and gate swapped", tensors => WeightAndScales("gate_up_proj", name => tensors.Each(name, (_, bytes) => StoredTensors.Move(bytes, 2, half => 1 - half)))),
            InRotary("long and short factors swapped", rotary => new Rotary(rotary.Long!.Frequencies) { Factor = rotary.Factor, Long = new Rotary(rotary.Frequencies) { Factor = rotary.Factor }, LongFrom = rotary.LongFrom }),
            InTensors("rotates the last dims instead of the first", tensors => WeightAndScales("qkv_proj", name => tensors.MoveRows(name, LastDimsFirst))),
        ]),
        ["qwen3_moe"] = ("qwen3_moe",
        [
            Theta, NoHeadNorms, LastNorm, Scales, NotNormalised,
            InRouting("one expert fewer", rule => rule with { Chosen = rule.Chosen - 1 }),
        ]),
        ["gemma3_text"] = ("gemma3_text",
        [
            Theta, NoNormOffset, NoHeadNorms, Window(1), Window(-1), NoWindow,
            InDecoder("embedding not scaled", spec => spec with { EmbeddingScale = 1 }),
            InDecoder("embedding factor rounded to bf16 (9.8125)", spec => spec with { EmbeddingScale = 9.8125f }),
            InAttention("scores by head_dim^-0.5", attention => attention with { Scale = null }),
            InDecoder("one rope base for all layers", spec => spec with { Layers = [.. spec.Layers.Select(layer => layer with { Mixer = (AttentionSpec)layer.Mixer! with { Rotary = Full(spec).Rotary } })] }),
            InDecoder("pattern off by one layer", ShiftMixers),
            InDecoder("post norms left out", spec => spec with { Norms = NormPlaces.Before })
                .AndTensors(tensors => tensors.Each("post_attention_layernorm.weight", (norm, bytes) => tensors.Bytes(tensors.All.First(tensor => tensor.Name == norm.Name.Replace("post_attention", "pre_feedforward", StringComparison.Ordinal))).CopyTo(bytes)))
                .Leaving("pre_feedforward_layernorm", "post_feedforward_layernorm"),
        ]),
        ["gpt_oss"] = ("gpt_oss --style 5 --set sliding_window=16",
        [
            Theta, Unscaled, NoRotaryFactor, Window(1), Window(-1), NoInputBias,
            InAttention("sinks ignored", attention => attention with { HasSinks = false }).Leaving("self_attn.sinks"),
            InDecoder("full and sliding layers swapped", ShiftMixers),
            InExperts("expert biases left out", experts => experts with { HasBias = false }).Leaving("mlp.experts.gate_up_proj_bias", "mlp.experts.down_proj_bias"),
            InExperts("no clamp", experts => experts with { Gating = experts.Gating with { Limit = float.PositiveInfinity } }),
            InExperts("alpha 1", experts => experts with { Gating = experts.Gating with { Alpha = 1 } }),
            InExperts("gate and up as halves", experts => experts with { TakesTurns = false }),
            InTensors("nibbles swapped", tensors => tensors.Each("_blocks", (_, bytes) => ExchangeHalves(bytes))),
            InOperations("experts weighted equally", backend => new EqualWeights(backend)),
        ]),
        ["deepseek_v3"] = ("deepseek_v3",
        [
            Theta, Unscaled, InRotary("rope on halves", rotary => Turn(rotary, neighbours: false)), Scales, .. Router,
            InRouting("groups ignored", rule => rule with { Groups = 1, ChosenGroups = 1 }),
            InLatent("mscale^2 on the scores left out", latent => latent with { Scale = 1 / Math.Sqrt(latent.PlainDim + latent.RotaryDim) }),
            InOperations("kv_a norm left out", backend => new LatentEpsilon(backend, Large * Large)).AndTensors(tensors => tensors.Fill("kv_a_layernorm.weight", Large)),
            InOperations("rope key normed", backend => new NormedRotatingKeys(backend)),
        ]),
        ["glm4_moe"] = ("glm4_moe", [Theta, Neighbours, NoInputBias, NoHeadNorms, Scales, .. Router, WholeHead]),
        ["qwen3_next"] = ("qwen3_next", [.. Recurrent, SharedGateOpen]),
        ["qwen3_5_text"] = ("qwen3_5_text", Recurrent),
        ["qwen3_5_moe_text"] = ("qwen3_5_moe_text --seed 1", [.. Recurrent, SharedGateOpen]),
    };

    /// <summary>By options.</summary>
    internal static IReadOnlyDictionary<string, PlantedBug[]> Further { get; } = new Dictionary<string, PlantedBug[]>(StringComparer.Ordinal)
    {
        ["qwen2 --set use_sliding_window=true --set sliding_window=24 --set max_window_layers=1"] = [Window(1), Window(-1), NoWindow, InDecoder("window in the other layer", ShiftMixers)],
        ["mistral --style 5 --wrap --set sliding_window=40"] = [Window(1), Window(-1), NoWindow],
        ["phi3 --fp8 tensor --set rope_scaling=null --set sliding_window=20"] = [Window(1), Window(-1), NoWindow],
        ["qwen3 --style 5"] = [InTensors("scales transposed", tensors => tensors.Each("q_proj.weight_scale_inv", TransposeTwo))],
        ["gemma3_text --wrap --fp8 channel --set rope_scaling={\"rope_type\":\"linear\",\"factor\":8.0}"] =
        [
            Unscaled,
            InAttention("rope scaling of layers with a window too", attention => attention.Window is null ? attention : attention with { Rotary = Turn(attention.Rotary, [.. attention.Rotary.Frequencies.Select(f => f / 8)]) }),
            InLayers("silu for gelu", layer => layer with { FeedForward = (GatedSpec)layer.FeedForward! with { Gating = Gating.Silu } }),
        ],
        ["gpt_oss --style 5 --set sliding_window=16"] =
        [
            InConfig("YaRN bounds rounded", "truncate", _ => true),
            InTensors("scales of the block before", tensors => tensors.Each("_scales", (_, bytes) => StoredTensors.Move(bytes, bytes.Length, i => Math.Max(0, i - 1)))),
        ],
        ["qwen3_moe --set mlp_only_layers=[0] --set norm_topk_prob=false"] =
        [
            InRouting("norm_topk_prob true", rule => rule with { IsNormalised = true }),
            InRouting("logistic scores", rule => rule with { Scoring = ExpertScoring.Logistic }),
        ],
        ["deepseek_v3 --fp8 channel --set first_k_dense_replace=3 --set kv_lora_rank=96 --set rope_interleave=false"] = [Neighbours],
        ["deepseek_v3 --set rms_norm_eps=0.001"] = [InOperations("rms_norm_eps in the norm of latents", backend => new LatentEpsilon(backend, 0.001f))],
        ["glm4_moe --fp8 tensor --set n_routed_experts=16 --set n_group=4 --set topk_group=2 --set n_shared_experts=2"] =
        [
            InRouting("groups ignored", rule => rule with { Groups = 1, ChosenGroups = 1 }),
            InRouting("softmax for the logistic function", rule => rule with { Scoring = ExpertScoring.Softmax }),
        ],
    };

    static PlantedBug Theta => new("rope theta / 2")
    {
        Config = InConfig("", "rope_theta", Half).Config + InConfig("", "rope_local_base_freq", Half).Config,
    };

    static PlantedBug Neighbours => InRotary("rope on neighbouring pairs", rotary => Turn(rotary, neighbours: true));

    static PlantedBug Unscaled => new("rope scaling ignored")
    {
        Config = InConfig("", "rope_scaling", Unstretched).Config + InConfig("", "rope_parameters", Unstretched).Config,
    };

    static PlantedBug NoRotaryFactor => InRotary("no factor on cos and sin", rotary => Turn(rotary, factor: 1));

    static PlantedBug WholeHead => InConfig("rotates the whole head", "partial_rotary_factor", _ => 1.0);

    static PlantedBug Scales => InTensors("one FP8 weight with its neighbour's scales", ShiftScales);

    // All models with it have two layers.
    static PlantedBug LastNorm => InTensors("one norm weight taken as 1 (last layer, before the MLP)", tensors => tensors.Fill("layers.1.post_attention_layernorm.weight", 1));

    static PlantedBug NoNormOffset => InDecoder("norms without the + 1", spec => spec with { NormOffset = 0 });

    static PlantedBug NoHeadNorms => InAttention("q/k norm left out", attention => attention with { HasHeadNorms = false }).Leaving("self_attn.q_norm", "self_attn.k_norm");

    static PlantedBug NoInputBias => InAttention("q/k/v biases left out", attention => attention with { HasInputBias = false }).Leaving("self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias");

    static PlantedBug NoWindow => InAttention("sliding window ignored", attention => attention with { Window = null });

    static PlantedBug NotNormalised => InRouting("norm_topk_prob false", rule => rule with { IsNormalised = false });

    static PlantedBug SharedGateOpen => InExperts("shared expert not gated", experts => experts with { SharedGateName = null }).Leaving("mlp.shared_expert_gate");

    static PlantedBug[] Router =>
    [
        InExperts("correction bias left out", experts => experts with { CorrectionName = null }).Leaving("mlp.gate.e_score_correction_bias"),
        InOperations("correction bias in the weights too", backend => new CorrectedWeights(backend)),
        InRouting("routed_scaling_factor 1", rule => rule with { Scale = 1 }),
        NotNormalised,
        InExperts("no shared expert", experts => experts with { Shared = null }).Leaving("mlp.shared_experts."),
    ];

    static PlantedBug[] Recurrent =>
    [
        Theta, NoNormOffset, NoHeadNorms, Scales, WholeHead,
        InTensors("no decay", tensors => tensors.Fill("A_log", -100)),
        InOperations("beta 1", backend => new BetaOfOne(backend)),
        InOperations("query not scaled", backend => new UnscaledQueries(backend)),
        InOperations("key heads tiled instead of repeated", backend => new TiledKeys(backend)).AndTensors(tensors => Array.ForEach(["A_log", "dt_bias"], name => tensors.MoveRows(name, head => head is 1 or 2 ? 3 - head : head))),
        InTensors("convolution reversed", tensors => tensors.Each("conv1d.weight", (taps, bytes) => StoredTensors.Move(bytes, (int)taps.ElementCount, i => i + DeltaShape.Taps - 1 - (2 * (i % DeltaShape.Taps))))),
        InTensors("dt_bias left out", tensors => tensors.Fill("dt_bias", 0)),
        InOperations("attention gate left out", backend => new OutputGateOpen(backend)),
    ];

    static PlantedBug Window(int more) => InAttention(FormattableString.Invariant($"sliding window {more:+0;-0}"), attention => attention with { Window = attention.Window + more });

    static AttentionSpec Full(DecoderSpec spec) => spec.Layers.Select(layer => layer.Mixer).OfType<AttentionSpec>().First(attention => attention.Window is null);

    static JsonNode? Half(JsonNode number) => (double)number / 2;

    static JsonNode? Unstretched(JsonNode parameters)
    {
        JsonNode changed = parameters.DeepClone();
        changed["rope_type"] = "default";
        changed.AsObject().Remove("type");
        return changed;
    }

    // Four query heads and two key heads of 64, of which 48 turn; behind them the values.
    static int LastDimsFirst(int row) => row < 6 * 64 ? (row / 64 * 64) + ((row + 64 - 48) % 64) : row;

    static void WeightAndScales(string layer, Action<string> change)
    {
        change(layer + ".weight");
        change(layer + ".weight_scale");
    }

    static void ExchangeHalves(Span<byte> bytes)
    {
        foreach (ref byte both in bytes)
        {
            both = (byte)((both << 4) | (both >> 4));
        }
    }

    static void TransposeTwo(TensorView scales, Span<byte> bytes)
    {
        Assert.Equal([2, 2], scales.Shape.ToArray());
        StoredTensors.Move(bytes, 4, i => i is 1 or 2 ? 3 - i : i);
    }
}
