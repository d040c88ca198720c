using Tensor = Octet.Tests.Reference.SparseCheckpoint.Tensor;

namespace Octet.Tests.Families;

/// <summary>The tensors of published hybrids, by the sizes in their configs and the names in their files.</summary>
static class PublishedHybrids
{
    internal static (string Config, Tensor[] Tensors) Get(string name) => name switch
    {
        "Nemotron-3-Nano-30B-A3B" => Nemotron(isFloat8: false),
        "Nemotron-3-Nano-30B-A3B-FP8" => Nemotron(isFloat8: true),
        "granite-4.0-h-tiny" => Granite(),
        "LFM2-1.2B" => Lfm2(layers: 16, [2, 5, 8, 10, 12, 14], isMixture: false),
        "Falcon-H1-0.5B-Instruct" or "Kimi-Linear-48B-A3B-Instruct" or "Phi-3.5-MoE-instruct" => PublishedOthers.Get(name),
        _ => Lfm2(layers: 24, [2, 6, 10, 14, 18, 21], isMixture: true),
    };

    static (string Config, Tensor[] Tensors) Nemotron(bool isFloat8)
    {
        const string Pattern = "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME";
        const long Hidden = 2688;
        List<Tensor> tensors = [Wide("backbone.embeddings.weight", 131_072, Hidden), Wide("lm_head.weight", 131_072, Hidden), Wide("backbone.norm_f.weight", Hidden)];
        for (int layer = 0; layer < Pattern.Length; layer++)
        {
            string at = $"backbone.layers.{layer}.";
            tensors.Add(Wide(at + "norm.weight", Hidden));
            at += "mixer.";

            // The state space in front of attention stays as it is.
            bool staysWide = layer + 1 < Pattern.Length && Pattern[layer + 1] == '*';
            switch (Pattern[layer])
            {
                case 'M':
                    tensors.AddRange(StateSpace(at, Hidden, 64, 64, 128, 8, isFloat8 && !staysWide));
                    break;
                case '*':
                    tensors.AddRange([Wide(at + "q_proj.weight", 4096, Hidden), Wide(at + "k_proj.weight", 256, Hidden), Wide(at + "v_proj.weight", 256, Hidden), Wide(at + "o_proj.weight", Hidden, 4096)]);
                    break;
                default:
                    tensors.AddRange([new(at + "gate.weight", "F32", [128, Hidden]), new(at + "gate.e_score_correction_bias", "F32", [128])]);
                    for (int expert = 0; expert < 128; expert++)
                    {
                        tensors.AddRange([.. Linear($"{at}experts.{expert}.up_proj", 1856, Hidden, isFloat8), .. Linear($"{at}experts.{expert}.down_proj", Hidden, 1856, isFloat8)]);
                    }

                    tensors.AddRange([.. Linear(at + "shared_experts.up_proj", 3712, Hidden, isFloat8), .. Linear(at + "shared_experts.down_proj", Hidden, 3712, isFloat8)]);
                    break;
            }
        }

        string quantization = isFloat8 ? """, "quantization_config": { "quant_method": "modelopt", "quant_algo": "FP8", "ignore": ["lm_head"] }""" : "";
        return ($$"""
            { "architectures": ["NemotronHForCausalLM"], "model_type": "nemotron_h", "hidden_size": 2688, "num_hidden_layers": 52, "hybrid_override_pattern": "{{Pattern}}",
            "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 128, "mamba_num_heads": 64, "mamba_head_dim": 64, "ssm_state_size": 128, "n_groups": 8, "conv_kernel": 4,
            "n_routed_experts": 128, "num_experts_per_tok": 6, "moe_intermediate_size": 1856, "moe_shared_expert_intermediate_size": 3712, "routed_scaling_factor": 2.5,
            "n_group": 1, "topk_group": 1, "norm_topk_prob": true, "mlp_hidden_act": "relu2", "intermediate_size": 1856, "layer_norm_epsilon": 1e-05, "norm_eps": 1e-05, "expand": 2,
            "max_position_embeddings": 262144, "vocab_size": 131072, "use_conv_bias": true, "rope_theta": 10000, "partial_rotary_factor": 1.0{{quantization}} }
            """, [.. tensors]);
    }

    static (string Config, Tensor[] Tensors) Granite()
    {
        const long Hidden = 1536;
        List<Tensor> tensors = [Wide("model.embed_tokens.weight", 100_352, Hidden), Wide("model.norm.weight", Hidden)];
        int[] attending = [5, 15, 25, 35];
        for (int layer = 0; layer < 40; layer++)
        {
            string at = $"model.layers.{layer}.";
            tensors.AddRange([Wide(at + "input_layernorm.weight", Hidden), Wide(at + "post_attention_layernorm.weight", Hidden)]);
            tensors.AddRange(attending.Contains(layer)
                ? [Wide(at + "self_attn.q_proj.weight", 1536, Hidden), Wide(at + "self_attn.k_proj.weight", 512, Hidden), Wide(at + "self_attn.v_proj.weight", 512, Hidden), Wide(at + "self_attn.o_proj.weight", Hidden, 1536)]
                : StateSpace(at + "mamba.", Hidden, 48, 64, 128, 1, isFloat8: false));
            tensors.AddRange(
            [
                Wide(at + "shared_mlp.input_linear.weight", 2048, Hidden), Wide(at + "shared_mlp.output_linear.weight", Hidden, 1024),
                Wide(at + "block_sparse_moe.router.layer.weight", 64, Hidden),
                Wide(at + "block_sparse_moe.input_linear.weight", 64, 1024, Hidden), Wide(at + "block_sparse_moe.output_linear.weight", 64, Hidden, 512),
            ]);
        }

        string types = string.Join(", ", Enumerable.Range(0, 40).Select(layer => attending.Contains(layer) ? "\"attention\"" : "\"mamba\""));
        return ($$"""
            { "architectures": ["GraniteMoeHybridForCausalLM"], "model_type": "granitemoehybrid", "hidden_size": 1536, "intermediate_size": 512, "num_hidden_layers": 40, "layer_types": [{{types}}],
            "num_attention_heads": 12, "num_key_value_heads": 4, "num_local_experts": 64, "num_experts_per_tok": 6, "shared_intermediate_size": 1024, "attention_multiplier": 0.0078125,
            "embedding_multiplier": 12, "logits_scaling": 6, "residual_multiplier": 0.22, "mamba_n_heads": 48, "mamba_d_head": 64, "mamba_d_state": 128, "mamba_n_groups": 1, "mamba_d_conv": 4,
            "mamba_expand": 2, "mamba_conv_bias": true, "position_embedding_type": "nope", "rms_norm_eps": 1e-05, "tie_word_embeddings": true, "vocab_size": 100352, "max_position_embeddings": 131072,
            "hidden_act": "silu", "rope_theta": 10000 }
            """, [.. tensors]);
    }

