using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Reference;

/// <summary>
/// A tiny checkpoint of each family, with the names and shapes that its models are published with. Weights are made of names and places by
/// integer arithmetic and are exact in bfloat16, so that they are the same everywhere and logits of them can be committed.
/// </summary>
sealed class FamilyCheckpoint
{
    internal const int Vocabulary = 48;

    const int Hidden = 64;
    const int Heads = 4;
    const int KeyValueHeads = 2;
    const int HeadDim = 32;
    const int Inner = 96;
    const int ExpertInner = 32;
    const int Block = 32;

    // What a hash is made of: FNV-1a over a name, then SplitMix64 over places.
    const ulong Basis = 0xCBF29CE484222325, Prime = 0x100000001B3, Golden = 0x9E3779B97F4A7C15;

    static readonly Dictionary<string, (string Architecture, string Config, Action<FamilyCheckpoint> Layers)> s_families = new()
    {
        ["llama"] = (
            "LlamaForCausalLM",
            """{"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}}""",
            model => model.Dense()),
        ["qwen2"] = (
            "Qwen2ForCausalLM",
            """{"use_sliding_window": true, "sliding_window": 24, "max_window_layers": 1}""",
            model => model.Dense(bias: true)),
        ["qwen3"] = (
            "Qwen3ForCausalLM",
            """{"tie_word_embeddings": true, "use_sliding_window": false, "max_window_layers": 2, "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [32, 32]}}""",
            model => model.Dense(headNorms: true)),
        ["mistral"] = (
            "Mistral3ForConditionalGeneration",
            """{"sliding_window": 20}""",
            model => model.Dense()),
        ["ministral3"] = (
            "Ministral3ForCausalLM",
            """
            {"rope_parameters": {"rope_type": "yarn", "type": "yarn", "rope_theta": 10000.0, "factor": 16.0, "beta_fast": 32.0, "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0,
             "original_max_position_embeddings": 16, "llama_4_scaling_beta": 0.1}}
            """,
            model => model.Dense()),
        ["phi3"] = (
            "Phi3ForCausalLM",
            """
            {"head_dim": null, "tie_word_embeddings": true, "sliding_window": 50, "partial_rotary_factor": 0.75, "original_max_position_embeddings": 32,
             "rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.0, 1.1, 1.2, 1.3, 1.4], "long_factor": [1.0, 1.5, 2.0, 4.0, 8.0, 16.0]}}
            """,
            model => model.Fused()),
        ["gemma3_text"] = (
            "Gemma3ForCausalLM",
            """
            {"num_hidden_layers": 3, "tie_word_embeddings": true, "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 24, "sliding_window": 16,
             "sliding_window_pattern": 2, "rope_local_base_freq": 100, "rope_scaling": {"rope_type": "linear", "factor": 8.0}}
            """,
            model => model.Gemma()),
        ["gemma4_text"] = (
            "Gemma4ForConditionalGeneration",
            """
            {"num_hidden_layers": 4, "tie_word_embeddings": true, "hidden_activation": "gelu_pytorch_tanh", "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
             "sliding_window": 16, "global_head_dim": 64, "num_global_key_value_heads": 1, "attention_k_eq_v": true, "num_kv_shared_layers": 2, "use_double_wide_mlp": true,
             "hidden_size_per_layer_input": 16, "vocab_size_per_layer_input": 48, "enable_moe_block": true, "num_experts": 6, "top_k_experts": 2, "moe_intermediate_size": 32,
             "final_logit_softcapping": 4.0, "rope_theta": null, "rope_parameters": {"full_attention": {"rope_type": "proportional", "rope_theta": 1000000.0, "partial_rotary_factor": 0.25},
             "sliding_attention": {"rope_type": "default", "rope_theta": 100.0}}}
            """,
            model => model.Gemma4()),
        ["qwen3_moe"] = (
            "Qwen3MoeForCausalLM",
            """{"num_experts": 6, "num_experts_per_tok": 2, "norm_topk_prob": true, "decoder_sparse_step": 2, "mlp_only_layers": [], "moe_intermediate_size": 32}""",
            model => model.Dense(headNorms: true, feedForward: (at, layer) => model.FeedForward(at, isDense: layer == 0, experts: 6))),
        ["glm4_moe"] = (
            "Glm4MoeForCausalLM",
            """
            {"attention_bias": true, "use_qk_norm": true, "partial_rotary_factor": 0.5, "first_k_dense_replace": 1, "n_routed_experts": 6, "n_shared_experts": 1, "n_group": 1,
             "topk_group": 1, "num_experts_per_tok": 3, "norm_topk_prob": true, "routed_scaling_factor": 2.5, "moe_intermediate_size": 32}
            """,
            model => model.Dense(bias: true, headNorms: true, feedForward: (at, layer) => model.FeedForward(at, isDense: layer == 0, experts: 6, corrected: true, shared: "shared_experts"))),
        ["deepseek_v3"] = (
            "DeepseekV3ForCausalLM",
            """
            {"num_key_value_heads": 4, "head_dim": null, "q_lora_rank": 48, "kv_lora_rank": 32, "qk_nope_head_dim": 24, "qk_rope_head_dim": 16, "v_head_dim": 20, "first_k_dense_replace": 1,
             "n_routed_experts": 8, "n_shared_experts": 1, "n_group": 4, "topk_group": 2, "num_experts_per_tok": 3, "norm_topk_prob": true, "routed_scaling_factor": 2.5,
             "scoring_func": "sigmoid", "topk_method": "noaux_tc", "moe_intermediate_size": 32, "rope_scaling": {"type": "yarn", "factor": 40, "beta_fast": 32, "beta_slow": 1, "mscale": 1.0,
             "mscale_all_dim": 1.0, "original_max_position_embeddings": 16}}
            """,
            model => model.Latent()),
        ["gpt_oss"] = (
            "GptOssForCausalLM",
            """
            {"attention_bias": true, "intermediate_size": 32, "num_local_experts": 4, "num_experts_per_tok": 2, "layer_types": ["sliding_attention", "full_attention"], "sliding_window": 16,
             "swiglu_limit": 1.5, "rope_scaling": {"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0, "original_max_position_embeddings": 16, "truncate": false},
             "quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]}}
            """,
            model => model.Sinks()),
        ["qwen3_next"] = (
            "Qwen3NextForCausalLM",
            """
            {"full_attention_interval": 2, "partial_rotary_factor": 0.25, "linear_conv_kernel_dim": 4, "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16,
             "linear_value_head_dim": 16, "num_experts": 6, "num_experts_per_tok": 2, "norm_topk_prob": true, "decoder_sparse_step": 1, "mlp_only_layers": [], "moe_intermediate_size": 32,
             "shared_expert_intermediate_size": 32}
            """,
            model => model.Recurrent(isGrouped: true, at => model.FeedForward(at, experts: 6, shared: "shared_expert", gatesShared: true))),
        ["qwen3_5_text"] = (
            "Qwen3_5ForConditionalGeneration",
            """
            {"layer_types": ["linear_attention", "full_attention"], "linear_conv_kernel_dim": 4, "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16,
             "linear_value_head_dim": 16, "rope_theta": null, "rope_parameters": {"rope_type": "default", "rope_theta": 10000, "partial_rotary_factor": 0.25}}
            """,
            model => model.Recurrent(isGrouped: false, at => model.FeedForward(at, isDense: true))),
        ["qwen3_5_moe_text"] = (
            "Qwen3_5MoeForCausalLM",
            """
            {"layer_types": ["linear_attention", "full_attention"], "linear_conv_kernel_dim": 4, "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16,
             "linear_value_head_dim": 16, "rope_theta": null, "rope_parameters": {"rope_type": "default", "rope_theta": 10000, "partial_rotary_factor": 0.25}, "intermediate_size": null,
             "num_experts": 6, "num_experts_per_tok": 2, "mlp_only_layers": [], "moe_intermediate_size": 32, "shared_expert_intermediate_size": 32}
            """,
            model => model.Recurrent(isGrouped: false, at => model.FeedForward(at, experts: 6, areFused: true, shared: "shared_expert", gatesShared: true))),
    };

