using System.Text.Json.Nodes;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>
/// The configs that are written, field by field, against what loaders parse: <c>Fp8Config.from_config</c> of vLLM and SGLang,
/// <c>FineGrainedFP8Config</c> of Transformers; the presets FP8_DYNAMIC, MXFP8A16, MXFP4A16 and NVFP4A16 of compressed-tensors
/// (<c>quantization/quant_scheme.py</c>), whose models forbid fields that they do not know.
/// </summary>
public class PublishedConfigTests
{
    [Theory]
    [InlineData(QuantizationScheme.Channel, "float-quantized", """{"dynamic": false, "group_size": null, "num_bits": 8, "strategy": "channel", "symmetric": true, "type": "float"}""", true)]
    [InlineData(QuantizationScheme.Tensor, "float-quantized", """{"dynamic": false, "group_size": null, "num_bits": 8, "strategy": "tensor", "symmetric": true, "type": "float"}""", true)]
    [InlineData(QuantizationScheme.Mxfp8, "mxfp8-quantized", """{"dynamic": false, "group_size": 32, "num_bits": 8, "scale_dtype": "torch.uint8", "strategy": "group", "symmetric": true, "type": "float"}""", false)]
    [InlineData(QuantizationScheme.Mxfp4, "mxfp4-pack-quantized", """{"dynamic": false, "group_size": 32, "num_bits": 4, "scale_dtype": "torch.uint8", "strategy": "group", "symmetric": true, "type": "float"}""", false)]
    [InlineData(QuantizationScheme.Nvfp4, "nvfp4-pack-quantized", """{"dynamic": false, "group_size": 16, "num_bits": 4, "scale_dtype": "torch.float8_e4m3fn", "strategy": "tensor_group", "symmetric": true, "type": "float"}""", false)]
    public void Compressed_tensors_is_said_as_its_presets_have_it(QuantizationScheme scheme, string format, string weights, bool activations)
    {
        JsonNode expected = JsonNode.Parse($$"""
            {
                "config_groups": {
                    "group_0": {
                        "format": "{{format}}",
                        "input_activations": {{(activations ? """{"dynamic": true, "group_size": null, "num_bits": 8, "strategy": "token", "symmetric": true, "type": "float"}""" : "null")}},
                        "output_activations": null,
                        "targets": ["Linear"],
                        "weights": {{weights}}
                    }
                },
                "format": "{{format}}",
                "ignore": ["lm_head"],
                "kv_cache_scheme": null,
                "quant_method": "compressed-tensors",
                "quantization_status": "compressed"
            }
            """)!;

        AssertEqual(expected, Written(new() { Scheme = scheme }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Blocks_are_said_as_qwen_says_them_and_powers_of_two_as_deepseek_does(bool powers)
    {
        JsonNode expected = JsonNode.Parse("""
            {
                "activation_scheme": "dynamic", "fmt": "e4m3", "ignored_layers": ["lm_head"], "modules_to_not_convert": ["lm_head"],
                "quant_method": "fp8", "weight_block_size": [128, 128]
            }
            """)!;
        if (powers)
        {
            expected["scale_fmt"] = "ue8m0";
        }

        AssertEqual(expected, Written(new() { PowerOfTwoScales = powers }));
    }

    [Fact]
    public void A_quantised_output_layer_is_a_target_by_name()
    {
        JsonNode config = Written(new() { Scheme = QuantizationScheme.Channel, LmHead = true });

        Assert.Equal("[]", config["ignore"]!.ToJsonString());
        Assert.Equal("""["Linear","lm_head"]""", config["config_groups"]!["group_0"]!["targets"]!.ToJsonString());
    }

    [Fact]
    public void Linear_layers_of_embeddings_that_stay_wide_are_listed_and_tables_are_not()
    {
        using var directory = new TemporaryDirectory();
        string source = Path.Combine(directory.Path, "source.safetensors"), result = Path.Combine(directory.Path, "result.safetensors");
        string[] names = ["model.embed_tokens", "model.embed_vision.embedding_projection", "model.vision_embed_tokens.img_projection", "model.layers.0.mlp.down_proj"];
        SafetensorsWriter.Write(source, [.. names.Select(name => TensorSource.Create<float>(name + ".weight", [128, 128], new float[128 * 128]))]);

        CheckpointQuantizer.Run(source, result, new() { Exclude = ["model.vision_embed_tokens.*"] }, TestContext.Current.CancellationToken);

        using SafetensorsFile file = SafetensorsFile.Open(result);
        Assert.Equal(names[1..3], JsonNode.Parse(file.Metadata["quantization_config"])!["modules_to_not_convert"]!.AsArray().Select(node => (string)node!));
    }

    [Fact]
    public void Layers_that_engines_fuse_and_that_are_quantised_in_part_are_noted()
    {
        using var directory = new TemporaryDirectory();
        QuantizationReport report = Run(directory, new() { Scheme = QuantizationScheme.Channel, Exclude = ["*.0.self_attn.k_proj", "*.1.self_attn.*", "*.1.mlp.up_proj"] });

        Assert.Equal(2, report.Notes.Count);
        Assert.StartsWith("model.layers.0.self_attn is quantised but for k_proj: engines that fuse q_proj, k_proj, v_proj", report.Notes[0], StringComparison.Ordinal);
        Assert.StartsWith("model.layers.1.mlp is quantised but for up_proj", report.Notes[1], StringComparison.Ordinal);
    }

    static JsonNode Written(QuantizationOptions options)
    {
        using var directory = new TemporaryDirectory();
        Run(directory, options);
        return JsonNode.Parse(File.ReadAllText(Path.Combine(directory.Path, "out", "config.json")))!["quantization_config"]!;
    }

    static QuantizationReport Run(TemporaryDirectory directory, QuantizationOptions options)
    {
        string source = Path.Combine(directory.Path, "source");
        Directory.CreateDirectory(source);
        new SyntheticCheckpoint { LinearType = Numerics.DataType.BFloat16 }.Write(source);
        return CheckpointQuantizer.Run(source, Path.Combine(directory.Path, "out"), options, TestContext.Current.CancellationToken);
    }

    static void AssertEqual(JsonNode expected, JsonNode found) => Assert.True(JsonNode.DeepEquals(expected, found), found.ToJsonString());
}
