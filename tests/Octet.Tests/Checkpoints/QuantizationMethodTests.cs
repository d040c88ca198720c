using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Testing;

namespace Octet.Tests.Checkpoints;

/// <summary>Configs that are read in part only, or not at all: named, with the reason.</summary>
public class QuantizationMethodTests
{
    public static TheoryData<string> Unread => [.. UnreadMethods.All.Keys];

    [Theory]
    [MemberData(nameof(Unread))]
    public void A_method_that_is_not_read_is_refused_with_the_reason_and_stands_in_the_documentation(string method)
    {
        ModelException error = Refusal($$"""{"quant_method": "{{method.ToUpperInvariant()}}"}""");
        Assert.Equal(ModelError.Unsupported, error.Error);
        Assert.Equal($"c.json: quant_method is \"{method.ToUpperInvariant()}\", which is not read: {UnreadMethods.All[method]}", error.Message);
        string family = method.Replace("_marlin", "", StringComparison.Ordinal);
        if (family is not ("marlin" or "blockwise_int8" or "experts_int8" or "w8a8_int8"))
        {
            Assert.Contains($"`{family}`", Schemes, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("fp8")]
    [InlineData("mxfp8")]
    [InlineData("compressed-tensors")]
    [InlineData("modelopt")]
    [InlineData("nvfp4")]
    [InlineData("fbgemm_fp8")]
    [InlineData("w8a8_fp8")]
    [InlineData("torchao")]
    [InlineData("quanto")]
    [InlineData("quark")]
    [InlineData("auto-round")]
    [InlineData("mxfp4")]
    public void A_method_that_is_read_stands_in_the_documentation_and_among_those_that_a_refusal_names(string method)
    {
        Assert.Contains($"`{method}`", Schemes, StringComparison.Ordinal);
        Assert.Contains(method, Refusal("""{"quant_method": "new"}""").Message.Split("supported: ")[1].Split(", "));
    }

    [Theory]
    [InlineData("""{"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION", "quantized_layers": {"a.q": {"quant_algo": "FP8"}, "a.k": {"quant_algo": "W4A8_AWQ"}}}""", "quantized_layers.a.k.quant_algo is \"W4A8_AWQ\", which is not implemented; supported: FP8, ")]
    [InlineData("""{"quant_method": "torchao", "quant_type": {"default": {"_type": "MXDynamicActivationMXWeightConfig", "_data": {}}}}""", "quant_type.default._type is \"MXDynamicActivationMXWeightConfig\", which is not implemented")]
    [InlineData("""{"quant_method": "torchao", "quant_type": {"default": {"_type": "FqnToConfig", "_data": {"fqn_to_config": {"a": null, "b": {"_type": "Int8WeightOnlyConfig"}}}}}}""", "fqn_to_config.b._type is \"Int8WeightOnlyConfig\", which is not implemented")]
    [InlineData("""{"quant_method": "modelopt", "quant_algo": "NVFP4", "swap_weight_nibbles": true}""", "swap_weight_nibbles is true, which is not read: ")]
    [InlineData("""{"quant_method": "modelopt", "quant_algo": "NVFP4", "checkpoint_weight_scale_layout": "swizzled"}""", "checkpoint_weight_scale_layout is \"swizzled\", which is not read: ")]
    [InlineData("""{"quant_method": "torchao", "quant_type": "int4_weight_only"}""", "quant_type is \"int4_weight_only\", which is not implemented; supported: float8_weight_only")]
    [InlineData("""{"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "int8", "qscheme": "per_tensor"}}}""", "global_quant_config.weight.dtype is \"int8\", which is not implemented; supported: fp8_e4m3, fp8_e5m2, fp4")]
    [InlineData("""{"quant_method": "quark", "global_quant_config": {"weight": [{"dtype": "fp8_e4m3", "qscheme": "per_tensor"}, {"dtype": "int4", "qscheme": "per_channel"}]}}""", "weight.dtype is \"int4\", which is not implemented")]
    [InlineData("""{"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3", "qscheme": "per_channel", "ch_axis": 1}}}""", "weight.ch_axis is 1, which is not implemented; supported: 0")]
    [InlineData("""{"quant_method": "quark", "export": {"weight_format": "fake_quantized"}, "global_quant_config": {"weight": {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}}}""", "export.weight_format is \"fake_quantized\", which is not implemented; supported: real_quantized")]
    [InlineData("""{"quant_method": "quark", "algo_config": [{"name": "rotation", "online_config": {"online_rotation_layers": ["a"]}}], "global_quant_config": {"weight": {"dtype": "fp4", "qscheme": "per_group", "group_size": 32}}}""", "online_rotation_layers is [\"a\"], which is not read: inputs of these layers have to be rotated while running")]
    [InlineData("""{"quant_method": "auto-round", "bits": 4, "data_type": "int", "group_size": 128}""", "data_type is \"int\", which is not implemented; supported: fp8")]
    [InlineData("""{"quant_method": "auto-round", "bits": 4, "group_size": 128}""", "data_type is missing, which is not implemented; supported: fp8")]
    [InlineData("""{"quant_method": "auto-round", "bits": 4, "data_type": "nvfp4_v2", "group_size": 16}""", "data_type is \"nvfp4_v2\", which is not implemented")]
    [InlineData("""{"quant_method": "auto-round", "bits": 8, "data_type": "fp8", "group_size": -1, "sym": false}""", "sym is false, which is not implemented; supported: true")]
    [InlineData("""{"quant_method": "auto-round", "bits": 8, "data_type": "fp8", "group_size": -1, "extra_config": {"a": {"bits": 4, "data_type": "int"}}}""", "extra_config.a.data_type is \"int\", which is not implemented")]
    [InlineData("""{"quant_method": "auto-round", "bits": 8, "data_type": "fp8", "group_size": -1, "rotation_config": {"backend": "x"}}""", "rotation_config is {\"backend\": \"x\"}, which is not read: inputs have to be rotated while running")]
    [InlineData("""{"bits": 4, "group_size": 64}""", "mode is missing, which is not read: its codes are integers with a scale and a bias")]
    [InlineData("""{"bits": 4, "group_size": 64, "mode": "affine"}""", "mode is \"affine\", which is not read: its codes are integers with a scale and a bias")]
    [InlineData("""{"bits": 8, "group_size": 64, "mode": "mxfp8"}""", "group_size is 64; expected 32 with this mode")]
    [InlineData("""{"bits": 4, "group_size": 32, "mode": "mxfp4", "a": {"bits": 4, "group_size": 16, "mode": "nvfp4"}}""", "nvfp4 for all layers or for none")]
    [InlineData("""{"hp_dtype": "bf16", "mode": "LOAD"}""", "quant_method is missing, which is not read: it is Intel Neural Compressor's own format, whose weights lie transposed")]
    [InlineData("""{"quant_method": "mxfp8", "weight_block_size": [128, 128]}""", "weight_block_size is [128, 128]; expected [1, 32] with quant_method mxfp8")]
    [InlineData("""{"quant_method": "fp8", "weight_block_size": 128}""", "weight_block_size is 128; expected a list of rows and columns such as [128, 128]")]
    [InlineData("""{"quant_method": "fp8", "weight_block_size": [128, 0]}""", "weight_block_size is [128, 0]; expected a list of rows and columns such as [128, 128]")]
    [InlineData("""{"quant_method": "compressed-tensors", "format": "nvfp4-e5m3-pack-quantized", "config_groups": {}}""", "format is \"nvfp4-e5m3-pack-quantized\", which is not implemented")]
    [InlineData("""{"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"type": "float", "num_bits": 8, "strategy": "block", "block_structure": "128"}}}}""", "block_structure is \"128\"; expected a list of rows and columns such as [128, 128]")]
    [InlineData("""{"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"type": "float", "num_bits": 8, "strategy": "block"}}}}""", "block_structure is missing; expected a list of rows and columns such as [128, 128]")]
    [InlineData("""{"quant_method": "compressed-tensors", "format": "dense", "config_groups": {"g": {"weights": {"type": "float", "num_bits": 8, "strategy": "channel"}}}}""", "format is \"dense\", which is not implemented")]
    [InlineData("""{"quant_method": "torchao", "quant_type": {"default": {"_type": "Float8WeightOnlyConfig", "_data": {"weight_dtype": {"_type": "torch.dtype", "_data": "int8"}}}}}""", "weight_dtype is {\"_type\": \"torch.dtype\", \"_data\": \"int8\"}, which is not implemented")]
    [InlineData("""{"quant_method": "auto-round", "bits": 8, "data_type": "fp", "fmt": "e3m4"}""", "fmt is \"e3m4\", which is not implemented; supported: e4m3, e5m2")]
    [InlineData("""{"quant_method": "auto-round", "bits": 4, "data_type": "fp"}""", "data_type is \"fp\", which is not implemented")]
    public void What_a_config_says_and_is_not_implemented_is_named_with_its_place(string json, string said)
    {
        ModelException error = Refusal(json);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("""{"quant_method": "modelopt_fp4"}""", 1, 16)]
    [InlineData("""{"quant_method": "modelopt_mxfp8"}""", 1, 32)]
    [InlineData("""{"quant_method": "modelopt", "quantization": {"quant_algo": "fp8_pb_wo"}}""", 128, 128)]
    [InlineData("""{"quant_algo": "NVFP4", "group_size": 16}""", 1, 16)]
    [InlineData("""{"quant_method": "FP8", "weight_block_size": [64, 32]}""", 64, 32)]
    [InlineData("""{"quant_method": "compressed_tensors", "config_groups": {"g": {"weights": {"type": "float", "num_bits": 8, "strategy": "block", "block_structure": "64x32"}}}}""", 64, 32)]
    [InlineData("""{"quant_method": "intel/auto-round", "bits": 8, "data_type": "fp8", "group_size": [128, 128]}""", 128, 128)]
    public void Other_spellings_are_read(string json, int blockRows, int blockColumns)
        => Assert.Contains(new ScaleLayout(blockRows, blockColumns), QuantizationConfig.Read(Parse(json)).Layouts);

    // AutoRound's presets FP8_STATIC and others (compressors/..., "data_type": "fp"), and what may stand in place of the type.
    [Theory]
    [InlineData("""{"quant_method": "auto-round", "bits": 8, "data_type": "fp", "group_size": -1}""", DataType.Float8E4M3FN)]
    [InlineData("""{"quant_method": "auto-round", "bits": 8, "data_type": "fp", "fmt": "e5m2", "group_size": -1}""", DataType.Float8E5M2)]
    [InlineData("""{"quant_method": "auto-round", "bits": 4, "data_type": "mx_fp", "group_size": 32, "extra_config": {"a": {"bits": 8, "data_type": "fp", "group_size": -1}}}""", DataType.Float8E4M3FN)]
    [InlineData("""{"quant_method": "torchao", "quant_type": {"default": {"_type": "Float8WeightOnlyConfig", "_data": {"weight_dtype": {"_type": "torch.dtype", "_data": "float8_e5m2"}}}}}""", DataType.Float8E5M2)]
    [InlineData("""{"quant_method": "torchao", "quant_type": {"default": {"_type": "Float8WeightOnlyConfig", "_data": {}}}}""", DataType.Float8E4M3FN)]
    public void The_type_of_codes_is_what_is_said_and_no_other(string json, DataType codes)
    {
        QuantizationConfig config = QuantizationConfig.Read(Parse(json));
        Assert.True(config.Allows(codes));
        Assert.False(config.Allows(codes == DataType.Float8E5M2 ? DataType.Float8E4M3FN : DataType.Float8E5M2));
        Assert.Equal(codes, config.ByteCodes);
    }

    [Theory]
    [InlineData("""{"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}}, "layer_quant_config": {"a": {"weight": {"dtype": "fp8_e5m2", "qscheme": "per_tensor"}}}}""")]
    [InlineData("""{"quant_method": "auto-round", "bits": 8, "data_type": "fp8", "extra_config": {"a": {"data_type": "fp8_e5m2"}}}""")]
    [InlineData("""{"quant_method": "torchao", "quant_type": {"default": {"_type": "FqnToConfig", "_data": {"fqn_to_config": {"a": {"_type": "Float8WeightOnlyConfig"}, "b": {"_type": "Float8WeightOnlyConfig", "_data": {"weight_dtype": {"_type": "torch.dtype", "_data": "float8_e5m2"}}}}}}}}""")]
    public void Two_types_of_codes_in_one_model_are_allowed_and_bytes_are_then_of_none(string json)
    {
        QuantizationConfig config = QuantizationConfig.Read(Parse(json));
        Assert.True(config.Allows(DataType.Float8E4M3FN));
        Assert.True(config.Allows(DataType.Float8E5M2));
        Assert.Null(config.ByteCodes);
    }

    [Theory]
    [InlineData("""{"producer": {"name": "modelopt"}, "quantization": {"quant_algo": null, "kv_cache_quant_algo": "FP8", "exclude_modules": ["lm_head"]}}""")]
    [InlineData("""{"quant_method": "modelopt", "quant_algo": null, "kv_cache_quant_algo": "FP8"}""")]
    [InlineData("""{"quant_method": "compressed-tensors", "format": "dense", "config_groups": {}, "kv_cache_scheme": {"num_bits": 8, "type": "float", "strategy": "tensor"}}""")]
    public void A_model_whose_cache_alone_is_quantised_has_weights_as_they_are(string json)
    {
        QuantizationConfig config = QuantizationConfig.Read(Parse(json));
        Assert.Empty(config.Layouts);
        Assert.Equal("none", config.ActivationScheme);
    }

    static string Schemes { get; } = File.ReadAllText(Path.Combine(Fixtures.Repository, "docs", "schemes.md"));

    static ModelException Refusal(string json) => Assert.Throws<ModelException>(() => QuantizationConfig.Read(Parse(json)));

    static ConfigObject Parse(string json) => ConfigObject.Parse(System.Text.Encoding.UTF8.GetBytes(json), "c.json");
}
