using System.Globalization;

namespace Octet.Cli.Measurement;

/// <summary>The sizes of a published model of the Qwen3 family, from its config.json.</summary>
/// <param name="Name">What it is chosen by.</param>
/// <param name="Hidden">Columns of the states between layers.</param>
/// <param name="Layers">How many there are.</param>
/// <param name="Heads">Of queries, 128 wide.</param>
/// <param name="KeyHeads">Of keys and of values.</param>
/// <param name="Inner">Width of a layer's feed-forward part, or of an expert's.</param>
/// <param name="Experts">How many a layer has; 0: it is dense.</param>
/// <param name="Chosen">How many of them a token has.</param>
/// <param name="Tied">Whether the output layer is the embedding.</param>
/// <param name="Theta">Base of the rotary embedding.</param>
/// <param name="Context">Tokens that it was made for.</param>
sealed record ModelShape(string Name, int Hidden, int Layers, int Heads, int KeyHeads, int Inner, int Experts, int Chosen, bool Tied, int Theta, int Context)
{
    internal const int HeadDim = 128;
    internal const int Vocabulary = 151936;

    static readonly ModelShape[] s_all =
    [
        new("0.6b", 1024, 28, 16, 8, 3072, 0, 0, Tied: true, 1_000_000, 40960),
        new("1.7b", 2048, 28, 16, 8, 6144, 0, 0, Tied: true, 1_000_000, 40960),
        new("4b", 2560, 36, 32, 8, 9728, 0, 0, Tied: true, 5_000_000, 262144),
        new("8b", 4096, 36, 32, 8, 12288, 0, 0, Tied: false, 1_000_000, 40960),
        new("14b", 5120, 40, 40, 8, 17408, 0, 0, Tied: false, 1_000_000, 40960),
        new("32b", 5120, 64, 64, 8, 25600, 0, 0, Tied: false, 1_000_000, 40960),
        new("30b-a3b", 2048, 48, 32, 4, 768, 128, 8, Tied: false, 10_000_000, 262144),
    ];

    internal static IEnumerable<string> Names => s_all.Select(shape => shape.Name);

    /// <summary>The shape of a name; null for none.</summary>
    internal static ModelShape? Of(string? name) => s_all.FirstOrDefault(shape => shape.Name == name);

    /// <summary>A config.json of it, whose linear layers are E4M3 in blocks of 128 x 128.</summary>
    internal string Config()
    {
        string mixture = Experts == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $"""
              "num_experts": {Experts},
              "num_experts_per_tok": {Chosen},
              "moe_intermediate_size": {Inner},
              "norm_topk_prob": true,
              "decoder_sparse_step": 1,
              "mlp_only_layers": [],

            """);
        string kind = Experts == 0 ? "Qwen3" : "Qwen3Moe";
        string[] wide = ["lm_head", .. Experts == 0 ? (string[])[] : [.. Enumerable.Range(0, Layers).Select(layer => $"model.layers.{layer}.mlp.gate")]];
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {
            {{mixture}}  "architectures": ["{{kind}}ForCausalLM"],
              "model_type": "{{(Experts == 0 ? "qwen3" : "qwen3_moe")}}",
              "attention_bias": false,
              "bos_token_id": 151643,
              "eos_token_id": 151645,
              "head_dim": {{HeadDim}},
              "hidden_act": "silu",
              "hidden_size": {{Hidden}},
              "intermediate_size": {{Inner}},
              "max_position_embeddings": {{Context}},
              "num_attention_heads": {{Heads}},
              "num_hidden_layers": {{Layers}},
              "num_key_value_heads": {{KeyHeads}},
              "rms_norm_eps": 1e-06,
              "rope_theta": {{Theta}},
              "tie_word_embeddings": {{(Tied ? "true" : "false")}},
              "vocab_size": {{Vocabulary}},
              "quantization_config": {
                "quant_method": "fp8",
                "fmt": "e4m3",
                "activation_scheme": "dynamic",
                "weight_block_size": [128, 128],
                "modules_to_not_convert": [{{string.Join(", ", wide.Select(name => $"\"{name}\""))}}]
              }
            }
            """);
    }
}
