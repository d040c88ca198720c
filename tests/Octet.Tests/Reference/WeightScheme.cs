using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Reference;

/// <summary>
/// The published ways to store a quantised layer, written by hand from their producers' documentation: random codes and scales, the
/// tensors that hold them, and in double precision the weights that they mean.
/// </summary>
sealed record WeightScheme(JsonObject? Config, Func<WeightScheme.Layer, double[][]> Write)
{
    /// <summary>By name.</summary>
    internal static IReadOnlyDictionary<string, Func<WeightScheme>> All { get; } = new Dictionary<string, Func<WeightScheme>>
    {
        ["fp8, blocks of 64 x 32"] = () => new(Fp8("""{"weight_block_size": [64, 32]}"""), l => l.Float8(64, 32, l.Floats(".weight_scale_inv", DataType.Float32))),
        ["fp8, blocks, E8M0 scales"] = () => new(Fp8("""{"weight_block_size": [128, 128]}"""), l => l.Float8(128, 128, l.Powers(".weight_scale_inv", DataType.Float8E8M0FNU))),
        ["fp8, blocks, ue8m0"] = () => new(Fp8("""{"weight_block_size": [128, 128], "scale_fmt": "ue8m0"}"""), l => l.Float8(128, 128, l.FloatPowers(".weight_scale_inv"))),
        ["fp8, one scale, static activations"] = () => new(Fp8("""{"activation_scheme": "static"}"""), l => l.Float8(0, 0, l.Floats(".weight_scale_inv", DataType.BFloat16, []), [".activation_scale"])),
        ["fp8, E5M2, one scale"] = () => new(Fp8("""{"fmt": "e5m2"}"""), l => l.Codes(".weight", DataType.Float8E5M2, 0, 0, l.Floats(".weight_scale", DataType.Float32, []))),
        ["compressed-tensors, tensor"] = () => new(Compressed("float-quantized", """{"strategy": "tensor"}"""), l => l.Float8(0, 0, l.Floats(".weight_scale", DataType.BFloat16, [1]), [".input_scale"])),
        ["compressed-tensors, channel"] = () => new(Compressed("float-quantized", """{"strategy": "channel"}"""), l => l.Float8(1, 0, l.Floats(".weight_scale", DataType.BFloat16))),
        ["compressed-tensors, group"] = () => new(Compressed("float-quantized", """{"strategy": "group", "group_size": 32}"""), l => l.Float8(1, 32, l.Floats(".weight_scale", DataType.Float16))),
        ["compressed-tensors, block"] = () => new(Compressed("float-quantized", """{"strategy": "block", "block_structure": [128, 128]}"""), l => l.Float8(128, 128, l.Floats(".weight_scale", DataType.Float32))),
        ["compressed-tensors, MXFP8"] = () => new(Compressed("mxfp8-quantized", """{"strategy": "group", "group_size": 32}"""), l => l.Float8(1, 32, l.Powers(".weight_scale", DataType.UInt8))),
        ["compressed-tensors, MXFP4"] = () => new(Compressed("mxfp4-pack-quantized", """{"strategy": "group", "group_size": 32, "num_bits": 4}"""), l => l.Float4(".weight_packed", 32, l.Powers(".weight_scale", DataType.UInt8, perUnit: 3))),
        ["compressed-tensors, NVFP4"] = () => new(Compressed("nvfp4-pack-quantized", """{"strategy": "tensor_group", "group_size": 16, "num_bits": 4}"""), l => l.Float4(".weight_packed", 16, l.Global(".weight_scale", ".weight_global_scale", divides: true), [".input_global_scale"])),
        ["modelopt, FP8"] = () => new(ModelOpt("FP8"), l => l.Float8(0, 0, l.Floats(".weight_scale", DataType.Float32, []), [".input_scale"])),
        ["modelopt, per channel"] = () => new(ModelOpt("FP8_PER_CHANNEL_PER_TOKEN"), l => l.Float8(1, 0, l.Floats(".weight_scale", DataType.Float32, [l.Rows]))),
        ["modelopt, blocks"] = () => new(ModelOpt("FP8_PB_WO"), l => l.Float8(128, 128, l.Floats(".weight_scale", DataType.Float32, [(l.Rows + 127) / 128, 1, (l.Columns + 127) / 128, 1]))),
        ["modelopt, MXFP8"] = () => new(ModelOpt("MXFP8"), l => l.Float8(1, 32, l.Powers(".weight_scale", DataType.UInt8))),
        ["modelopt, NVFP4"] = () => new(ModelOpt("NVFP4"), l => l.Float4(".weight", 16, l.Global(".weight_scale", ".weight_scale_2", divides: false), [".input_scale"])),
        ["modelopt, small letters"] = () => new(ModelOpt("fp8_pb_wo"), l => l.Float8(128, 128, l.Floats(".weight_scale", DataType.Float32, [(l.Rows + 127) / 128, 1, (l.Columns + 127) / 128, 1]))),
        ["modelopt, mixed"] = () => new(Mixed(), l => l.Index switch
        {
            0 => l.Float8(128, 128, l.Floats(".weight_scale", DataType.Float32, [(l.Rows + 127) / 128, 1, (l.Columns + 127) / 128, 1])),
            1 => l.Float8(128, 128, l.Floats(".weight_scale_inv", DataType.BFloat16)),
            2 => l.Float4(".weight", 16, l.Global(".weight_scale", ".weight_scale_2", divides: false), [".input_scale"]),
            3 => l.Float8(0, 0, l.Floats(".weight_scale", DataType.Float32, []), [".input_scale"]),
            4 => l.Float8(1, 0, l.Floats(".weight_scale", DataType.Float32, [l.Rows])),
            5 => l.Float8(1, 32, l.Powers(".weight_scale", DataType.UInt8)),
            _ => l.Plain(),
        }),
        ["modelopt, NVFP4 with AWQ"] = () => new(ModelOpt("NVFP4_AWQ"), l => l.WithFactors(l.Float4(".weight", 16, l.Global(".weight_scale", ".weight_scale_2", divides: false), [".input_scale"]))),
        ["modelopt, MXFP4"] = () => new(ModelOpt("W4A8_MXFP4_FP8"), l => l.Float4(".weight", 32, l.Powers(".weight_scale", DataType.UInt8, perUnit: 3))),
        ["nvfp4"] = () => new(Object("""{"quant_method": "nvfp4", "group_size": 16}""", "{}"), l => l.Float4(".weight", 16, l.Global(".weight_scale", ".weight_scale_2", divides: false))),
        ["fp8, blocks, E8M0 in bytes"] = () => new(Fp8("""{"weight_block_size": [128, 128], "scale_fmt": "ue8m0"}"""), l => l.Float8(128, 128, l.Powers(".weight_scale_inv", DataType.UInt8))),
        ["fp8, codes as bytes"] = () => new(Fp8("""{"fmt": "e4m3", "weight_block_size": [128, 128]}"""), l => l.Bytes(DataType.Float8E4M3FN, 128, 128, l.Floats(".weight_scale_inv", DataType.BFloat16))),
        ["fp8, E5M2 codes as bytes"] = () => new(Fp8("""{"fmt": "e5m2", "weight_block_size": [128, 128]}"""), l => l.Bytes(DataType.Float8E5M2, 128, 128, l.Floats(".weight_scale_inv", DataType.BFloat16))),
        ["compressed-tensors, codes as bytes"] = () => new(Compressed("float-quantized", """{"strategy": "channel"}"""), l => l.Bytes(DataType.Float8E4M3FN, 1, 0, l.Floats(".weight_scale", DataType.BFloat16))),
        ["compressed-tensors, block as text"] = () => new(Compressed("float-quantized", """{"strategy": "block", "block_structure": "64x32"}"""), l => l.Float8(64, 32, l.Floats(".weight_scale", DataType.Float32))),
        ["mxfp8"] = () => new(Object("""{"quant_method": "mxfp8", "weight_block_size": [1, 32], "scale_fmt": "ue8m0"}""", "{}"), l => l.Float8(1, 32, l.Powers(".weight_scale_inv", DataType.UInt8))),
        ["mxfp8, no more said"] = () => new(Object("""{"quant_method": "mxfp8"}""", "{}"), l => l.Float8(1, 32, l.Powers(".weight_scale", DataType.Float8E8M0FNU))),
        ["w8a8_fp8"] = () => new(Object("""{"quant_method": "w8a8_fp8", "is_dynamic": false}""", "{}"), l => l.Float8(1, 0, l.Floats(".weight_scale", DataType.Float32))),
        ["quark, tensor"] = () => new(Quark("""{"dtype": "fp8_e4m3", "qscheme": "per_tensor", "is_dynamic": false}"""), l => l.Float8(0, 0, l.Floats(".weight_scale", DataType.Float32, []), [".input_scale"])),
        ["quark, channel"] = () => new(Quark("""{"dtype": "fp8_e4m3", "qscheme": "per_channel", "ch_axis": 0}"""), l => l.Float8(1, 0, l.Floats(".weight_scale", DataType.Float32, [l.Rows]))),
        ["quark, blocks"] = () => new(Quark("""{"dtype": "fp8_e4m3", "qscheme": "per_block", "block_size": [128, 128]}"""), l => l.Float8(128, 128, l.Powers(".weight_scale_inv", DataType.Float8E8M0FNU))),
        ["quark, MXFP4"] = () => new(Quark("""{"dtype": "fp4", "qscheme": "per_group", "group_size": 32, "scale_format": "e8m0"}"""), l => l.Float4(".weight", 32, l.Powers(".weight_scale", DataType.UInt8, perUnit: 3))),
        ["quark, NVFP4"] = () => new(Quark("""[{"dtype": "fp4", "qscheme": "per_group", "group_size": 16}, {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}]"""), l => l.Float4(".weight", 16, l.Global(".weight_scale", ".weight_scale_2", divides: false), [".input_scale_2"])),
        ["auto-round, channel"] = () => new(AutoRound("""{"bits": 8, "data_type": "fp8", "group_size": -1, "packing_format": "auto_round:fp8"}"""), l => l.Float8(1, 0, l.Floats(".weight_scale", DataType.BFloat16, [l.Rows]))),
        ["auto-round, tensor"] = () => new(AutoRound("""{"bits": 8, "data_type": "fp8_e4m3", "group_size": 0, "act_bits": 8, "act_dynamic": false}"""), l => l.Float8(0, 0, l.Floats(".weight_scale", DataType.BFloat16, [1]), [".input_scale"])),
        ["auto-round, groups in a row"] = () => new(AutoRound("""{"bits": 8, "data_type": "fp8", "group_size": 32}"""), l => l.Float8(1, 32, l.Floats(".weight_scale", DataType.BFloat16, [l.Rows * (l.Columns / 32)]))),
        ["auto-round, blocks"] = () => new(AutoRound("""{"bits": 8, "data_type": "fp8", "group_size": [128, 128], "act_bits": 8, "act_dynamic": true}"""), l => l.Float8(128, 128, l.Floats(".weight_scale_inv", DataType.BFloat16))),
        ["auto-round, MXFP8"] = () => new(AutoRound("""{"bits": 8, "data_type": "mx_fp", "group_size": 32, "act_bits": 8}"""), l => l.Float8(1, 32, l.Powers(".weight_scale", DataType.UInt8))),
        ["auto-round, MXFP4"] = () => new(AutoRound("""{"bits": 4, "data_type": "mx_fp4", "group_size": 32}"""), l => l.Float4(".weight_packed", 32, l.Powers(".weight_scale", DataType.UInt8, perUnit: 3))),
        ["auto-round, NVFP4"] = () => new(AutoRound("""{"bits": 4, "data_type": "nv_fp", "group_size": 16, "act_bits": 4}"""), l => l.Float4(".weight_packed", 16, l.Global(".weight_scale", ".weight_global_scale", divides: true), [".input_global_scale"])),
        ["MLX, MXFP8"] = () => new(Object("""{"bits": 8, "group_size": 32, "mode": "mxfp8"}""", "{}"), l => l.Words(8, 32, l.Powers(".scales", DataType.UInt8))),
        ["MLX, MXFP4"] = () => new(Object("""{"bits": 4, "group_size": 32, "mode": "mxfp4"}""", "{}"), l => l.Words(4, 32, l.Powers(".scales", DataType.UInt8, perUnit: 3))),
        ["MLX, NVFP4"] = () => new(Object("""{"bits": 4, "group_size": 16, "mode": "nvfp4"}""", "{}"), l => l.Words(4, 16, l.E4M3Scales(".scales"))),
        ["torchao, by modules"] = () => new(TorchAoByModules("FqnToConfig", "fqn_to_config"), l => l.Codes("._weight_qdata", DataType.Float8E4M3FN, 1, 0, l.Floats("._weight_scale", DataType.Float32))),
        ["torchao, by modules, older name"] = () => new(TorchAoByModules("AOPerModuleConfig", "module_fqn_to_config"), l => l.Codes("._weight_qdata", DataType.Float8E4M3FN, 1, 0, l.Floats("._weight_scale", DataType.Float32))),
        ["torchao, groups"] = () => new(TorchAo("""{"granularity": {"_type": "PerGroup", "_version": 1, "_data": {"group_size": 32}}}"""), l => l.Codes("._weight_qdata", DataType.Float8E4M3FN, 1, 32, l.Floats("._weight_scale", DataType.Float32))),
        ["blocks, no config"] = () => new(null, l => l.Float8(128, 128, l.Floats(".weight_scale_inv", DataType.BFloat16))),
        ["fbgemm"] = () => new(new JsonObject { ["quant_method"] = "fbgemm_fp8", ["activation_scale_ub"] = 1200.0 }, l => l.Float8(1, 0, l.Floats(".weight_scale", DataType.Float32))),
        ["torchao, rows"] = () => new(TorchAo(), l => l.Codes("._weight_qdata", DataType.Float8E4M3FN, 1, 0, l.Floats("._weight_scale", DataType.Float32))),
        ["torchao, tensor"] = () => new(TorchAo(), l => l.Codes("._weight_qdata", DataType.Float8E4M3FN, 0, 0, l.Floats("._weight_scale", DataType.Float32, []))),
        ["torchao, blocks"] = () => new(TorchAo(), l => l.Codes("._weight_qdata", DataType.Float8E4M3FN, 128, 128, l.Floats("._weight_scale", DataType.Float32))),
        ["torchao, older names"] = () => new(TorchAo(), l => l.Codes(".weight:qdata", DataType.Float8E4M3FN, 1, 0, l.Floats(".weight:scale", DataType.Float32))),
        ["quanto"] = () => new(Quanto("float8"), l => l.Codes(".weight._data", DataType.Float8E4M3FN, 1, 0, l.Floats(".weight._scale", DataType.BFloat16), [".input_scale", ".output_scale"])),
        ["quanto, E4M3FNUZ"] = () => new(Quanto("float8_e4m3fnuz"), l => l.Codes(".weight._data", DataType.Float8E4M3FNUZ, 1, 0, l.Floats(".weight._scale", DataType.Float32))),
        ["quanto, E5M2"] = () => new(Quanto("float8_e5m2"), l => l.Codes(".weight._data", DataType.Float8E5M2, 0, 0, l.Floats(".weight._scale", DataType.Float16, []))),
        ["mxfp4"] = () => new(new JsonObject { ["quant_method"] = "mxfp4" }, l => l.Blocks("_blocks", "_scales")),
        ["scale_weight, no config"] = () => new(null, l => l.Float8(0, 0, l.Floats(".scale_weight", DataType.Float32, []), [".scale_input"])),
        ["ComfyUI, scaled FP8"] = () => new(null, l => l.Marked("float8_e4m3fn", l.Float8(0, 0, l.Floats(".weight_scale", DataType.Float32, []), [".input_scale"]))),
        ["ComfyUI, scaled E5M2"] = () => new(null, l => l.Marked("float8_e5m2", l.Codes(".weight", DataType.Float8E5M2, 0, 0, l.Floats(".weight_scale", DataType.Float32, [])))),
        ["ComfyUI, NVFP4"] = () => new(null, l => l.Marked("nvfp4", l.Float4(".weight", 16, l.Global(".weight_scale", ".weight_scale_2", divides: false, tiles: true), [".input_scale"], highFirst: true))),
        ["ComfyUI, MXFP8"] = () => new(null, l => l.Marked("mxfp8", l.Float8(1, 32, l.Powers(".weight_scale", DataType.Float8E8M0FNU, tiles: true)))),
        ["ComfyUI, MXFP8 with byte scales"] = () => new(null, l => l.Marked("mxfp8", l.Float8(1, 32, l.Powers(".weight_scale", DataType.UInt8, tiles: true)))),
        ["MXFP8 in its own types, no config"] = () => new(null, l => l.Float8(1, 32, l.Powers(".weight_scale", DataType.Float8E8M0FNU))),
        ["raw FP8"] = () => new(null, l => l.Raw(DataType.Float8E4M3FN)),
        ["raw E5M2"] = () => new(null, l => l.Raw(DataType.Float8E5M2)),
        ["raw E5M2FNUZ"] = () => new(null, l => l.Raw(DataType.Float8E5M2FNUZ)),
    };

