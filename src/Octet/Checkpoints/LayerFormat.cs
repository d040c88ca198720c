using System.Text.Json;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// A format that ComfyUI's files name for a layer, and what it says of the layer's tensors. Block formats have their scales in tiles of
/// 128 x 4, and of two 4-bit codes in a byte the upper half first. Source: ComfyUI's <c>quant_ops.py</c> and comfy_kitchen's <c>tensor/*.py</c>.
/// </summary>
/// <param name="Name">As the files spell it.</param>
/// <param name="Codes">What the codes are.</param>
/// <param name="BlockScale">What a block's scale is, whether its tensor says so or only that it is bytes; null: scales are wider floats.</param>
/// <param name="Group">Weights of a row that share a scale; 0: one scale for the tensor, or one for each row.</param>
sealed record LayerFormat(string Name, DataType Codes, DataType? BlockScale = null, int Group = 0)
{
    static readonly LayerFormat[] s_all =
    [
        new("float8_e4m3fn", DataType.Float8E4M3FN),
        new("float8_e5m2", DataType.Float8E5M2),
        new("nvfp4", DataType.Float4E2M1FN, DataType.Float8E4M3FN, 16),
        new("mxfp8", DataType.Float8E4M3FN, DataType.Float8E8M0FNU, 32),
    ];

    /// <summary>The names that are known.</summary>
    internal static string Supported { get; } = string.Join(", ", s_all.Select(format => format.Name));

    /// <summary>Where it was said, for messages.</summary>
    internal string Source { get; private init; } = "";

    /// <summary>Whether scales lie in tiles, and the upper of two codes in a byte comes first.</summary>
    internal bool IsTiled { get; init; } = Group > 0;

    /// <summary>The format that a JSON object <c>{"format": ...}</c> names.</summary>
    /// <exception cref="ModelException">It is not one that is known, or says more than is understood.</exception>
    internal static LayerFormat Read(ConfigObject json, string source)
    {
        const string Key = "format";
        string name = json.String(Key, $"one of {Supported}");

        // Model Optimizer writes its own name of the algorithm, which for E4M3 is not ComfyUI's.
        LayerFormat format = Array.Find(s_all, format => format.Name == (name == "fp8" ? "float8_e4m3fn" : name)) ?? throw json.Unsupported(Key, Supported);
        foreach ((string other, JsonElement value) in json.Entries)
        {
            // The last three say how to compute, and what was quantised.
            bool understood = other is Key or "group_size" or "full_precision_matrix_mult" or "orig_dtype" or "orig_shape";
            if (!understood && value.ValueKind != JsonValueKind.False)
            {
                throw json.Unsupported(other, "absent or false");
            }
        }

        return json.TryInt32("group_size", 1) is { } group && format.Group != 0 && group != format.Group
            ? throw json.Unsupported("group_size", $"{format.Group} for {format.Name}")
            : format with { Source = source };
    }

    /// <summary>That of a layer whose file is marked as scaled FP8 as a whole.</summary>
    internal static LayerFormat Scaled(DataType codes, string source) => Array.Find(s_all, format => format.Codes == codes && format.Group == 0)! with { Source = source };

    /// <summary>Fails where a tensor is not made of this format's codes.</summary>
    internal void RequireCodes(TensorView tensor)
    {
        if (tensor.DataType != Codes && !(Codes == DataType.Float4E2M1FN && tensor.DataType == DataType.UInt8))
        {
            string expected = Codes == DataType.Float4E2M1FN ? "U8" : Codes.ToString();
            throw new ModelException(
                ModelError.Damaged,
                $"{tensor.File.Path}: tensor {tensor.Name}: type {tensor.DataType}, but {Source} says {Name}, which is {expected}; the checkpoint contradicts itself",
                tensor.File.Path,
                tensor.Name);
        }
    }
}