    // Multimodal checkpoints have the text model under a name of its own.
    static readonly Dictionary<string, (string ModelType, string Prefix, string Output)> s_wrappers = new()
    {
        ["Mistral3ForConditionalGeneration"] = ("mistral3", "language_model.model.", "language_model."),
        ["Gemma4ForConditionalGeneration"] = ("gemma4", "model.language_model.", ""),
        ["Qwen3_5ForConditionalGeneration"] = ("qwen3_5", "model.language_model.", ""),
    };

    readonly List<TensorSource> _tensors = [];
    readonly JsonObject _config;
    readonly string _family;
    readonly string _prefix;
    readonly DataType _type;
    readonly bool _isFloat8;
    readonly bool _normsAreOffsets;

    FamilyCheckpoint(string family, JsonObject config, string prefix)
    {
        _family = family;
        _config = config;
        _prefix = prefix;
        _type = family == "qwen2" ? DataType.Float32 : DataType.BFloat16;
        _isFloat8 = family == "qwen3";
        _normsAreOffsets = family == "gemma3_text" || family.StartsWith("qwen3_5", StringComparison.Ordinal) || family == "qwen3_next";
    }

    internal static IReadOnlyCollection<string> Families => s_families.Keys;

    internal static void Write(string family, string directory)
    {
        (string architecture, string own, Action<FamilyCheckpoint> layers) = s_families[family];
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(architecture),
            ["model_type"] = family,
            ["hidden_size"] = Hidden,
            ["intermediate_size"] = Inner,
            ["num_hidden_layers"] = 2,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KeyValueHeads,
            ["head_dim"] = HeadDim,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = 512,
            ["rms_norm_eps"] = 1e-6,
            ["rope_theta"] = 10000,
            ["tie_word_embeddings"] = false,
            ["eos_token_id"] = Vocabulary - 1,
        };
        foreach ((string key, JsonNode? value) in JsonNode.Parse(own)!.AsObject())
        {
            config.Remove(key);
            if (value is not null)
            {
                config.Add(key, value.DeepClone());
            }
        }