    static JsonObject Fp8(string more) => Object("""{"quant_method": "fp8"}""", more);

    static JsonObject ModelOpt(string algorithm) => new() { ["quant_method"] = "modelopt", ["quant_algo"] = algorithm };

    static JsonObject Mixed()
    {
        JsonObject config = ModelOpt("MIXED_PRECISION");
        config["quantized_layers"] = new JsonObject(((string[])["FP8_PB_WO", "fp8_pb_wo", "NVFP4", "FP8", "FP8_PER_CHANNEL_PER_TOKEN", "MXFP8"])
            .Select((algorithm, i) => KeyValuePair.Create($"model.layers.0.{i}", (JsonNode?)new JsonObject { ["quant_algo"] = algorithm })));
        return config;
    }

    static JsonObject TorchAo(string data = "{}") => Object("""{"quant_method": "torchao"}""", """{"quant_type": {"default": {"_type": "Float8WeightOnlyConfig", "_version": 2, "_data": DATA}}}""".Replace("DATA", data, StringComparison.Ordinal));

    static JsonObject TorchAoByModules(string type, string key) => Object("""{"quant_method": "torchao"}""", """
        {"quant_type": {"default": {"_type": "TYPE", "_version": 1, "_data": {"KEY": {
            "_default": {"_type": "Float8DynamicActivationFloat8WeightConfig", "_data": {"granularity": [{"_type": "PerRow", "_data": {}}, {"_type": "PerRow", "_data": {}}]}},
            "re:model\\.layers\\..+\\.mlp\\.down_proj": {"_type": "Float8WeightOnlyConfig", "_data": {}},
            "lm_head": null}}}}}
        """.Replace("TYPE", type, StringComparison.Ordinal).Replace("KEY", key, StringComparison.Ordinal));

