using Octet.Backends;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;
using Octet.Testing;

namespace Octet.Tests.Checkpoints;

/// <summary>What <c>config.json</c> of Qwen3-Next and Qwen3.5 says.</summary>
public class RecurrentConfigTests
{
    static readonly (string, string?)[] s_valid =
    [
        ("architectures", "[\"Qwen3_5ForCausalLM\"]"), ("model_type", "\"qwen3_5_text\""), ("num_hidden_layers", "8"),
        ("linear_num_key_heads", "2"), ("linear_num_value_heads", "6"), ("linear_key_head_dim", "16"), ("linear_value_head_dim", "24"),
    ];

    [Fact]
    public void A_published_dense_model_is_read()
    {
        ModelConfig config = ModelConfig.Parse(File.ReadAllBytes(Fixtures.Peer(Path.Combine("arch", "configs", "Qwen3.5-9B.json"))), "c.json");
        DecoderSpec decoder = config.Decoder!;
        Assert.Equal((32, 262144, 1f), (decoder.Layers.Count, decoder.LongestContext, decoder.NormOffset));
        Assert.Equal(["model.visual."], config.OtherParts);
        Assert.All(decoder.Layers.Where((_, layer) => layer % 4 != 3), layer => Assert.Equal(new GatedDeltaSpec(new DeltaShape(16, 32, 128, 128)), layer.Mixer));
        Assert.All(decoder.Layers.Where((_, layer) => layer % 4 == 3), layer =>
        {
            var attention = (AttentionSpec)layer.Mixer!;
            Assert.Equal((16, 4, 256, true, true), (attention.Heads, attention.KeyValueHeads, attention.HeadDim, attention.HasHeadNorms, attention.HasOutputGate));

            // A quarter of 256, by the base 1e7.
            Assert.Equal((64, 1, Math.Pow(1e7, -62 / 64.0)), (attention.Rotary.Size, attention.Rotary.Frequencies[0], attention.Rotary.Frequencies[^1]));
        });
        Assert.All(decoder.Layers, layer => Assert.Equal(new GatedSpec(12288, Gating.Silu), layer.FeedForward));
    }

    [Fact]
    public void A_published_mixture_is_read()
    {
        ModelConfig config = ModelConfig.Parse(File.ReadAllBytes(Fixtures.Peer(Path.Combine("arch", "configs", "Qwen3.5-35B-A3B.json"))), "c.json");
        Assert.Equal(10, config.Decoder!.Layers.Count(layer => layer.Mixer is AttentionSpec));
        Assert.All(config.Decoder.Layers, layer => Assert.Equal(
            new ExpertsSpec(new RoutingRule(256, 8, ExpertScoring.Softmax) { IsNormalised = true }, 512, Gating.Silu) { Shared = new GatedSpec(512, Gating.Silu) { Name = "shared_expert" }, SharedGateName = "shared_expert_gate" },
            layer.FeedForward));
    }

    [Theory]
    [InlineData(null, "3 7")]
    [InlineData("2", "1 3 5 7")]
    [InlineData("1", "0 1 2 3 4 5 6 7")]
    public void Every_so_manyth_layer_attends(string? interval, string attending)
    {
        ModelConfig config = Parse(("full_attention_interval", interval));
        Assert.Equal(attending, string.Join(' ', Enumerable.Range(0, 8).Where(layer => config.Decoder!.Layers[layer].Mixer is AttentionSpec)));
    }

    [Theory]
    [InlineData("linear_num_key_heads", null, "c.json: linear_num_key_heads is missing; expected a whole number from 1 to 4096")]
    [InlineData("linear_num_value_heads", "5", "c.json: linear_num_value_heads is 5; expected a multiple of linear_num_key_heads, 2")]
    [InlineData("linear_key_head_dim", "0", "c.json: linear_key_head_dim is 0; expected a whole number from 1 to 512")]
    [InlineData("linear_conv_kernel_dim", "3", "c.json: linear_conv_kernel_dim is 3, which is not implemented; supported: 4")]
    [InlineData("attn_output_gate", "false", "c.json: attn_output_gate is false, which is not implemented; supported: absent or true")]
    [InlineData("use_sliding_window", "true", "c.json: use_sliding_window is true, which is not implemented; supported: false")]
    [InlineData("layer_types", """["linear_attention"]""", """c.json: layer_types is ["linear_attention"]; expected one for each of num_hidden_layers, 8""")]
    [InlineData("layer_types", """["sliding_attention"]""", """c.json: layer_types is ["sliding_attention"], which is not implemented; supported: "full_attention" or "linear_attention" in every layer""")]
    public void What_does_not_fit_is_refused_by_name_and_value(string key, string? json, string message)
        => Assert.Equal(message, Assert.Throws<ModelException>(() => Parse((key, json))).Message);

    static ModelConfig Parse(params (string, string?)[] changes) => ModelConfig.Parse(ConfigText.With([.. s_valid, .. changes]), "c.json");
}
