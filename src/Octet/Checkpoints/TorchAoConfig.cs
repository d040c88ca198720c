using Octet.Numerics;

namespace Octet.Checkpoints;

/// <summary>
/// What torchao says, as transformers' <c>TorchAoConfig</c> writes it: one configuration for all layers, or some by the names of modules
/// (<c>FqnToConfig</c>, before that <c>ModuleFqnToConfig</c> and <c>AOPerModuleConfig</c>). Which layout a layer has is in its scales' shape.
/// </summary>
static class TorchAoConfig
{
    const string Supported = "Float8WeightOnlyConfig, Float8DynamicActivationFloat8WeightConfig, alone or by modules in FqnToConfig, ModuleFqnToConfig or AOPerModuleConfig";

    internal static QuantizationConfig Read(ConfigObject json)
    {
        List<ScaleLayout> layouts = [ScaleLayout.Tensor, ScaleLayout.Channel, new ScaleLayout(128, 128)];
        List<bool> dynamicByToken = [];
        List<DataType> codes = [];
        if (json.IsString("quant_type"))
        {
            // Transformers before 4.49.
            switch (json.TryString("quant_type"))
            {
                case "float8_weight_only" or "float8wo":
                    break;
                case "float8_dynamic_activation_float8_weight" or "float8dq":
                    dynamicByToken.Add(false);
                    break;
                default:
                    throw json.Unsupported("quant_type", $"float8_weight_only, float8_dynamic_activation_float8_weight, {Supported}");
            }
        }
        else
        {
            ConfigObject type = json.TryObject("quant_type")?.TryObject("default") ?? throw json.Missing("quant_type", $"a default with a _type, one of {Supported}");
            Read(type, layouts, dynamicByToken, codes);
        }

        return new QuantizationConfig
        {
            QuantMethod = "torchao",
            ActivationScheme = dynamicByToken.Count == 0 ? "none" : "dynamic",
            Layouts = layouts,
            HasTokenScales = dynamicByToken.Count > 0 && dynamicByToken.TrueForAll(byToken => byToken),
            ModulesToNotConvert = QuantizationConfig.NotConverted(json),
        }.WithCodes(codes.Count > 0 ? codes : [DataType.Float8E4M3FN]);
    }

    static void Read(ConfigObject config, List<ScaleLayout> layouts, List<bool> dynamicByToken, List<DataType> codes)
    {
        string type = config.String("_type", $"one of {Supported}");
        ConfigObject? data = config.TryObject("_data");
        switch (type)
        {
            case "FqnToConfig" or "ModuleFqnToConfig" or "AOPerModuleConfig":
                ConfigObject modules = data?.TryObject("fqn_to_config") ?? data?.TryObject("module_fqn_to_config") ?? throw config.Missing("_data", "an object with fqn_to_config or module_fqn_to_config");
                foreach ((_, ConfigObject module) in modules.Objects)
                {
                    // Those that are null are not quantised.
                    Read(module, layouts, dynamicByToken, codes);
                }

                break;
            case "Float8WeightOnlyConfig" or "Float8DynamicActivationFloat8WeightConfig":
                codes.Add(data is null ? DataType.Float8E4M3FN : Codes(data));
                IReadOnlyList<ConfigObject> granularity = data?.TryObjects("granularity") ?? [];
                layouts.AddRange(granularity
                    .Where(one => one.TryString("_type") == "PerGroup")
                    .Select(one => ScaleLayout.Group(one.TryObject("_data")?.TryInt32("group_size", 1) ?? throw one.Missing("_data", "the group_size"))));
                if (type == "Float8DynamicActivationFloat8WeightConfig")
                {
                    dynamicByToken.Add(granularity.Count > 0 && granularity[0].TryString("_type") == "PerRow");
                }

                break;
            default:
                throw config.Unsupported("_type", Supported);
        }
    }

    /// <summary>A type of torch, in an object with its name.</summary>
    static DataType Codes(ConfigObject data)
    {
        const string Key = "weight_dtype";
        string? name = data.IsObject(Key) ? data.TryObject(Key)!.TryString("_data") : data.TryString(Key);
        return name switch
        {
            null or "float8_e4m3fn" or "torch.float8_e4m3fn" => DataType.Float8E4M3FN,
            "float8_e5m2" or "torch.float8_e5m2" => DataType.Float8E5M2,
            "float8_e4m3fnuz" or "torch.float8_e4m3fnuz" => DataType.Float8E4M3FNUZ,
            "float8_e5m2fnuz" or "torch.float8_e5m2fnuz" => DataType.Float8E5M2FNUZ,
            _ => throw data.Unsupported(Key, "float8_e4m3fn, float8_e5m2 and their fnuz forms"),
        };
    }
}
