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
            Read(type, layouts, dynamicByToken);
        }

        return new()
        {
            QuantMethod = "torchao",
            ActivationScheme = dynamicByToken.Count == 0 ? "none" : "dynamic",
            Layouts = layouts,
            ByteCodes = DataType.Float8E4M3FN,
            HasTokenScales = dynamicByToken.Count > 0 && dynamicByToken.TrueForAll(byToken => byToken),
            ModulesToNotConvert = QuantizationConfig.NotConverted(json),
        };
    }

    static void Read(ConfigObject config, List<ScaleLayout> layouts, List<bool> dynamicByToken)
    {
        string type = config.String("_type", $"one of {Supported}");
        ConfigObject? data = config.TryObject("_data");
        switch (type)
        {
            case "FqnToConfig" or "ModuleFqnToConfig" or "AOPerModuleConfig":
                ConfigObject modules = data?.TryObject("fqn_to_config") ?? data?.TryObject("module_fqn_to_config") ?? throw config.Missing("_data", "an object with fqn_to_config or module_fqn_to_config");
                foreach (string name in modules.Names)
                {
                    // Null: not quantised.
                    if (modules.TryObject(name) is { } module)
                    {
                        Read(module, layouts, dynamicByToken);
                    }
                }

                break;
            case "Float8WeightOnlyConfig" or "Float8DynamicActivationFloat8WeightConfig":
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
}