    static JsonObject Quark(string weight) => Object("""{"quant_method": "quark", "exclude": ["lm_head"], "export": {"kv_cache_group": [], "pack_method": "reorder", "weight_format": "real_quantized"}, "layer_quant_config": {}}""", """
        {"global_quant_config": {"weight": WEIGHT, "input_tensors": {"dtype": "fp8_e4m3", "qscheme": "per_tensor", "is_dynamic": false}, "bias": null, "output_tensors": null}}
        """.Replace("WEIGHT", weight, StringComparison.Ordinal));

    static JsonObject AutoRound(string more) => Object("""{"quant_method": "auto-round", "sym": true, "extra_config": {"lm_head": {"bits": 16, "data_type": "fp"}}}""", more);

    static JsonObject Quanto(string weights) => new() { ["quant_method"] = "quanto", ["weights"] = weights, ["activations"] = null };

    static JsonObject Compressed(string format, string weights) => new()
    {
        ["quant_method"] = "compressed-tensors",
        ["format"] = format,
        ["ignore"] = new JsonArray("lm_head"),
        ["config_groups"] = new JsonObject
        {
            ["group_0"] = new JsonObject
            {
                ["targets"] = new JsonArray("Linear"),
                ["weights"] = Object("""{"type": "float", "num_bits": 8, "symmetric": true, "dynamic": false}""", weights),
                ["input_activations"] = JsonNode.Parse("""{"type": "float", "num_bits": 8, "strategy": "tensor_group", "dynamic": "local"}"""),
            },
        },
    };

