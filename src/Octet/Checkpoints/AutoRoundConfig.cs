using Octet.Numerics;

namespace Octet.Checkpoints;

/// <summary>
/// What AutoRound says in its own format, of weights in FP8, MXFP8, MXFP4 and NVFP4; what it writes in other formats says so itself. After
/// its <c>export/export_to_autoround</c>.
/// </summary>
static class AutoRoundConfig
{
    const string Format = "fmt";

    internal static QuantizationConfig Read(ConfigObject json)
    {
        if (json.Has("rotation_config"))
        {
            throw json.Refused("rotation_config", "inputs have to be rotated while running, which is not implemented");
        }

        List<Weights> weights = [];
        string type = json.TryString("data_type") ?? "int";
        int bits = json.TryInt32("bits", 1) ?? 4;
        weights.Add(Read(json, type, bits)!);
        if (json.TryObject("extra_config") is { } extra)
        {
            foreach ((_, ConfigObject layer) in extra.Objects)
            {
                // What is not said of a layer is as in all others; 16 bits are not quantised.
                if ((layer.TryInt32("bits", 1) ?? bits) is <= 8 and int layerBits)
                {
                    weights.Add(Read(layer, layer.TryString("data_type") ?? type, layerBits, json));
                }
            }
        }

        bool isStatic = json.TryString("activation_scheme") == "static" || (json.IsFalse("act_dynamic") && (json.TryInt32("act_bits", 1) ?? 16) <= 8);
        return new QuantizationConfig
        {
            QuantMethod = "auto-round",
            ActivationScheme = (json.TryInt32("act_bits", 1) ?? 16) > 8 ? "none" : isStatic ? "static" : "dynamic",
            Layouts = [.. weights.Select(weight => weight.Layout).Distinct()],
            ByteScales = DataType.Float8E8M0FNU,
            HasTokenScales = json.TryInt32("act_group_size", -1) is -1,
            ModulesToNotConvert = QuantizationConfig.NotConverted(json),
        }.WithCodes(weights.Select(weight => weight.Codes));
    }

    static Weights Read(ConfigObject json, string type, int bits, ConfigObject? outer = null)
    {
        const string Types = "fp8, fp8_e4m3, fp8_e5m2, fp with 8 bits, mx_fp with 8 or 4 bits, nv_fp with 4";
        string lower = type.ToLowerInvariant();
        bool isGroups = lower.StartsWith("mx_fp", StringComparison.Ordinal) || lower.StartsWith("nv_fp", StringComparison.Ordinal);
        if (isGroups && bits is 8 or 4)
        {
            bool isMx = lower[0] == 'm';
            if (!isMx && bits != 4)
            {
                throw json.Unsupported("bits", "4");
            }

            int length = GroupSize(json) ?? (outer is null ? null : GroupSize(outer)) ?? (isMx ? 32 : 16);
            return new Weights(bits == 4 ? DataType.Float4E2M1FN : DataType.Float8E4M3FN, ScaleLayout.Group(length));
        }

        // Its presets (FP8_STATIC) say "fp" and the bits.
        if (!(lower == "fp" || lower.StartsWith("fp8", StringComparison.Ordinal)) || bits != 8)
        {
            throw (json.Has("data_type") ? json : outer ?? json).Unsupported("data_type", Types);
        }

        DataType codes = lower.Contains("e5m2", StringComparison.Ordinal) || (lower == "fp" && IsE5M2(json.Has(Format) || outer is null ? json : outer)) ? DataType.Float8E5M2 : DataType.Float8E4M3FN;
        if (json.IsFalse("sym"))
        {
            throw json.Unsupported("sym", "true");
        }

        ConfigObject sized = json.Has("group_size") || outer is null ? json : outer;
        if (sized.IsList("group_size"))
        {
            (int rows, int columns) = sized.TryBlock("group_size")!.Value;
            return new Weights(codes, new ScaleLayout(rows, columns));
        }

        return new Weights(codes, sized.TryInt32("group_size", -1) switch
        {
            0 => ScaleLayout.Tensor,
            null or -1 => ScaleLayout.Channel,
            int length => ScaleLayout.Group(length),
        });
    }

    static bool IsE5M2(ConfigObject json) => json.TryString(Format)?.ToLowerInvariant() switch
    {
        null or "e4m3" or "fp8_e4m3" or "float8_e4m3fn" => false,
        "e5m2" or "fp8_e5m2" or "float8_e5m2" => true,
        _ => throw json.Unsupported(Format, "e4m3, e5m2"),
    };

    static int? GroupSize(ConfigObject json) => json.TryInt32("group_size", 1);

    sealed record Weights(DataType Codes, ScaleLayout Layout);
}
