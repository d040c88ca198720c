using Tensor = Octet.Tests.Reference.SparseCheckpoint.Tensor;

namespace Octet.Tests.Families;

/// <summary>The tensors of Falcon-H1, Kimi-Linear and Phi-3.5-MoE, by the sizes in their published configs and the names that their modeling code has.</summary>
static class PublishedOthers
{
    static readonly string[] s_mixed = ["q", "k", "v"];
    static readonly string[] s_narrow = ["f", "g"];
    static readonly string[] s_norms = ["input_layernorm", "post_attention_layernorm"];

    internal static (string Config, Tensor[] Tensors) Get(string name) => name switch
    {
        "Falcon-H1-0.5B-Instruct" => FalconH1(),
        "Kimi-Linear-48B-A3B-Instruct" => KimiLinear(),
        _ => Phimoe(),
    };

    static (string Config, Tensor[] Tensors) FalconH1()
    {
        const long Hidden = 1024;
        List<Tensor> tensors = [Wide("model.embed_tokens.weight", 32_784, Hidden), Wide("lm_head.weight", 32_784, Hidden), Wide("model.final_layernorm.weight", Hidden)];
        for (int layer = 0; layer < 36; layer++)
        {
            string at = $"model.layers.{layer}.";
            tensors.AddRange(
            [
                Wide(at + "input_layernorm.weight", Hidden), Wide(at + "pre_ff_layernorm.weight", Hidden),
                Wide(at + "self_attn.q_proj.weight", 512, Hidden), Wide(at + "self_attn.k_proj.weight", 128, Hidden), Wide(at + "self_attn.v_proj.weight", 128, Hidden), Wide(at + "self_attn.o_proj.weight", Hidden, 512),
                Wide(at + "mamba.in_proj.weight", 3352, Hidden), Wide(at + "mamba.out_proj.weight", Hidden, 1536), Wide(at + "mamba.conv1d.weight", 1792, 1, 4), Wide(at + "mamba.conv1d.bias", 1792),
                Wide(at + "mamba.A_log", 24), Wide(at + "mamba.D", 24), Wide(at + "mamba.dt_bias", 24),
                Wide(at + "feed_forward.gate_proj.weight", 2048, Hidden), Wide(at + "feed_forward.up_proj.weight", 2048, Hidden), Wide(at + "feed_forward.down_proj.weight", Hidden, 2048),
            ]);
        }

        return ("""
            { "architectures": ["FalconH1ForCausalLM"], "model_type": "falcon_h1", "attention_bias": false, "attention_in_multiplier": 1.0, "attention_out_multiplier": 0.9375, "attn_layer_indices": null,
            "embedding_multiplier": 5.656854249492381, "head_dim": 64, "hidden_act": "silu", "hidden_size": 1024, "intermediate_size": 2048, "key_multiplier": 0.39062499999999994,
            "lm_head_multiplier": 0.0390625, "mamba_chunk_size": 128, "mamba_conv_bias": true, "mamba_d_conv": 4, "mamba_d_head": 64, "mamba_d_ssm": 1536, "mamba_d_state": 128, "mamba_expand": 2,
            "mamba_n_groups": 1, "mamba_n_heads": 24, "mamba_norm_before_gate": false, "mamba_proj_bias": false, "mamba_rms_norm": false, "mamba_use_mlp": true, "max_position_embeddings": 16384,
            "mlp_bias": false, "mlp_multipliers": [0.8838834764831844, 0.5859375], "num_attention_heads": 8, "num_hidden_layers": 36, "num_key_value_heads": 2, "projectors_bias": false,
            "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 100000000000.0, "ssm_in_multiplier": 1.25,
            "ssm_multipliers": [0.3535533905932738, 0.25, 0.3535533905932738, 0.5, 0.3535533905932738], "ssm_out_multiplier": 0.23570226039551587, "tie_word_embeddings": false, "vocab_size": 32784 }
            """, [.. tensors]);
    }

