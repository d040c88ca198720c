using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;

namespace Octet.Tests.Checkpoints;

/// <summary>What configs of families say wrong, or of what is not implemented, is named.</summary>
public sealed class FamilyConfigTests
{
    [Theory]
    [InlineData("SmolLM3ForCausalLM", """{"no_rope_layers":[1,1]}""", "no_rope_layers is [1,1]; expected 0 or 1 for each of num_hidden_layers, 4")]
    [InlineData("SmolLM3ForCausalLM", """{"no_rope_layers":[1,2,1,1]}""", "no_rope_layers is [1,2,1,1]")]
    [InlineData("SmolLM3ForCausalLM", """{"no_rope_layer_interval":0}""", "no_rope_layer_interval is 0")]
    [InlineData("Olmo3ForCausalLM", """{"layer_types":["sliding_attention"]}""", "layer_types is [\"sliding_attention\"]")]
    [InlineData("Exaone4ForCausalLM", """{"sliding_window":8,"sliding_window_pattern":"LXG"}""", "sliding_window_pattern is \"LXG\"; expected a whole number from 1, or letters L and G")]
    [InlineData("Exaone4ForCausalLM", """{"sliding_window":8,"sliding_window_pattern":""}""", "sliding_window_pattern is \"\"")]
    [InlineData("ExaoneMoEForCausalLM", """{"num_experts":4,"num_experts_per_tok":2,"moe_intermediate_size":16,"swiglu_limits":[0,7,0,0]}""", "swiglu_limits is [0,7,0,0], which is not implemented")]
    [InlineData("ExaoneMoEForCausalLM", """{"num_experts":4,"num_experts_per_tok":2,"moe_intermediate_size":16,"sliding_windows":[8,0]}""", "sliding_windows is [8,0]")]
    [InlineData("CohereForCausalLM", """{"use_qk_norm":true}""", "use_qk_norm is true, which is not implemented")]
    [InlineData("Cohere2ForCausalLM", """{"logit_scale":0}""", "logit_scale is 0; expected a number from 1e-30 to 1e30")]
    [InlineData("GraniteForCausalLM", """{"logits_scaling":-2}""", "logits_scaling is -2")]
    [InlineData("GraniteForCausalLM", """{"embedding_multiplier":1e300}""", "embedding_multiplier is 1e300")]
    [InlineData("GraniteMoeForCausalLM", """{"num_local_experts":2,"num_experts_per_tok":3}""", "num_experts_per_tok is 3; expected at most the number of experts, 2")]
    [InlineData("MiniMaxM2ForCausalLM", """{"num_local_experts":4,"num_experts_per_tok":2,"scoring_func":"softmax"}""", "scoring_func is \"softmax\", which is not implemented")]
    [InlineData("MiniMaxM2ForCausalLM", """{"num_local_experts":4,"num_experts_per_tok":2,"rotary_dim":15}""", "rotary_dim is 15; expected an even number")]
    [InlineData("MiniMaxM2ForCausalLM", """{"num_local_experts":4,"num_experts_per_tok":2,"qk_norm_type":"per_head"}""", "qk_norm_type is \"per_head\", which is not implemented")]
    [InlineData("HunYuanMoEV1ForCausalLM", """{"num_experts":4,"moe_topk":[5]}""", "moe_topk is [5]; expected at most the number of experts, 4")]
    [InlineData("HunYuanMoEV1ForCausalLM", """{"num_experts":4,"moe_topk":[1,2]}""", "moe_topk is [1,2]; expected a whole number, or one for each of num_hidden_layers, 4")]
    [InlineData("HunYuanMoEV1ForCausalLM", """{"moe_topk":1}""", "num_experts is missing")]
    [InlineData("HunYuanMoEV1ForCausalLM", """{"num_experts":4,"num_shared_expert":2147483647}""", "num_shared_expert is 2147483647")]
    [InlineData("Ernie4_5_MoeForCausalLM", """{"moe_num_experts":4,"moe_k":5}""", "moe_k is 5; expected at most 4")]
    [InlineData("OlmoeForCausalLM", """{"num_experts":4,"num_experts_per_tok":2,"clip_qkv":8.0}""", "clip_qkv is 8.0, which is not implemented")]
    [InlineData("Llama4ForCausalLM", """{"num_local_experts":4,"num_experts_per_tok":2}""", "num_experts_per_tok is 2, which is not implemented")]
    [InlineData("Llama4ForCausalLM", """{"num_local_experts":4,"num_experts_per_tok":1,"moe_layers":[9]}""", "moe_layers is [9]")]
    [InlineData("ApertusForCausalLM", """{"hidden_act":"silu"}""", "hidden_act is \"silu\", which is not implemented")]
    [InlineData("ArceeForCausalLM", """{"hidden_act":"gelu"}""", "hidden_act is \"gelu\", which is not implemented")]
    [InlineData("Gemma2ForCausalLM", """{"attn_logit_softcapping":-1}""", "attn_logit_softcapping is -1")]
    [InlineData("NemotronForCausalLM", """{"hidden_act":"relu2","partial_rotary_factor":0.1}""", "partial_rotary_factor is 0.1; expected an even number of the 16 elements of a head")]
    [InlineData("GraniteForCausalLM", """{"head_dim":null,"hidden_size":1000000000}""", "hidden_size is 1000000000; expected at most 262144 for num_attention_heads 4, as head_dim is missing")]
    [InlineData("GlmForCausalLM", """{"head_dim":null,"num_attention_heads":1000000000}""", "num_attention_heads is 1000000000; expected at most 16777215 for heads of 128 elements")]
    [InlineData("DeepseekV3ForCausalLM", """{"qk_nope_head_dim":16,"qk_rope_head_dim":8,"num_attention_heads":1000000000}""", "num_attention_heads is 1000000000; expected at most 89478485 for heads of 24 elements")]
    [InlineData("DeepseekV3ForCausalLM", """{"qk_nope_head_dim":16,"qk_rope_head_dim":8,"kv_lora_rank":2147483647,"v_head_dim":16}""", "kv_lora_rank is 2147483647; expected a whole number from 1 to 65536")]
    [InlineData("DeepseekV3ForCausalLM", """{"qk_nope_head_dim":16,"qk_rope_head_dim":8,"kv_lora_rank":16,"v_head_dim":65536,"num_attention_heads":50000,"num_key_value_heads":50000}""", "v_head_dim is 65536; expected at most 42933 for num_attention_heads 50000")]
    [InlineData("DeepseekV3ForCausalLM", """{"qk_nope_head_dim":16,"qk_rope_head_dim":8,"kv_lora_rank":16,"v_head_dim":16,"q_lora_rank":2147483647}""", "q_lora_rank is 2147483647; expected a whole number from 1 to 16777216")]
    [InlineData("PhimoeForCausalLM", """{"num_local_experts":4,"num_experts_per_tok":1}""", "num_experts_per_tok is 1, which is not implemented")]
    [InlineData("PhiMoEForCausalLM", """{"num_local_experts":4,"num_experts_per_tok":2,"router_jitter_noise":-1}""", "router_jitter_noise is -1; expected a number from 0 to 1")]
    [InlineData("PhimoeForCausalLM", """{"num_local_experts":4,"num_experts_per_tok":2,"lm_head_bias":true,"tie_word_embeddings":true}""", "lm_head_bias is true, which is not implemented")]
    [InlineData("LlavaForConditionalGeneration", "{}", "text_config is missing")]
    [InlineData("Qwen2_5_VLForConditionalGeneration", "{}", "text_config is missing")]
    public void A_config_is_refused_in_a_line(string architecture, string keys, string expected)
    {
        ModelException error = Assert.Throws<ModelException>(() => Read(architecture, keys));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    /// <summary>Qwen2-VL's older files have the text model's keys among the others.</summary>
    [Fact]
    public void A_multimodal_config_may_be_flat()
    {
        ModelConfig config = Read("Qwen2_5_VLForConditionalGeneration", """{"model_type":"qwen2_5_vl","rope_scaling":{"type":"mrope","mrope_section":[2,3,3]}}""");
        Assert.Equal(("qwen2_5_vl", 4), (config.ModelType, config.Decoder!.Layers.Count));
    }

    /// <summary>An empty list is none: then the interval counts.</summary>
    [Fact]
    public void Llama_4s_interval_counts_where_the_list_of_layers_is_empty()
    {
        ModelConfig config = Read("Llama4ForCausalLM", """{"num_local_experts":4,"num_experts_per_tok":1,"no_rope_layers":[],"no_rope_layer_interval":2}""");
        Assert.Equal([true, false, true, false], Windowed(config, static attention => attention.Chunk is not null));
    }

    /// <summary>After TensorRT-LLM's <c>check_is_sliding</c>.</summary>
    [Fact]
    public void The_last_layer_of_a_pattern_of_letters_has_no_window()
        => Assert.Equal([true, false, true, false], Windowed(Read("Exaone4ForCausalLM", """{"sliding_window":8,"sliding_window_pattern":"LGLL"}"""), static attention => attention.Window is not null));

    static IEnumerable<bool> Windowed(ModelConfig config, Func<AttentionSpec, bool> has) => config.Decoder!.Layers.Select(layer => has((AttentionSpec)layer.Mixer!));

    static ModelConfig Read(string architecture, string keys)
    {
        JsonObject json = JsonNode.Parse("""
            {"model_type":"any","hidden_size":64,"intermediate_size":96,"num_hidden_layers":4,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":16,
            "rms_norm_eps":1e-5,"vocab_size":100,"max_position_embeddings":256,"rope_theta":10000.0}
            """)!.AsObject();
        json["architectures"] = new JsonArray(architecture);
        foreach ((string key, JsonNode? value) in JsonNode.Parse(keys)!.AsObject())
        {
            json[key] = value?.DeepClone();
        }

        return ModelConfig.Parse(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()), "config.json");
    }
}