        (string modelType, string prefix, string output) = s_wrappers.GetValueOrDefault(architecture, ("", "model.", ""));
        var model = new FamilyCheckpoint(family, config, prefix);
        model.Wide(prefix + "embed_tokens.weight", 0, Vocabulary, Hidden);
        layers(model);
        model.Norm("norm", Hidden);
        if (!(bool)config["tie_word_embeddings"]!)
        {
            model.Wide(output + "lm_head.weight", -2, Vocabulary, Hidden);
        }

        JsonObject file = config;
        if (modelType.Length > 0)
        {
            config.Remove("architectures");
            file = new JsonObject { ["architectures"] = new JsonArray(architecture), ["model_type"] = modelType, ["tie_word_embeddings"] = false, ["text_config"] = config };
        }

        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "config.json"), file.ToJsonString());
        SafetensorsWriter.Write(Path.Combine(directory, "model.safetensors"), model._tensors);
    }

    int Layers => (int)_config["num_hidden_layers"]!;

    void Dense(bool bias = false, bool headNorms = false, Action<string, int>? feedForward = null)
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"layers.{layer}.";
            Norm(at + "input_layernorm", Hidden);
            Attention(at + "self_attn.", bias: bias, headNorms: headNorms);
            Norm(at + "post_attention_layernorm", Hidden);
            if (feedForward is null)
            {
                Gated(at + "mlp.", Inner);
            }
            else
            {
                feedForward(at + "mlp.", layer);
            }
        }
    }

    void Fused()
    {
        const int Head = Hidden / Heads;
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"layers.{layer}.";
            Norm(at + "input_layernorm", Hidden);
            Linear(at + "self_attn.qkv_proj", (Heads + (2 * KeyValueHeads)) * Head, Hidden, 1);
            Linear(at + "self_attn.o_proj", Hidden, Heads * Head);
            Norm(at + "post_attention_layernorm", Hidden);
            Linear(at + "mlp.gate_up_proj", 2 * Inner, Hidden);
            Linear(at + "mlp.down_proj", Hidden, Inner);
        }
    }

    void Gemma()
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"layers.{layer}.";
            foreach (string norm in (string[])["input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"])
            {
                Norm(at + norm, Hidden);
            }

            Attention(at + "self_attn.", headNorms: true);
            Gated(at + "mlp.", Inner);
        }
    }

    void Gemma4()
    {
        const int Width = 16, Experts = 6, Shared = 2, WideHead = 2 * HeadDim;
        Wide(_prefix + "embed_tokens_per_layer.weight", 0, Vocabulary, Layers * Width);
        Linear("per_layer_model_projection", Layers * Width, Hidden);
        Norm("per_layer_projection_norm", Width);
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"layers.{layer}.";
            string[] norms =
            [
                "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm", "post_per_layer_input_norm",
                "post_feedforward_layernorm_1", "post_feedforward_layernorm_2", "pre_feedforward_layernorm_2",
            ];
            foreach (string norm in norms)
            {
                Norm(at + norm, Hidden);
            }

            bool isFull = layer % 2 == 1, shares = layer >= Layers - Shared;
            int size = isFull ? WideHead : HeadDim;
            Linear(at + "self_attn.q_proj", Heads * size, Hidden, 1);
            Norm(at + "self_attn.q_norm", size);
            Linear(at + "self_attn.o_proj", Hidden, Heads * size);
            if (!shares)
            {
                Linear(at + "self_attn.k_proj", (isFull ? 1 : KeyValueHeads) * size, Hidden, 1);
                Norm(at + "self_attn.k_norm", size);
                if (!isFull)
                {
                    Linear(at + "self_attn.v_proj", KeyValueHeads * size, Hidden);
                }
            }

            Gated(at + "mlp.", shares ? 2 * Inner : Inner);
            Linear(at + "router.proj", Experts, Hidden, 1);
            Add(_prefix + at + "router.scale", _type, -2, 1, Hidden);
            Add(_prefix + at + "router.per_expert_scale", _type, -2, 1, Experts);
            Wide(_prefix + at + "experts.gate_up_proj", -2, Experts, 2 * ExpertInner, Hidden);
            Wide(_prefix + at + "experts.down_proj", -2, Experts, Hidden, ExpertInner);
            Linear(at + "per_layer_input_gate", Width, Hidden);
            Linear(at + "per_layer_projection", Hidden, Width);
            Add(_prefix + at + "layer_scalar", _type, -2, 1, 1);
        }
    }

    void Latent()
    {
        const int QueryRank = 48, Rank = 32, Plain = 24, Turning = 16, Value = 20;
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"layers.{layer}.";
            Norm(at + "input_layernorm", Hidden);
            Linear(at + "self_attn.q_a_proj", QueryRank, Hidden);
            Norm(at + "self_attn.q_a_layernorm", QueryRank);
            Linear(at + "self_attn.q_b_proj", Heads * (Plain + Turning), QueryRank, 1);
            Linear(at + "self_attn.kv_a_proj_with_mqa", Rank + Turning, Hidden, 1);
            Norm(at + "self_attn.kv_a_layernorm", Rank);
            Linear(at + "self_attn.kv_b_proj", Heads * (Plain + Value), Rank);
            Linear(at + "self_attn.o_proj", Hidden, Heads * Value);
            Norm(at + "post_attention_layernorm", Hidden);
            FeedForward(at + "mlp.", isDense: layer == 0, experts: 8, corrected: true, shared: "shared_experts");
        }
    }

    void Sinks()
    {
        const int Experts = 4;
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"layers.{layer}.";
            Norm(at + "input_layernorm", Hidden);
            Attention(at + "self_attn.", bias: true, outputBias: true);
            Wide(_prefix + at + "self_attn.sinks", 1, Heads);
            Norm(at + "post_attention_layernorm", Hidden);
            Linear(at + "mlp.router", Experts, Hidden, 1, bias: true);
            Microscaled(at + "mlp.experts.gate_up_proj", Experts, 2 * ExpertInner, Hidden);
            Microscaled(at + "mlp.experts.down_proj", Experts, Hidden, ExpertInner);
        }
    }

    void Recurrent(bool isGrouped, Action<string> feedForward)
    {
        const int Keys = 2 * 16, Values = 4 * 16, ValueHeads = 4;
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"layers.{layer}.";
            Norm(at + "input_layernorm", Hidden);
            if (layer % 2 == 1)
            {
                Attention(at + "self_attn.", headNorms: true, gated: true);
            }
            else
            {
                string delta = at + "linear_attn.";
                Add(_prefix + delta + "A_log", isGrouped ? DataType.BFloat16 : DataType.Float32, 0, 0, ValueHeads);
                Wide(_prefix + delta + "dt_bias", 1, ValueHeads);
                Wide(_prefix + delta + "conv1d.weight", 0, (2 * Keys) + Values, 1, 4);
                Add(_prefix + delta + "norm.weight", _type, -2, 1, 16);
                Linear(delta + "out_proj", Hidden, Values);
                if (isGrouped)
                {
                    Linear(delta + "in_proj_qkvz", (2 * Keys) + (2 * Values), Hidden);
                    Linear(delta + "in_proj_ba", 2 * ValueHeads, Hidden);
                }
                else
                {
                    Linear(delta + "in_proj_qkv", (2 * Keys) + Values, Hidden);
                    Linear(delta + "in_proj_z", Values, Hidden);
                    Linear(delta + "in_proj_b", ValueHeads, Hidden);
                    Linear(delta + "in_proj_a", ValueHeads, Hidden);
                }
            }

            Norm(at + "post_attention_layernorm", Hidden);
            feedForward(at + "mlp.");
        }
    }

    void Attention(string at, bool bias = false, bool outputBias = false, bool headNorms = false, bool gated = false)
    {
        Linear(at + "q_proj", Heads * HeadDim * (gated ? 2 : 1), Hidden, 1, bias);
        Linear(at + "k_proj", KeyValueHeads * HeadDim, Hidden, 1, bias);
        Linear(at + "v_proj", KeyValueHeads * HeadDim, Hidden, 0, bias);
        Linear(at + "o_proj", Hidden, Heads * HeadDim, 0, outputBias);
        if (headNorms)
        {
            Norm(at + "q_norm", HeadDim);
            Norm(at + "k_norm", HeadDim);
        }
    }

    void Gated(string at, int inner)
    {
        Linear(at + "gate_proj", inner, Hidden);
        Linear(at + "up_proj", inner, Hidden);
        Linear(at + "down_proj", Hidden, inner);
    }

    void FeedForward(string at, bool isDense = false, int experts = 0, bool areFused = false, bool corrected = false, string? shared = null, bool gatesShared = false)
    {
        if (isDense)
        {
            Gated(at, Inner);
            return;
        }

        Linear(at + "gate", experts, Hidden, 1);
        if (corrected)
        {
            Add(_prefix + at + "gate.e_score_correction_bias", DataType.Float32, -2, 0, experts);
        }

        if (areFused)
        {
            Wide(_prefix + at + "experts.gate_up_proj", -2, experts, 2 * ExpertInner, Hidden);
            Wide(_prefix + at + "experts.down_proj", -2, experts, Hidden, ExpertInner);
        }

        for (int expert = 0; !areFused && expert < experts; expert++)
        {
            Gated($"{at}experts.{expert}.", ExpertInner);
        }

        if (shared is not null)
        {
            Gated($"{at}{shared}.", ExpertInner);
        }

        if (gatesShared)
        {
            Linear(at + "shared_expert_gate", 1, Hidden);
        }
    }

    void Norm(string name, int length) => Add(_prefix + name + ".weight", _type, -2, _normsAreOffsets ? 0 : 1, length);

    /// <summary>A layer whose outputs are about as large as its inputs, times 2^<paramref name="gain"/>.</summary>
    void Linear(string name, int outputs, int inputs, int gain = 0, bool bias = false)
    {
        int spread = gain + 1 - (BitOperations.Log2((uint)inputs) / 2);
        if (_isFloat8)
        {
            Float8(_prefix + name, outputs, inputs, spread);
        }
        else
        {
            Wide(_prefix + name + ".weight", spread, outputs, inputs);
        }

        if (bias)
        {
            Wide(_prefix + name + ".bias", -1, outputs);
        }
    }

    // A code's root mean square is about 2^7: scales, each with a significand of its own, take that back.
    void Float8(string name, int outputs, int inputs, int spread)
    {
        byte[] codes = Bytes(name, outputs * inputs);
        foreach (ref byte code in codes.AsSpan())
        {
            // Not the two NaN codes.
            code = (code & 0x7F) == 0x7F ? (byte)0x30 : code;
        }

        long[] grid = [(outputs + Block - 1) / Block, (inputs + Block - 1) / Block];
        string scales = name + ".weight_scale_inv";
        byte[] random = Bytes(scales, (int)(grid[0] * grid[1]));
        _tensors.Add(new TensorSource(name + ".weight", DataType.Float8E4M3FN, [outputs, inputs], codes));
        _tensors.Add(new TensorSource(scales, DataType.BFloat16, grid, BFloat16Bytes(random.Select(value => MathF.ScaleB(1 + ((value & 7) / 8f), spread - 8)))));
    }

    void Microscaled(string name, int experts, int outputs, int inputs)
    {
        string codes = _prefix + name + "_blocks", scales = _prefix + name + "_scales";
        int spread = 1 - (BitOperations.Log2((uint)inputs) / 2);
        int count = experts * outputs * inputs;
        _tensors.Add(new TensorSource(codes, DataType.UInt8, [experts, outputs, inputs / Block, Block / 2], Bytes(codes, count / 2)));
        _tensors.Add(new TensorSource(scales, DataType.UInt8, [experts, outputs, inputs / Block], Array.ConvertAll(Bytes(scales, count / Block), value => (byte)(127 + spread - 2 - (value & 1)))));
        Wide(_prefix + name + "_bias", -1, experts, outputs);
    }

    /// <summary>Values from -2^<paramref name="spread"/> to that.</summary>
    void Wide(string name, int spread, params long[] shape) => Add(name, _type, spread, 0, shape);

    void Add(string name, DataType type, int spread, int center, params long[] shape)
    {
        // 7 bits and a sign; around 1 fewer, so that the sum has no more than bfloat16 holds.
        int cut = center == 0 ? 0 : 2;
        IEnumerable<float> values = Bytes(name, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(value => center + MathF.ScaleB((sbyte)value >> cut, spread - 7 + cut));
        _tensors.Add(new TensorSource(name, type, shape, type == DataType.Float32 ? MemoryMarshal.AsBytes<float>(values.ToArray()).ToArray() : BFloat16Bytes(values)));
    }

    static byte[] BFloat16Bytes(IEnumerable<float> values)
    {
        ushort[] halves = [.. values.Select(value => BitConverter.SingleToUInt32Bits(value) is var bits && (bits & 0xFFFF) == 0 ? (ushort)(bits >> 16) : throw new InvalidOperationException($"{value} is no bfloat16"))];
        return MemoryMarshal.AsBytes<ushort>(halves).ToArray();
    }

    byte[] Bytes(string name, int count)
    {
        ulong hash = (_family + "/" + name).Aggregate(Basis, (hash, letter) => unchecked((hash ^ letter) * Prime));
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            ulong mixed = unchecked(hash + (Golden * (ulong)(i + 1)));
            mixed = unchecked((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9);
            mixed = unchecked((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB);
            bytes[i] = (byte)((mixed ^ (mixed >> 31)) >> 56);
        }

        return bytes;
    }
}
