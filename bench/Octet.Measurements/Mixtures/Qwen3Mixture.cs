using System.Text.Json.Nodes;
using Octet.Safetensors;

namespace Octet.Measurements.Mixtures;

/// <summary>Qwen3-30B-A3B-Instruct-2507-FP8: E4M3 in blocks of 128 x 128 with BF16 scales.</summary>
sealed class Qwen3Mixture(MixtureOptions options) : SyntheticCheckpoint(options)
{
    const int HeadDim = 128;
    const int Heads = 32;
    const int KeyValueHeads = 4;
    const int Inner = 768;
    const int Experts = 128;

    protected override int Hidden => 2048;

    protected override IEnumerable<TensorSource> Layer(int layer)
    {
        string at = $"model.layers.{layer}.";
        IEnumerable<TensorSource> experts = Enumerable.Range(0, Experts).Select(expert => $"{at}mlp.experts.{expert}.")
            .SelectMany(of => (TensorSource[])[.. Linear(of + "gate_proj", Inner, Hidden), .. Linear(of + "up_proj", Inner, Hidden), .. Linear(of + "down_proj", Hidden, Inner)]);
        return
        [
            Ones(at + "input_layernorm.weight", Hidden), Ones(at + "post_attention_layernorm.weight", Hidden),
            Ones(at + "self_attn.q_norm.weight", HeadDim), Ones(at + "self_attn.k_norm.weight", HeadDim),
            .. Linear(at + "self_attn.q_proj", Heads * HeadDim, Hidden), .. Linear(at + "self_attn.k_proj", KeyValueHeads * HeadDim, Hidden),
            .. Linear(at + "self_attn.v_proj", KeyValueHeads * HeadDim, Hidden), .. Linear(at + "self_attn.o_proj", Hidden, Heads * HeadDim),
            Wide(at + "mlp.gate.weight", Experts, Hidden),
            .. experts,
        ];
    }

    protected override JsonObject Config() => new()
    {
        ["architectures"] = new JsonArray("Qwen3MoeForCausalLM"),
        ["model_type"] = "qwen3_moe",
        ["attention_bias"] = false,
        ["decoder_sparse_step"] = 1,
        ["head_dim"] = HeadDim,
        ["hidden_act"] = "silu",
        ["hidden_size"] = Hidden,
        ["intermediate_size"] = 3 * Hidden,
        ["max_position_embeddings"] = 40960,
        ["mlp_only_layers"] = new JsonArray(),
        ["moe_intermediate_size"] = Inner,
        ["norm_topk_prob"] = true,
        ["num_attention_heads"] = Heads,
        ["num_experts"] = Experts,
        ["num_experts_per_tok"] = 8,
        ["num_hidden_layers"] = Options.Layers,
        ["num_key_value_heads"] = KeyValueHeads,
        ["rms_norm_eps"] = 1e-6,
        ["rope_theta"] = 1000000.0,
        ["tie_word_embeddings"] = false,
        ["torch_dtype"] = "bfloat16",
        ["vocab_size"] = Options.Vocabulary,
        ["quantization_config"] = Float8Blocks(),
    };
}
