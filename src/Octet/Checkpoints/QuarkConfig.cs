using Octet.Numerics;

namespace Octet.Checkpoints;

/// <summary>
/// What AMD's Quark says: a specification of weights and inputs for all layers, others for some by name or type. The layout of a layer is
/// in its scales' shape, among those that one of them has. After vLLM's <c>quark/quark.py</c>.
/// </summary>
static class QuarkConfig
{
    internal static QuantizationConfig Read(ConfigObject json)
    {
        if (json.TryObject("export")?.TryString("weight_format") is not (null or "real_quantized"))
        {
            throw json.TryObject("export")!.Unsupported("weight_format", "real_quantized");
        }

        // Rotations that have to be undone while running.
        foreach (ConfigObject algorithm in json.TryObjects("algo_config") ?? [])
        {
            if (algorithm.TryObject("online_config")?.TryStrings("online_rotation_layers") is { Length: > 0 })
            {
                throw algorithm.TryObject("online_config")!.Refused("online_rotation_layers", "inputs of these layers have to be rotated while running, which is not implemented");
            }
        }

        ConfigObject all = json.TryObject("global_quant_config") ?? throw json.Missing("global_quant_config", "an object with the specification of weights");
        List<ConfigObject> specifications = [all];
        foreach (string key in (string[])["layer_quant_config", "layer_type_quant_config"])
        {
            if (json.TryObject(key) is { } some)
            {
                specifications.AddRange(some.Objects.Select(layer => layer.Value));
            }
        }

        List<Weights> weights = [.. specifications.Select(specification => specification.TryObjects("weight")).Where(weight => weight is not null).Select(weight => Read(weight!))];
        if (weights.Count == 0)
        {
            throw all.Missing("weight", "the specification of weights");
        }

        // Of several tensors of one kind of input the first counts: NVFP4 has its scales' there too.
        ConfigObject? inputs = all.TryObjects("input_tensors") is [var first, ..] ? first : null;
        bool isDynamic = inputs?.TryBoolean("is_dynamic") ?? false;
        return new QuantizationConfig
        {
            QuantMethod = "quark",
            ActivationScheme = inputs is null ? "none" : isDynamic ? "dynamic" : "static",
            Layouts = [.. weights.Select(weight => weight.Layout).Distinct()],
            ByteScales = DataType.Float8E8M0FNU,
            HasTokenScales = isDynamic && inputs!.TryString("qscheme") == "per_channel",
            ModulesToNotConvert = [.. json.TryStrings("exclude") ?? []],
        }.WithCodes(weights.Select(weight => weight.Codes));
    }

    static Weights Read(IReadOnlyList<ConfigObject> stages)
    {
        ConfigObject weight = stages[0];
        DataType codes = weight.String("dtype", "fp8_e4m3, fp8_e5m2, fp4") switch
        {
            "fp8_e4m3" => DataType.Float8E4M3FN,
            "fp8_e5m2" => DataType.Float8E5M2,
            "fp4" => DataType.Float4E2M1FN,
            _ => throw weight.Unsupported("dtype", "fp8_e4m3, fp8_e5m2, fp4"),
        };

        // A second stage quantises the scales of the first (NVFP4); one that quantises the weights again makes integers of them.
        if (stages is [_, var second, ..] && (codes != DataType.Float4E2M1FN || second.TryString("dtype") != "fp8_e4m3" || stages.Count > 2))
        {
            throw second.Unsupported("dtype", "a second stage of fp8_e4m3 after fp4 alone (NVFP4)");
        }

        const string Schemes = "per_tensor, per_channel, per_group, per_block";
        ScaleLayout layout = weight.String("qscheme", Schemes) switch
        {
            "per_tensor" => ScaleLayout.Tensor,
            "per_channel" when weight.TryInt32("ch_axis", int.MinValue) is null or 0 => ScaleLayout.Channel,
            "per_channel" => throw weight.Unsupported("ch_axis", "0"),
            "per_group" => ScaleLayout.Group(weight.Int32("group_size", 1)),
            "per_block" => weight.TryBlock("block_size") is var (rows, columns) ? new ScaleLayout(rows, columns) : throw weight.Missing("block_size", "a list of rows and columns such as [128, 128]"),
            _ => throw weight.Unsupported("qscheme", Schemes),
        };
        return new Weights(codes, layout);
    }

    sealed record Weights(DataType Codes, ScaleLayout Layout);
}
