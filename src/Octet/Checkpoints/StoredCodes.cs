using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// What the codes of a matrix are and how many a row has, where no model says how wide it is: of bytes and words the type and shape of the
/// scales beside them tell.
/// </summary>
/// <param name="Element">Null: bytes of FP8, and nothing says of which type.</param>
/// <param name="Rows">Outputs; of stacked experts all of them.</param>
/// <param name="Columns">Inputs.</param>
readonly record struct StoredCodes(DataType? Element, long Rows, long Columns)
{
    const int MxBlock = 32;

    /// <summary>Null for a tensor that holds no codes.</summary>
    /// <param name="codes">The codes.</param>
    /// <param name="scale">Their scales; null: none.</param>
    /// <param name="quantization">What the config says.</param>
    internal static StoredCodes? Of(TensorView codes, TensorView? scale, QuantizationConfig? quantization)
    {
        if (codes.Shape.IsEmpty)
        {
            return codes.DataType is DataType.UInt8 or DataType.UInt32 ? null : OfType(codes.DataType) is { } scalar ? new(scalar, 1, 1) : null;
        }

        long columns = codes.Shape[^1];
        long rows = columns != 0 ? codes.ElementCount / columns : codes.Shape.Length == 2 ? codes.Shape[0] : 0;
        long across = scale is null || scale.Shape.IsEmpty ? 1 : scale.Shape[^1];
        switch (codes.DataType)
        {
            case DataType.UInt8 when scale is null:
                return null;
            case DataType.UInt8 when codes.Shape.Length > 2 && columns == MxBlock / 2:
                // gpt-oss: blocks of 32 in a dimension of their own.
                long blocks = codes.Shape[^2];
                return new(DataType.Float4E2M1FN, blocks == 0 ? 0 : rows / blocks, Times(blocks, MxBlock));
            case DataType.UInt8 when IsFull(scale!, columns, across):
                return new(quantization?.ByteCodes, rows, columns);
            case DataType.UInt8:
                return new(DataType.Float4E2M1FN, rows, Times(columns, 2));
            case DataType.UInt32 when scale is null || quantization is not { QuantMethod: "mlx" }:
                return null;
            case DataType.UInt32:
                int group = quantization.ByteScales == DataType.Float8E4M3FN ? MxBlock / 2 : MxBlock;
                return (Int128)4 * columns == (Int128)group * across ? new(DataType.Float8E4M3FN, rows, Times(columns, 4)) : new(DataType.Float4E2M1FN, rows, Times(columns, 8));
            default:
                return OfType(codes.DataType) is { } element ? new(element, rows, columns) : null;
        }
    }

    /// <summary>Rows without an end where the product has none: an empty tensor may have a shape of any numbers.</summary>
    static long Times(long columns, int codes) => columns > long.MaxValue / codes ? long.MaxValue : columns * codes;

    /// <summary>Whether bytes are codes of FP8, one for each weight: two FP4 codes in each have scales in 8 bits, for 16 or 32 of them.</summary>
    static bool IsFull(TensorView scale, long columns, long across) => scale.DataType switch
    {
        DataType.Float8E4M3FN => false,
        DataType.UInt8 or DataType.Float8E8M0FNU => ScaleLayout.Group(MxBlock).ScaleShape(1, columns).Columns == across && (Int128)2 * columns != (Int128)MxBlock * across,
        _ => true,
    };

    static DataType? OfType(DataType type) => type is DataType.Float4E2M1FN or DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ ? type : null;
}
