using System.Text;
using System.Text.Json.Nodes;

namespace Octet.Tests.Checkpoints;

/// <summary>A small valid <c>config.json</c>, to be changed key by key.</summary>
static class ConfigText
{
    const string Valid = """
        {
          "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_act": "silu", "attention_bias": false,
          "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
          "head_dim": 32, "vocab_size": 1000, "max_position_embeddings": 256, "rms_norm_eps": 1e-06, "rope_theta": 1000000,
          "rope_scaling": null, "sliding_window": null, "use_sliding_window": false, "tie_word_embeddings": true,
          "bos_token_id": 900, "eos_token_id": 901, "torch_dtype": "bfloat16",
          "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}
        }
        """;

    /// <summary>The valid text with some keys set to JSON values, or removed where the value is null (C#'s, not the text "null").</summary>
    internal static byte[] With(params (string Key, string? Json)[] changes)
    {
        JsonObject config = JsonNode.Parse(Valid)!.AsObject();
        foreach ((string key, string? json) in changes)
        {
            JsonObject target = config;
            string[] path = key.Split('.');
            foreach (string part in path[..^1])
            {
                target = target[part]!.AsObject();
            }

            target.Remove(path[^1]);
            if (json is not null)
            {
                target[path[^1]] = JsonNode.Parse(json);
            }
        }

        return Encoding.UTF8.GetBytes(config.ToJsonString());
    }
}
