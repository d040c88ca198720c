using Octet.Numerics;

namespace Octet.Checkpoints;

/// <summary>The <c>quantization_config</c> that compressed-tensors (llm-compressor) writes: groups of modules, each with its scheme.</summary>
static class CompressedTensorsConfig
{
    internal static QuantizationConfig Read(ConfigObject json)
    {
        const string Formats = "float-quantized, naive-quantized, mxfp8-quantized, mxfp4-pack-quantized, nvfp4-pack-quantized, mixed-precision";
        string format = json.TryString("format") ?? "float-quantized";
        ConfigObject groups = json.TryObject("config_groups") ?? throw json.Missing("config_groups", "an object of groups of modules");
        (string Name, ConfigObject Value)[] said = [.. groups.Objects];

        // Weights as they were, with a cache that is quantised.
        bool isDense = format == "dense" && !Array.Exists(said, group => group.Value.Has("weights"));
        if (!isDense && !Formats.Split(", ").Contains(format, StringComparer.Ordinal))
        {
            throw json.Unsupported("format", Formats);
        }

        if (json.TryObject("sparsity_config")?.TryString("format") is not (null or "dense"))
        {
            throw json.Unsupported("sparsity_config", "absent, or format \"dense\"");
        }

        // Rotations of weights and activations that have to be undone while running.
        if (json.TryObject("transform_config")?.TryObject("config_groups") is { } transforms && transforms.Names.Any())
        {
            throw json.Unsupported("transform_config", "absent or empty");
        }

        List<ScaleLayout> layouts = [];
        bool has8Bits = false;
        string activations = "none";
        List<string?> strategies = [];
        foreach ((_, ConfigObject group) in said)
        {
            if (group.TryObject("weights") is not { } weights)
            {
                continue;
            }

            layouts.Add(ReadLayout(weights));
            has8Bits |= weights.TryInt32("num_bits", 1) == 8;
            if (group.TryObject("input_activations") is { } inputs)
            {
                activations = inputs.Has("dynamic") && !inputs.IsFalse("dynamic") ? "dynamic" : "static";
                strategies.Add(inputs.TryString("strategy"));
            }
        }

        return new()
        {
            QuantMethod = "compressed-tensors",
            ActivationScheme = activations,
            Layouts = layouts,
            WeightBlockSize = layouts is [{ BlockRows: > 1 } block] ? (block.BlockRows, block.BlockColumns) : null,
            ByteScales = DataType.Float8E8M0FNU,
            ByteCodes = has8Bits ? DataType.Float8E4M3FN : null,
            HasTokenScales = strategies.Count > 0 && strategies.TrueForAll(strategy => strategy == "token"),
            ModulesToNotConvert = QuantizationConfig.NotConverted(json),
        };
    }

    static ScaleLayout ReadLayout(ConfigObject weights)
    {
        if (weights.TryString("type") != "float")
        {
            throw weights.Unsupported("type", "\"float\"");
        }

        if (weights.TryInt32("num_bits", 1) is not (4 or 8))
        {
            throw weights.Unsupported("num_bits", "8, 4");
        }

        const string Strategies = "tensor, channel, group, tensor_group, block";
        int? group = weights.TryInt32("group_size", -1);
        return (weights.TryString("strategy") ?? (group is null ? "tensor" : group > 0 ? "group" : "channel")) switch
        {
            "tensor" => ScaleLayout.Tensor,
            "channel" => ScaleLayout.Channel,
            "group" or "tensor_group" => ScaleLayout.Group(weights.Int32("group_size", 1)),
            "block" => weights.TryBlock("block_structure") is var (rows, columns)
                ? new ScaleLayout(rows, columns)
                : throw weights.Missing("block_structure", "a list of rows and columns such as [128, 128]"),
            _ => throw weights.Unsupported("strategy", Strategies),
        };
    }
}
