using Octet.Backends;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;
using Octet.Testing;

namespace Octet.Tests.Checkpoints;

public class ModelConfigTests
{
    // Sizes as published: hidden, intermediate, layers, heads, key/value heads, positions, theta, tied, quantised.
    [Theory]
    [InlineData("Qwen3-0.6B-FP8", 1024, 3072, 28, 16, 8, 40960, 1e6, true, true)]
    [InlineData("Qwen3-4B-Instruct-2507-FP8", 2560, 9728, 36, 32, 8, 262144, 5e6, true, true)]
    [InlineData("Qwen3-32B-FP8", 5120, 25600, 64, 64, 8, 40960, 1e6, false, true)]
    [InlineData("Qwen3-8B", 4096, 12288, 36, 32, 8, 40960, 1e6, false, false)]
    public void Published_configurations_are_read(
        string model, int hidden, int intermediate, int layers, int heads, int keyValueHeads, int positions, double theta, bool isTied, bool isQuantised)
    {
        ModelConfig config = ModelConfig.Load(Fixtures.Path("qwen3", model));

        Assert.Equal(["Qwen3ForCausalLM"], config.Architectures);
        Assert.Equal("qwen3", config.ModelType);
        Assert.Equal((hidden, intermediate, layers), (config.HiddenSize, config.IntermediateSize, config.NumHiddenLayers));
        Assert.Equal((heads, keyValueHeads, 128), (config.NumAttentionHeads, config.NumKeyValueHeads, config.HeadDim));
        Assert.Equal((151936, positions), (config.VocabSize, config.MaxPositionEmbeddings));
        Assert.Equal((1e-6f, theta), (config.RmsNormEps, config.RopeTheta));
        Assert.Equal((isTied, "silu", false, "bfloat16"), (config.TieWordEmbeddings, config.HiddenAct, config.AttentionBias, config.DType));
        Assert.Equal(151643, config.BosTokenId);
        Assert.Equal([151645], config.EosTokenIds);
        Assert.Null(config.PadTokenId);
        Assert.Equal(isQuantised, config.QuantizationConfig is not null);
        if (config.QuantizationConfig is { } quantization)
        {
            Assert.Equal(("fp8", "e4m3", "dynamic", (128, 128)), (quantization.QuantMethod, quantization.Fmt, quantization.ActivationScheme, quantization.WeightBlockSize));
        }
    }

    [Fact]
    public void A_published_mixture_of_experts_is_read()
    {
        ModelConfig config = ModelConfig.Load(Fixtures.Path("qwen3", "Qwen3-30B-A3B-FP8"));

        Assert.Equal("qwen3_moe", config.ModelType);
        Assert.Equal(48, config.Decoder!.Layers.Count);
        Assert.All(config.Decoder.Layers, layer => Assert.Equal(
            new ExpertsSpec(new RoutingRule(128, 8, ExpertScoring.Softmax) { IsNormalised = true }, 768, Gating.Silu), layer.FeedForward));
    }

    [Fact]
    public void The_head_width_is_stated_and_not_derived_from_the_hidden_size() => Assert.Equal(32, Parse().HeadDim);

    [Fact]
    public void An_absent_head_width_is_the_hidden_size_shared_out() => Assert.Equal(16, Parse(("head_dim", null)).HeadDim);

    [Fact]
    public void Absent_key_value_heads_are_as_many_as_query_heads() => Assert.Equal(4, Parse(("num_key_value_heads", null)).NumKeyValueHeads);

    [Theory]
    [InlineData("""{"rope_theta": 5000000, "rope_type": "default"}""")]
    [InlineData("""{"rope_theta": 5000000.0}""")]
    public void The_spelling_of_Transformers_5_is_read(string rope)
    {
        ModelConfig config = Parse(("rope_theta", null), ("rope_scaling", null), ("rope_parameters", rope), ("torch_dtype", null), ("dtype", "\"float16\""));

        Assert.Equal((5e6, "float16"), (config.RopeTheta, config.DType));
    }

    [Theory]
    [InlineData("""{"type": "yarn", "factor": 4}""", """{"rope_type": "yarn", "factor": 4.0, "rope_theta": 1000000}""")]
    [InlineData("""{"type": "yarn", "rope_type": "yarn", "factor": 4.0, "beta_fast": null}""", """{"type": "yarn", "factor": 4.0}""")]
    public void Both_spellings_of_the_rotary_embedding_are_read_where_they_agree(string scaling, string parameters)
    {
        ModelConfig config = Parse(("rope_scaling", scaling), ("rope_parameters", parameters));

        Assert.Equal(4 * 256, config.Decoder!.LongestContext);
    }

    [Fact]
    public void Ends_can_be_a_list() => Assert.Equal([901, 900], Parse(("eos_token_id", "[901, 900]")).EosTokenIds);

    [Fact]
    public void Absent_ends_are_none() => Assert.Empty(Parse(("eos_token_id", null)).EosTokenIds);

    [Fact]
    public void A_null_counts_as_absent() => Assert.Null(Parse(("quantization_config", "null")).QuantizationConfig);

    [Fact]
    public void Weights_are_not_tied_unless_it_is_said() => Assert.False(Parse(("tie_word_embeddings", null)).TieWordEmbeddings);

    [Fact]
    public void Both_spellings_of_modules_left_alone_are_read() => Assert.Equal(
        ["lm_head", "a", "b"],
        Parse(("quantization_config.modules_to_not_convert", """["lm_head"]"""), ("quantization_config.ignored_layers", """["a", "b"]""")).QuantizationConfig!.ModulesToNotConvert);

    [Theory]
    [InlineData("use_sliding_window", "false")]
    [InlineData("max_window_layers", "2")]
    [InlineData("layer_types", """["full_attention", "full_attention"]""")]
    public void A_window_that_no_layer_uses_does_not_matter(string key, string json) =>
        Assert.Equal(2, Parse(("sliding_window", "128"), ("use_sliding_window", "true"), ("max_window_layers", "0"), (key, json)).NumHiddenLayers);

    [Theory]
    [InlineData("MistralForCausalLM", "mistral", null, 4096)]
    [InlineData("MistralForCausalLM", "mistral", "null", null)]
    [InlineData("MistralForCausalLM", "mistral", "128", 128)]
    [InlineData("Ministral3ForCausalLM", "ministral3", null, null)]
    [InlineData("Qwen3ForCausalLM", "qwen3", null, 4096)]
    [InlineData("Qwen3ForCausalLM", "qwen3", "null", null)]
    [InlineData("Qwen3ForCausalLM", "qwen3", "128", 128)]
    public void An_absent_window_is_that_of_the_class_in_transformers(string architecture, string type, string? window, int? expected)
    {
        ModelConfig config = Parse(
            ("architectures", $"[\"{architecture}\"]"), ("model_type", $"\"{type}\""), ("use_sliding_window", "true"), ("max_window_layers", "0"), ("sliding_window", window));

        Assert.All(config.Decoder!.Layers, layer => Assert.Equal(expected, Assert.IsType<AttentionSpec>(layer.Mixer).Window));
    }

    [Fact]
    public void A_byte_order_mark_is_passed_over() =>
        Assert.Equal(64, ModelConfig.Parse((byte[])[0xEF, 0xBB, 0xBF, .. ConfigText.With()], "c").HiddenSize);

    static ModelConfig Parse(params (string Key, string? Json)[] changes) => ModelConfig.Parse(ConfigText.With(changes), "c");
}