    static (string Config, Tensor[] Tensors) KimiLinear()
    {
        const long Hidden = 2304;
        int[] full = [4, 8, 12, 16, 20, 24, 27];
        List<Tensor> tensors = [Wide("model.embed_tokens.weight", 163_840, Hidden), Wide("lm_head.weight", 163_840, Hidden), Wide("model.norm.weight", Hidden)];
        for (int layer = 0; layer < 27; layer++)
        {
            string at = $"model.layers.{layer}.";
            tensors.AddRange([Wide(at + "input_layernorm.weight", Hidden), Wide(at + "post_attention_layernorm.weight", Hidden)]);
            tensors.AddRange(full.Contains(layer + 1) ? Latent(at + "self_attn.") : Delta(at + "self_attn."));
            if (layer == 0)
            {
                tensors.AddRange(Gated(at + "mlp.", 9216, "gate_proj", "up_proj", "down_proj"));
                continue;
            }

            at += "block_sparse_moe.";
            tensors.AddRange(
            [
                Wide(at + "gate.weight", 256, Hidden), new(at + "gate.e_score_correction_bias", "F32", [256]),
                .. Enumerable.Range(0, 256).SelectMany(expert => Gated($"{at}experts.{expert}.", 1024, "w1", "w3", "w2")),
                .. Gated(at + "shared_experts.", 1024, "gate_proj", "up_proj", "down_proj"),
            ]);
        }

        string recurrent = string.Join(", ", Enumerable.Range(1, 27).Except(full));
        return ($$"""
            { "architectures": ["KimiLinearForCausalLM"], "model_type": "kimi_linear", "first_k_dense_replace": 1, "head_dim": 72, "hidden_act": "silu", "hidden_size": 2304, "intermediate_size": 9216,
            "kv_lora_rank": 512, "linear_attn_config": { "full_attn_layers": [{{string.Join(", ", full)}}], "head_dim": 128, "kda_layers": [{{recurrent}}], "num_heads": 32, "short_conv_kernel_size": 4 },
            "mla_use_nope": true, "model_max_length": 1048576, "moe_intermediate_size": 1024, "moe_layer_freq": 1, "moe_renormalize": true, "moe_router_activation_func": "sigmoid",
            "num_attention_heads": 32, "num_expert_group": 1, "num_experts": 256, "num_experts_per_token": 8, "num_hidden_layers": 27, "num_key_value_heads": 32, "num_nextn_predict_layers": 0,
            "num_shared_experts": 1, "q_lora_rank": null, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0,
            "routed_scaling_factor": 2.446, "tie_word_embeddings": false, "topk_group": 1, "use_grouped_topk": true, "v_head_dim": 128, "vocab_size": 163840 }
            """, [.. tensors]);

        static Tensor[] Gated(string at, long inner, string gate, string up, string down)
            => [Wide($"{at}{gate}.weight", inner, Hidden), Wide($"{at}{up}.weight", inner, Hidden), Wide($"{at}{down}.weight", Hidden, inner)];

        static Tensor[] Latent(string at) =>
        [
            Wide(at + "q_proj.weight", 6144, Hidden), Wide(at + "kv_a_proj_with_mqa.weight", 576, Hidden), Wide(at + "kv_a_layernorm.weight", 512), Wide(at + "kv_b_proj.weight", 8192, 512),
            Wide(at + "o_proj.weight", Hidden, 4096),
        ];

        static Tensor[] Delta(string at) =>
        [
            .. s_mixed.SelectMany(name => (Tensor[])[Wide($"{at}{name}_proj.weight", 4096, Hidden), Wide($"{at}{name}_conv1d.weight", 4096, 1, 4)]),
            .. s_narrow.SelectMany(name => (Tensor[])[Wide($"{at}{name}_a_proj.weight", 128, Hidden), Wide($"{at}{name}_b_proj.weight", 4096, 128)]),
            Wide(at + "b_proj.weight", 32, Hidden), new(at + "A_log", "F32", [1, 1, 32, 1]), new(at + "dt_bias", "F32", [4096]), Wide(at + "o_norm.weight", 128), Wide(at + "o_proj.weight", Hidden, 4096),
        ];
    }

    static (string Config, Tensor[] Tensors) Phimoe()
    {
        const long Hidden = 4096;
        List<Tensor> tensors =
        [
            Wide("model.embed_tokens.weight", 32_064, Hidden), Wide("lm_head.weight", 32_064, Hidden), Wide("lm_head.bias", 32_064), Wide("model.norm.weight", Hidden), Wide("model.norm.bias", Hidden),
        ];
        for (int layer = 0; layer < 32; layer++)
        {
            string at = $"model.layers.{layer}.";
            tensors.AddRange(s_norms.SelectMany(name => (Tensor[])[Wide($"{at}{name}.weight", Hidden), Wide($"{at}{name}.bias", Hidden)]));
            tensors.AddRange(new[] { ("q", Hidden), ("k", 1024), ("v", 1024), ("o", Hidden) }
                .SelectMany(part => (Tensor[])[Wide($"{at}self_attn.{part.Item1}_proj.weight", part.Item2, Hidden), Wide($"{at}self_attn.{part.Item1}_proj.bias", part.Item2)]));
            at += "block_sparse_moe.";
            tensors.Add(Wide(at + "gate.weight", 16, Hidden));
            tensors.AddRange(Enumerable.Range(0, 16).SelectMany(expert => (Tensor[])
                [Wide($"{at}experts.{expert}.w1.weight", 6400, Hidden), Wide($"{at}experts.{expert}.w2.weight", Hidden, 6400), Wide($"{at}experts.{expert}.w3.weight", 6400, Hidden)]));
        }

        string factors = string.Join(", ", Enumerable.Repeat("1.5", 64));
        return ($$"""
            { "architectures": ["PhiMoEForCausalLM"], "model_type": "phimoe", "attention_bias": true, "hidden_act": "silu", "hidden_size": 4096, "input_jitter_noise": 0.01, "intermediate_size": 6400,
            "lm_head_bias": true, "max_position_embeddings": 131072, "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 16,
            "original_max_position_embeddings": 4096, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "router_jitter_noise": 0.01, "sliding_window": 131072, "tie_word_embeddings": false, "vocab_size": 32064,
            "rope_scaling": { "long_factor": [{{factors}}], "long_mscale": 1.243163121016122, "original_max_position_embeddings": 4096, "short_factor": [{{factors}}], "short_mscale": 1.243163121016122, "type": "longrope" } }
            """, [.. tensors]);
    }

    static Tensor Wide(string name, params long[] shape) => new(name, "BF16", shape);
}
