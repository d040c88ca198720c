using Octet.Numerics;

namespace Octet.Checkpoints;

/// <summary>
/// What MLX says, under <c>quantization</c> and <c>quantization_config</c> alike and without a <c>quant_method</c>: a mode for all layers,
/// others for some by name. Codes lie in 32-bit words, the first in the lowest bits, so they are in order as bytes. After
/// <c>mlx.nn.quantize</c>.
/// </summary>
static class MlxConfig
{
    internal static bool IsIn(ConfigObject json) => json.Has("bits") && json.Has("group_size");

    internal static QuantizationConfig Read(ConfigObject json)
    {
        List<Mode> modes = [Read(json, null)];
        foreach ((_, ConfigObject layer) in json.ObjectsAmongOthers)
        {
            if (IsIn(layer))
            {
                modes.Add(Read(layer, json));
            }
        }

        if (modes.Distinct().Count() > 1 && modes.Exists(mode => mode.Scales == DataType.Float8E4M3FN))
        {
            throw json.Unsupported("mode", "mxfp8, mxfp4 or nvfp4; nvfp4 for all layers or for none");
        }

        return new()
        {
            QuantMethod = "mlx",
            ActivationScheme = "none",
            Layouts = [.. modes.Select(mode => ScaleLayout.Group(mode.Group)).Distinct()],
            ByteScales = modes[0].Scales,
            ByteCodes = modes.Exists(mode => mode.Bits == 8) ? DataType.Float8E4M3FN : null,
        };
    }

    static Mode Read(ConfigObject json, ConfigObject? outer)
    {
        ConfigObject named = json.Has("mode") ? json : outer ?? json;
        Mode mode = named.TryString("mode") switch
        {
            "mxfp8" => new Mode(8, 32, DataType.Float8E8M0FNU),
            "mxfp4" => new Mode(4, 32, DataType.Float8E8M0FNU),
            "nvfp4" => new Mode(4, 16, DataType.Float8E4M3FN),
            null or "affine" => throw named.Refused("mode", "its codes are integers with a scale and a bias, not FP8 or FP4; read are mxfp8, mxfp4 and nvfp4"),
            _ => throw named.Unsupported("mode", "mxfp8, mxfp4, nvfp4"),
        };
        return json.Int32("bits", 1) != mode.Bits ? throw json.Unexpected("bits", $"{mode.Bits} with this mode")
            : json.Int32("group_size", 1) != mode.Group ? throw json.Unexpected("group_size", $"{mode.Group} with this mode")
            : mode;
    }

    sealed record Mode(int Bits, int Group, DataType Scales);
}
