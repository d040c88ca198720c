using System.Text.Json.Nodes;
using Octet.Safetensors;

namespace Octet.Measurements.Mixtures;

/// <summary>gpt-oss-20b: experts in MXFP4 with biases, everything else BF16.</summary>
sealed class GptOssMixture(MixtureOptions options) : SyntheticCheckpoint(options)
{
    const int HeadDim = 64;
    const int Heads = 64;
    const int KeyValueHeads = 8;
    const int Inner = 2880;
    const int Experts = 32;

    // Of the codes' mean square 8.1 and 2,880 products the sum's variance is 1 with 2^-7.3.
    const byte Exponent = 127 - 7;

    protected override int Hidden => 2880;

    protected override IEnumerable<TensorSource> Layer(int layer)
    {
        string at = $"model.layers.{layer}.";
        IEnumerable<TensorSource> Biased(string name, long outputs, long inputs) => [Wide(at + name + ".weight", outputs, inputs), Wide(at + name + ".bias", outputs)];
        IEnumerable<TensorSource> Codes(string name, long outputs, long inputs) =>
        [
            Nibbles($"{at}mlp.experts.{name}_blocks", Experts, outputs, inputs / 32, 16),
            Same($"{at}mlp.experts.{name}_scales", Exponent, Experts, outputs, inputs / 32),
            Wide($"{at}mlp.experts.{name}_bias", Experts, outputs),
        ];
        return
        [
            Ones(at + "input_layernorm.weight", Hidden), Ones(at + "post_attention_layernorm.weight", Hidden), Wide(at + "self_attn.sinks", Heads),
            .. Biased("self_attn.q_proj", Heads * HeadDim, Hidden), .. Biased("self_attn.k_proj", KeyValueHeads * HeadDim, Hidden),
            .. Biased("self_attn.v_proj", KeyValueHeads * HeadDim, Hidden), .. Biased("self_attn.o_proj", Hidden, Heads * HeadDim),
            .. Biased("mlp.router", Experts, Hidden),
            .. Codes("gate_up_proj", 2 * Inner, Hidden), .. Codes("down_proj", Hidden, Inner),
        ];
    }

    protected override JsonObject Config() => new()
    {
        ["architectures"] = new JsonArray("GptOssForCausalLM"),
        ["model_type"] = "gpt_oss",
        ["attention_bias"] = true,
        ["experts_per_token"] = 4,
        ["head_dim"] = HeadDim,
        ["hidden_act"] = "silu",
        ["hidden_size"] = Hidden,
        ["initial_context_length"] = 4096,
        ["intermediate_size"] = Inner,
        ["layer_types"] = new JsonArray([.. Enumerable.Range(0, Options.Layers).Select(layer => (JsonNode)(layer % 2 == 0 ? "sliding_attention" : "full_attention"))]),
        ["max_position_embeddings"] = 131072,
        ["num_attention_heads"] = Heads,
        ["num_experts_per_tok"] = 4,
        ["num_hidden_layers"] = Options.Layers,
        ["num_key_value_heads"] = KeyValueHeads,
        ["num_local_experts"] = Experts,
        ["rms_norm_eps"] = 1e-5,
        ["rope_scaling"] = new JsonObject { ["beta_fast"] = 32.0, ["beta_slow"] = 1.0, ["factor"] = 32.0, ["original_max_position_embeddings"] = 4096, ["rope_type"] = "yarn", ["truncate"] = false },
        ["rope_theta"] = 150000,
        ["sliding_window"] = 128,
        ["swiglu_limit"] = 7.0,
        ["tie_word_embeddings"] = false,
        ["vocab_size"] = Options.Vocabulary,
        ["quantization_config"] = new JsonObject
        {
            ["modules_to_not_convert"] = new JsonArray("model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"),
            ["quant_method"] = "mxfp4",
        },
    };
}