    static (string Config, Tensor[] Tensors) Lfm2(int layers, int[] attending, bool isMixture)
    {
        const long Hidden = 2048;
        List<Tensor> tensors = [Wide("model.embed_tokens.weight", 65_536, Hidden), Wide("model.embedding_norm.weight", Hidden)];
        for (int layer = 0; layer < layers; layer++)
        {
            string at = $"model.layers.{layer}.";
            tensors.AddRange([Wide(at + "operator_norm.weight", Hidden), Wide(at + "ffn_norm.weight", Hidden)]);
            tensors.AddRange(attending.Contains(layer)
                ?
                [
                    Wide(at + "self_attn.q_proj.weight", Hidden, Hidden), Wide(at + "self_attn.k_proj.weight", 512, Hidden), Wide(at + "self_attn.v_proj.weight", 512, Hidden),
                    Wide(at + "self_attn.out_proj.weight", Hidden, Hidden), Wide(at + "self_attn.q_layernorm.weight", 64), Wide(at + "self_attn.k_layernorm.weight", 64),
                ]
                : [Wide(at + "conv.in_proj.weight", 3 * Hidden, Hidden), Wide(at + "conv.conv.weight", Hidden, 1, 3), Wide(at + "conv.out_proj.weight", Hidden, Hidden)]);
            at += "feed_forward.";
            if (!isMixture || layer < 2)
            {
                tensors.AddRange(Gated(at, isMixture ? 7168 : 8192));
                continue;
            }

            tensors.AddRange([Wide(at + "gate.weight", 32, Hidden), new(at + "expert_bias", "F32", [32]), .. Enumerable.Range(0, 32).SelectMany(expert => Gated($"{at}experts.{expert}.", 1792))]);
        }

        string types = string.Join(", ", Enumerable.Range(0, layers).Select(layer => attending.Contains(layer) ? "\"full_attention\"" : "\"conv\""));
        string sizes = isMixture
            ? """ "architectures": ["Lfm2MoeForCausalLM"], "model_type": "lfm2_moe", "intermediate_size": 7168, "moe_intermediate_size": 1792, "num_dense_layers": 2, "num_experts": 32, "num_experts_per_tok": 4, "use_expert_bias": true"""
            : """ "architectures": ["Lfm2ForCausalLM"], "model_type": "lfm2", "block_ff_dim": 12288, "block_auto_adjust_ff_dim": true, "block_ffn_dim_multiplier": 1.0, "block_multiple_of": 256, "tie_embedding": true""";
        return ($$"""
            { {{sizes}}, "hidden_size": 2048, "num_hidden_layers": {{layers}}, "layer_types": [{{types}}], "num_attention_heads": 32, "num_key_value_heads": 8, "conv_L_cache": 3, "conv_bias": false,
            "norm_eps": 1e-05, "rope_theta": 1000000.0, "vocab_size": 65536, "max_position_embeddings": 128000 }
            """, [.. tensors]);

        static Tensor[] Gated(string at, long inner) => [Wide(at + "w1.weight", inner, Hidden), Wide(at + "w2.weight", Hidden, inner), Wide(at + "w3.weight", inner, Hidden)];
    }

    static Tensor[] StateSpace(string at, long hidden, long heads, long headDim, long state, long groups, bool isFloat8)
    {
        long inner = heads * headDim;
        long channels = inner + (2 * groups * state);
        return
        [
            .. Linear(at + "in_proj", inner + channels + heads, hidden, isFloat8), .. Linear(at + "out_proj", hidden, inner, isFloat8), Wide(at + "conv1d.weight", channels, 1, 4), Wide(at + "conv1d.bias", channels),
            Wide(at + "A_log", heads), Wide(at + "D", heads), Wide(at + "dt_bias", heads), Wide(at + "norm.weight", inner),
        ];
    }

    /// <summary>As Model Optimizer stores it: one scale of the weight, one of its inputs.</summary>
    static Tensor[] Linear(string name, long outputs, long inputs, bool isFloat8) => isFloat8
        ? [new(name + ".weight", "F8_E4M3", [outputs, inputs]), new(name + ".weight_scale", "F32", []), new(name + ".input_scale", "F32", [])]
        : [Wide(name + ".weight", outputs, inputs)];

    static Tensor Wide(string name, params long[] shape) => new(name, "BF16", shape);
}