    static JsonObject Object(string json, string more)
    {
        JsonObject result = JsonNode.Parse(json)!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(more)!.AsObject().ToArray())
        {
            result[key] = value?.DeepClone();
        }

        return result;
    }

    /// <summary>By the definitions: OCP OFP8 1.0, OCP MX 1.0, and for FNUZ (no infinity, no negative zero, bias one larger) arXiv 2206.02915.</summary>
    internal static double Decode(DataType type, int code) => Values(type)[code];

    /// <summary>The value of every code of a type.</summary>
    internal static double[] Values(DataType type) => s_values[type];

    static readonly Dictionary<DataType, double[]> s_values = ((DataType[])
        [DataType.Float8E4M3FN, DataType.Float8E5M2, DataType.Float8E4M3FNUZ, DataType.Float8E5M2FNUZ, DataType.Float4E2M1FN])
        .ToDictionary(type => type, type => Enumerable.Range(0, type == DataType.Float4E2M1FN ? 16 : 256).Select(code => Value(type, code)).ToArray());

    static double Value(DataType type, int code)
    {
        (int mantissa, int bias) = type switch
        {
            DataType.Float8E4M3FN => (3, 7),
            DataType.Float8E5M2 => (2, 15),
            DataType.Float8E4M3FNUZ => (3, 8),
            DataType.Float8E5M2FNUZ => (2, 16),
            _ => (1, 1),
        };
        int bits = type == DataType.Float4E2M1FN ? 4 : 8;
        int sign = code >> (bits - 1);
        int exponent = (code >> mantissa) & ((1 << (bits - 1 - mantissa)) - 1);
        int fraction = code & ((1 << mantissa) - 1);
        double magnitude = exponent == 0
            ? fraction * Math.Pow(2, 1 - bias - mantissa)
            : ((1 << mantissa) + fraction) * Math.Pow(2, exponent - bias - mantissa);
        return sign == 0 ? magnitude : -magnitude;
    }

    static bool IsFinite(DataType type, int code) => type switch
    {
        DataType.Float8E4M3FN => (code & 0x7F) != 0x7F,
        DataType.Float8E5M2 => (code & 0x7C) != 0x7C,
        DataType.Float4E2M1FN => true,
        _ => code != 0x80,
    };

    /// <summary>One layer that is being written.</summary>
    internal sealed class Layer(string name, int rows, int columns, double spread, Random random, List<TensorSource> tensors)
    {
        static readonly string[] s_names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

        /// <summary>Which of the seven layers of a block this is.</summary>
        internal int Index => Array.FindIndex(s_names, end => name.EndsWith(end, StringComparison.Ordinal));


        internal long Rows => rows;

        internal long Columns => columns;

        internal double[][] Float8(int blockRows, int blockColumns, Func<long, long, double, double[]> scales, string[]? activations = null)
            => Codes(".weight", DataType.Float8E4M3FN, blockRows, blockColumns, scales, activations);

        /// <summary>Codes of a byte each, scaled by blocks; 0: as long as the matrix.</summary>
        internal double[][] Codes(string suffix, DataType type, int blockRows, int blockColumns, Func<long, long, double, double[]> scales, string[]? activations = null)
        {
            byte[] codes = [.. Enumerable.Range(0, rows * columns).Select(_ => Code(type))];
            tensors.Add(new TensorSource(name + suffix, type, [rows, columns], codes));
            return Weights([.. codes.Select(code => Decode(type, code))], blockRows, blockColumns, scales, activations);
        }

        /// <summary>FP8 codes under the type of bytes.</summary>
        internal double[][] Bytes(DataType type, int blockRows, int blockColumns, Func<long, long, double, double[]> scales)
        {
            byte[] codes = [.. Enumerable.Range(0, rows * columns).Select(_ => Code(type))];
            tensors.Add(new TensorSource(name + ".weight", DataType.UInt8, [rows, columns], codes));
            return Weights([.. codes.Select(code => Decode(type, code))], blockRows, blockColumns, scales, null);
        }

        /// <summary>Codes in 32-bit words, the first in the lowest bits.</summary>
        internal double[][] Words(int bits, int group, Func<long, long, double, double[]> scales)
        {
            byte[] packed = bits == 8 ? [.. Enumerable.Range(0, rows * columns).Select(_ => Code(DataType.Float8E4M3FN))] : new byte[rows * columns / 2];
            if (bits == 4)
            {
                random.NextBytes(packed);
            }

            tensors.Add(new TensorSource(name + ".weight", DataType.UInt32, [rows, columns * bits / 32], packed));
            return Weights(bits == 8 ? [.. packed.Select(code => Decode(DataType.Float8E4M3FN, code))] : Unpack(packed), 1, group, scales, null);
        }

        /// <summary>Not quantised: bfloat16.</summary>
        internal double[][] Plain()
        {
            byte[] bytes = new byte[rows * columns * 2];
            double[] values = new double[rows * columns];
            for (int i = 0; i < values.Length; i++)
            {
                uint bits = BitConverter.SingleToUInt32Bits((float)(spread * (2 * random.NextDouble() - 1))) & 0xFFFF0000;
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 2), (ushort)(bits >> 16));
                values[i] = BitConverter.UInt32BitsToSingle(bits);
            }

            tensors.Add(new TensorSource(name + ".weight", DataType.BFloat16, [rows, columns], bytes));
            return Matrix(values);
        }

        /// <summary>AWQ: inputs are multiplied with factors first, so that weights times factors are the weights that are meant.</summary>
        internal double[][] WithFactors(double[][] weights)
        {
            byte[] bytes = new byte[columns * 2];
            double[] factors = new double[columns];
            for (int i = 0; i < columns; i++)
            {
                uint bits = BitConverter.SingleToUInt32Bits((float)Math.Exp(2 * random.NextDouble() - 1)) & 0xFFFF0000;
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 2), (ushort)(bits >> 16));
                factors[i] = BitConverter.UInt32BitsToSingle(bits);
            }

            tensors.Add(new TensorSource(name + ".pre_quant_scale", DataType.BFloat16, [columns], bytes));
            return [.. weights.Select(row => row.Select((weight, i) => weight * factors[i]).ToArray())];
        }

        internal double[][] Float4(string suffix, int group, Func<long, long, double, double[]> scales, string[]? activations = null, bool highFirst = false)
        {
            byte[] packed = new byte[rows * columns / 2];
            random.NextBytes(packed);
            tensors.Add(new TensorSource(name + suffix, DataType.UInt8, [rows, columns / 2], packed));
            double[] values = Unpack(packed);
            return Weights(highFirst ? [.. values.Chunk(2).SelectMany(pair => pair.Reverse())] : values, 1, group, scales, activations);
        }

        /// <summary>ComfyUI's mark beside what was written.</summary>
        internal double[][] Marked(string format, double[][] weights)
        {
            byte[] mark = Encoding.UTF8.GetBytes($$"""{"format": "{{format}}"}""");
            tensors.Add(new TensorSource(name + ".comfy_quant", DataType.UInt8, [mark.Length], mark));
            return weights;
        }

        /// <summary>gpt-oss: blocks of 32 as 16 bytes in a third dimension.</summary>
        internal double[][] Blocks(string suffix, string scaleSuffix)
        {
            byte[] packed = new byte[rows * columns / 2];
            random.NextBytes(packed);
            tensors.Add(new TensorSource(name + suffix, DataType.UInt8, [rows, columns / 32, 16], packed));
            return Weights(Unpack(packed), 1, 32, Powers(scaleSuffix, DataType.UInt8, perUnit: 3), null);
        }

        /// <summary>Codes that are the weights themselves, of the size that the layer wants.</summary>
        internal double[][] Raw(DataType type)
        {
            byte[] codes = new byte[rows * columns];
            double[] values = new double[codes.Length];
            for (int i = 0; i < codes.Length; i++)
            {
                do
                {
                    codes[i] = Code(type);
                    values[i] = Decode(type, codes[i]);
                }
                while (Math.Abs(values[i]) > 2 * spread);
            }

            tensors.Add(new TensorSource(name + ".weight", type, [rows, columns], codes));
            return Matrix(values);
        }

        /// <summary>Scales of a wider float type; the shape is [rows, columns] of blocks unless given.</summary>
        internal Func<long, long, double, double[]> Floats(string suffix, DataType type, long[]? shape = null) => (r, c, root) =>
        {
            byte[] bytes = new byte[r * c * (type == DataType.Float32 ? 4 : 2)];
            double[] values = new double[r * c];
            for (int i = 0; i < values.Length; i++)
            {
                float value = (float)(spread / root * (0.5 + random.NextDouble()));
                switch (type)
                {
                    case DataType.Float32:
                        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * 4), value);
                        break;
                    case DataType.Float16:
                        BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan(i * 2), (Half)value);
                        value = (float)(Half)value;
                        break;
                    default:
                        uint bits = BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000;
                        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 2), (ushort)(bits >> 16));
                        value = BitConverter.UInt32BitsToSingle(bits);
                        break;
                }

                values[i] = value;
            }

            tensors.Add(new TensorSource(name + suffix, type, shape ?? [r, c], bytes));
            return values;
        };

        /// <summary>E8M0: 2^(code - 127).</summary>
        internal Func<long, long, double, double[]> Powers(string suffix, DataType type, double perUnit = 0, bool tiles = false) => (r, c, root) =>
        {
            int middle = (int)Math.Round(Math.Log2(spread / (perUnit > 0 ? perUnit : root)));
            byte[] codes = [.. Enumerable.Range(0, (int)(r * c)).Select(_ => (byte)(127 + middle + random.Next(-1, 2)))];
            Add(name + suffix, type, r, c, codes, tiles);
            return [.. codes.Select(code => Math.Pow(2, code - 127))];
        };

        /// <summary>Powers of two in float32.</summary>
        internal Func<long, long, double, double[]> FloatPowers(string suffix) => (r, c, root) =>
        {
            int middle = (int)Math.Round(Math.Log2(spread / root));
            double[] values = [.. Enumerable.Range(0, (int)(r * c)).Select(_ => Math.Pow(2, middle + random.Next(-1, 2)))];
            byte[] bytes = [.. values.SelectMany(value => BitConverter.GetBytes((float)value))];
            tensors.Add(new TensorSource(name + suffix, DataType.Float32, [r, c], bytes));
            return values;
        };

        /// <summary>NVFP4: an E4M3 scale for each block and a float32 for the tensor, combined in float32.</summary>
        internal Func<long, long, double, double[]> Global(string suffix, string globalSuffix, bool divides, bool tiles = false) => (r, c, _) =>
        {
            byte[] codes = [.. Enumerable.Range(0, (int)(r * c)).Select(_ => (byte)random.Next(0x60, 0x7F))];
            float global = (float)(divides ? 200 * 3 / spread : spread / (200 * 3)) * (0.9f + 0.2f * random.NextSingle());
            byte[] bytes = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(bytes, global);
            Add(name + suffix, DataType.Float8E4M3FN, r, c, codes, tiles);
            tensors.Add(new TensorSource(name + globalSuffix, DataType.Float32, divides ? [1] : [], bytes));
            return [.. codes.Select(code => (double)(divides ? (float)E4M3.Decode(code) / global : (float)E4M3.Decode(code) * global))];
        };

        void Add(string name, DataType type, long r, long c, byte[] codes, bool tiles)
        {
            if (!tiles)
            {
                tensors.Add(new TensorSource(name, type, [r, c], codes));
                return;
            }

            // cuBLAS, "1D block scaling factors layout": row r and column c of a tile of 128 x 4 at (r % 32) * 16 + r / 32 * 4 + c, tiles
            // row-major. Padding is anything: NaN here.
            long tileRows = (r + 127) / 128, tileColumns = (c + 3) / 4;
            byte[] tiled = [.. Enumerable.Repeat((byte)0xFF, (int)(tileRows * tileColumns * 512))];
            for (int i = 0; i < codes.Length; i++)
            {
                (long row, long column) = (i / c, i % c);
                tiled[(row / 128 * tileColumns + column / 4) * 512 + row % 32 * 16 + row % 128 / 32 * 4 + column % 4] = codes[i];
            }

            tensors.Add(new TensorSource(name, type, [tileRows * 128, tileColumns * 4], tiled));
        }

        /// <summary>E4M3 scales in bytes, and none for the tensor.</summary>
        internal Func<long, long, double, double[]> E4M3Scales(string suffix) => (r, c, root) =>
        {
            // The smallest normal numbers and up: 2^-6 and more.
            int middle = Math.Max(0x08, (int)Math.Round((Math.Log2(spread / root) + 7) * 8));
            byte[] codes = [.. Enumerable.Range(0, (int)(r * c)).Select(_ => (byte)(middle + random.Next(0, 8)))];
            tensors.Add(new TensorSource(name + suffix, DataType.UInt8, [r, c], codes));
            return [.. codes.Select(code => Decode(DataType.Float8E4M3FN, code))];
        };

        byte Code(DataType type)
        {
            while (true)
            {
                int code = random.Next(256);
                if (IsFinite(type, code))
                {
                    return (byte)code;
                }
            }
        }

        static double[] Unpack(byte[] packed) => [.. packed.SelectMany(pair => new[] { Decode(DataType.Float4E2M1FN, pair & 15), Decode(DataType.Float4E2M1FN, pair >> 4) })];

        double[][] Weights(double[] values, int blockRows, int blockColumns, Func<long, long, double, double[]> scales, string[]? activations)
        {
            int height = blockRows == 0 ? rows : blockRows;
            int width = blockColumns == 0 ? columns : blockColumns;
            int across = (columns + width - 1) / width;
            double root = Math.Sqrt(values.Average(value => value * value));
            double[] scale = scales((rows + height - 1) / height, across, root);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] *= scale[i / columns / height * across + i % columns / width];
            }

            foreach (string suffix in activations ?? [])
            {
                // Some inputs, of about 1, are beyond 448 times the smaller of these.
                byte[] bytes = new byte[4];
                BinaryPrimitives.WriteSingleLittleEndian(bytes, 0.004f + 0.012f * random.NextSingle());
                tensors.Add(new TensorSource(name + suffix, DataType.Float32, [], bytes));
            }

            return Matrix(values);
        }

        double[][] Matrix(double[] values) => [.. values.Chunk(columns)];
    }
}
