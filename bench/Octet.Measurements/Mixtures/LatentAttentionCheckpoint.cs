using System.Text.Json.Nodes;
using Octet.Safetensors;

namespace Octet.Measurements.Mixtures;

/// <summary>
/// DeepSeek-V3's attention (128 heads over a latent of 512 + 64) and its dense layers, three of which the model begins with; an expert layer
/// alone has 11 GB.
/// </summary>
sealed class LatentAttentionCheckpoint(MixtureOptions options) : SyntheticCheckpoint(options)
{
    const int Heads = 128;
    const int Latent = 512;
    const int Rotated = 64;
    const int Plain = 128;
    const int Value = 128;
    const int QueryLatent = 1536;
    const int Inner = 18432;

    protected override int Hidden => 7168;

    protected override IEnumerable<TensorSource> Layer(int layer)
    {
        string at = $"model.layers.{layer}.";
        return
        [
            Ones(at + "input_layernorm.weight", Hidden), Ones(at + "post_attention_layernorm.weight", Hidden),
            Ones(at + "self_attn.q_a_layernorm.weight", QueryLatent), Ones(at + "self_attn.kv_a_layernorm.weight", Latent),
            .. Linear(at + "self_attn.q_a_proj", QueryLatent, Hidden), .. Linear(at + "self_attn.q_b_proj", Heads * (Plain + Rotated), QueryLatent),
            .. Linear(at + "self_attn.kv_a_proj_with_mqa", Latent + Rotated, Hidden), .. Linear(at + "self_attn.kv_b_proj", Heads * (Plain + Value), Latent),
            .. Linear(at + "self_attn.o_proj", Hidden, Heads * Value),
            .. Linear(at + "mlp.gate_proj", Inner, Hidden), .. Linear(at + "mlp.up_proj", Inner, Hidden), .. Linear(at + "mlp.down_proj", Hidden, Inner),
        ];
    }

    protected override JsonObject Config() => new()
    {
        ["architectures"] = new JsonArray("DeepseekV3ForCausalLM"),
        ["model_type"] = "deepseek_v3",
        ["attention_bias"] = false,
        ["first_k_dense_replace"] = Options.Layers,
        ["hidden_act"] = "silu",
        ["hidden_size"] = Hidden,
        ["intermediate_size"] = Inner,
        ["kv_lora_rank"] = Latent,
        ["max_position_embeddings"] = 163840,
        ["moe_intermediate_size"] = 2048,
        ["moe_layer_freq"] = 1,
        ["n_group"] = 8,
        ["n_routed_experts"] = 256,
        ["n_shared_experts"] = 1,
        ["norm_topk_prob"] = true,
        ["num_attention_heads"] = Heads,
        ["num_experts_per_tok"] = 8,
        ["num_hidden_layers"] = Options.Layers,
        ["num_key_value_heads"] = Heads,
        ["num_nextn_predict_layers"] = 0,
        ["q_lora_rank"] = QueryLatent,
        ["qk_nope_head_dim"] = Plain,
        ["qk_rope_head_dim"] = Rotated,
        ["rms_norm_eps"] = 1e-6,
        ["rope_scaling"] = new JsonObject { ["beta_fast"] = 32, ["beta_slow"] = 1, ["factor"] = 40, ["mscale"] = 1.0, ["mscale_all_dim"] = 1.0, ["original_max_position_embeddings"] = 4096, ["type"] = "yarn" },
        ["rope_theta"] = 10000,
        ["routed_scaling_factor"] = 2.5,
        ["scoring_func"] = "sigmoid",
        ["tie_word_embeddings"] = false,
        ["topk_group"] = 4,
        ["topk_method"] = "noaux_tc",
        ["v_head_dim"] = Value,
        ["vocab_size"] = Options.Vocabulary,
        ["quantization_config"] = Float8Blocks(),
    };
}
