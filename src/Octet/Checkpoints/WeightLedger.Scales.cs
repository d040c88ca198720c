using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Octet.Backends;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>What the codes of a weight are, and which scales are theirs.</summary>
sealed partial class WeightLedger
{
    static readonly string[] s_stackedScales = ["_scale_inv", "_scale"];

    /// <summary>What the codes are: their own type, or of bytes and words what the config and their number say.</summary>
    DataType ElementType(TensorView tensor, long outputs, long inputs)
    {
        switch (tensor.DataType)
        {
            case DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ:
                RequireShape(tensor, outputs, inputs);
                return tensor.DataType;
            case DataType.Float4E2M1FN when inputs % 2 == 0:
                RequireShape(tensor, outputs, inputs);
                return tensor.DataType;
            case DataType.UInt8 when tensor.Shape.SequenceEqual([outputs, inputs]):
                return quantization?.ByteCodes ?? throw Error(tensor, $"U8 of the full shape: FP8 codes saved as bytes, and {(quantization is null ? "no quantization_config" : Source)} says of which type; expected F8_E4M3 or F8_E5M2", ModelError.Unsupported);
            case DataType.UInt8 when inputs % MxBlock == 0 && tensor.Shape.Length == 3:
                RequireShape(tensor, outputs, inputs / MxBlock, MxBlock / 2);
                return DataType.Float4E2M1FN;
            case DataType.UInt8 when inputs % 2 == 0:
                RequireShape(tensor, outputs, inputs / 2);
                return DataType.Float4E2M1FN;
            case DataType.UInt32 when quantization is { QuantMethod: "mlx" } && inputs % 8 == 0:
                if (quantization.ByteCodes is { } codes && tensor.Shape.SequenceEqual([outputs, inputs / 4]))
                {
                    return codes;
                }

                RequireShape(tensor, outputs, inputs / 8);
                return DataType.Float4E2M1FN;
            default:
                throw Error(tensor, $"type {tensor.DataType}, expected BF16, F16 or F32, FP8 codes (F8_E4M3, F8_E5M2 and their FNUZ forms), or FP4 codes (F4, or U8 with two in a byte)", ModelError.Unsupported);
        }
    }

    /// <summary>Codes without scales are the weights themselves, but only where no config says that there are scales.</summary>
    ScaleGrid? Unscaled(TensorView tensor, string name, WeightScheme[] present, long outputs, long inputs)
    {
        if (quantization is null or { IsGiven: true } && tensor.DataType is not DataType.UInt8)
        {
            return null;
        }

        // The name that other layers' scales have, where there are any.
        WeightScheme? used = present.FirstOrDefault(scheme => Checkpoint.Tensors.Any(other => other.Name.EndsWith(scheme.Scale, StringComparison.Ordinal)));
        string suffix = (used ?? (quantization is null or { QuantMethod: "fp8", WeightBlockSize: not null } ? present[0] : present.First(scheme => scheme.Scale != WeightScheme.All[0].Scale))).Scale;
        string shape = quantization is { Layouts: [var layout, ..] } ? string.Create(CultureInfo.InvariantCulture, $"{layout.ScaleShape(outputs, inputs).Rows} x {layout.ScaleShape(outputs, inputs).Columns}") : "a known layout";
        throw Error(tensor, $"a weight of type {tensor.DataType} without its scale: expected a tensor {name}{suffix} of {shape}; the file is incomplete or of another scheme");
    }

    ScaleGrid Scales(TensorView tensor, DataType element, string name, string suffix, WeightScheme[] present, long outputs, long inputs, LayerFormat? format)
    {
        TensorView scale = Take(name + suffix);
        WeightScheme? global = present.FirstOrDefault(scheme => scheme.Scale == suffix && scheme.Global is not null && Has(name + scheme.Global));
        ScaleLayout layout = format is { IsTiled: true } ? ScaleLayout.Group(format.Group) : Layout(scale, tensor, outputs, inputs);

        // Bytes may be of either type; a mark says which.
        DataType scaleType = format is { BlockScale: { } type } && (scale.DataType == DataType.UInt8 || scale.DataType == type) ? type : scale.DataType;
        (long rows, long across) = layout.ScaleShape(outputs, inputs);
        if (format is { IsTiled: true })
        {
            RequireTiles(scale, tensor, format, scaleType, rows, across);
        }

        ScaleCodes codes = new(scale, rows, checked((int)across), format is { IsTiled: true });
        if (global is not null)
        {
            if (scaleType != DataType.Float8E4M3FN)
            {
                throw Error(scale, $"scales of type {scale.DataType} beside a scale of the whole tensor, {name}{global.Global}: expected F8_E4M3");
            }

            return new ScaleGrid(codes, GlobalTable(tensor, codes, Take(name + global.Global), global), layout.BlockRows, layout.BlockColumns);
        }

        long blockRows = layout.BlockRows == 0 ? outputs : layout.BlockRows;
        int blockColumns = layout.BlockColumns == 0 ? checked((int)inputs) : layout.BlockColumns;
        DataType? bytes = scaleType == DataType.UInt8 ? quantization?.ByteScales : scaleType;
        if (bytes == DataType.Float8E8M0FNU)
        {
            RequireCodes(codes, tensor, 0xFF, _ => float.NaN);
            return new ScaleGrid(codes, PowersOfTwo(), blockRows, blockColumns);
        }

        if (bytes == DataType.Float8E4M3FN && quantization is { ByteScales: DataType.Float8E4M3FN })
        {
            float[] table = [.. Enumerable.Range(0, 256).Select(code => (float)Unsafe.BitCast<byte, Float8E4M3FN>((byte)code))];
            RequireCodes(codes, tensor, 0x7F, code => table[code]);
            return new ScaleGrid(codes, table, blockRows, blockColumns);
        }

        if (!FloatTensor.IsSupported(scale.DataType))
        {
            string wanted = element == DataType.Float4E2M1FN ? "F8_E8M0, or F8_E4M3 with a scale of the whole tensor" : "F32, BF16, F16 or F8_E8M0";
            throw Error(scale, $"scales of type {scale.DataType}, expected {wanted}");
        }

        float[] values = FloatTensor.Widen(scale);
        int wrong = Array.FindIndex(values, value => !float.IsFinite(value) || value < 0);
        if (wrong >= 0)
        {
            throw BadScale(scale, tensor, wrong, across, values[wrong]);
        }

        wrong = quantization is { HasPowerOfTwoScales: true } ? Array.FindIndex(values, value => !float.IsPow2(value)) : -1;
        if (wrong >= 0)
        {
            throw Error(scale, $"the scale of block [{wrong / across}, {wrong % across}] of {tensor.Name} is {values[wrong]:R}, expected a power of two: {Source} says {(quantization is { QuantMethod: "mxfp8" } ? "mxfp8" : "scale_fmt ue8m0")}");
        }

        return new ScaleGrid(values, blockRows, blockColumns);
    }

    /// <summary>The scales of layers of FP8 that are stored as one tensor; where they lie there inputs first, their scales do as well.</summary>
    ScaleGrid? StackedFloat8Scales(TensorView tensor, int count, long outputs, long inputs, bool turned)
    {
        string[] suffixes = [.. s_stackedScales.Where(suffix => Has(tensor.Name + suffix))];
        if (quantization is not null && !quantization.Allows(tensor.DataType))
        {
            throw Error(tensor, $"codes of type {tensor.DataType}, but {Source} says {quantization.Fmt}; the checkpoint contradicts itself");
        }

        if (suffixes.Length != 1)
        {
            throw suffixes.Length > 1 ? Error(tensor, $"it has scales twice, {suffixes[0]} and {suffixes[1]}; the checkpoint contradicts itself")
                : Error(tensor, $"experts of type {tensor.DataType} without scales: expected a tensor {tensor.Name}{s_stackedScales[0]} or {tensor.Name}{s_stackedScales[1]}; the file is incomplete or of another scheme");
        }

        TensorView scale = Take(tensor.Name + suffixes[0]);
        ScaleLayout[] allowed = quantization is { Layouts: { Count: > 0 } layouts } ? [.. layouts] : [ScaleLayout.Tensor, ScaleLayout.Channel, s_blocks];
        foreach (ScaleLayout layout in allowed)
        {
            (long rows, long columns) = layout.ScaleShape(outputs, inputs);
            if (layout.HasWholeGroups(inputs) && (turned ? ExpertScales.HasShape(scale, count, columns, rows) : ExpertScales.HasShape(scale, count, rows, columns)))
            {
                float[] values = ExpertScales.Read(scale);
                values = turned ? ExpertScales.Turn(values, checked((int)columns), checked((int)rows)) : values;
                return ExpertScales.Below(scale, values, count, outputs, layout.BlockRows == 0 ? outputs : layout.BlockRows, layout.BlockColumns == 0 ? checked((int)inputs) : layout.BlockColumns, checked((int)columns));
            }
        }

        string expected = string.Join(" or ", allowed.Select(layout => layout.ScaleShape(outputs, inputs) is var (rows, columns) && turned ? $"[{count}, {columns}, {rows}] ({layout})" : $"[{count}, {rows}, {columns}] ({layout})"));
        throw Error(scale, $"scales of shape {Describe(scale.Shape)} for {count} experts of {outputs} x {inputs}, expected {expected}, by {Source}", ModelError.Unsupported);
    }

    /// <summary>The values of E8M0 codes.</summary>
    static float[] PowersOfTwo() => [.. Enumerable.Range(0, 256).Select(code => code == 0xFF ? float.NaN : (float)Math.ScaleB(1, code - 127))];

    /// <summary>The layout that the shape of the scales has, among those that the config allows.</summary>
    ScaleLayout Layout(TensorView scale, TensorView tensor, long outputs, long inputs)
    {
        long[] shape = Matrix(scale.Shape);
        IReadOnlyList<ScaleLayout> allowed = quantization?.Layouts ?? [];
        if (allowed.Count == 0)
        {
            // What a shape alone can say. Of wider scales it cannot say which rows and columns share one, but those under DeepSeek's name
            // have blocks of 128 x 128 in every file that is published.
            allowed = ScaleBytes(scale) ? [ScaleLayout.Group(16), ScaleLayout.Group(MxBlock), s_blocks]
                : scale.Name.EndsWith(WeightScheme.All[0].Scale, StringComparison.Ordinal) ? [ScaleLayout.Tensor, ScaleLayout.Channel, s_blocks]
                : [ScaleLayout.Tensor, ScaleLayout.Channel];
        }

        ScaleLayout[] fitting = shape is [var rows, var columns] ? [.. allowed.Where(layout => layout.Fits(rows, columns, outputs, inputs, quantization))] : [];
        int other = Array.FindIndex(fitting, layout => layout.Block(outputs, inputs) != fitting[0].Block(outputs, inputs));
        if (other > 0)
        {
            throw Error(scale, $"scales of shape {Describe(scale.Shape)} for {tensor.Name} of {outputs} x {inputs} may be {fitting[0]} or {fitting[other]}: {Source} allows both, and nothing says which", ModelError.Unsupported);
        }

        if (fitting.Length > 0)
        {
            return fitting[0];
        }

        string expected = string.Join(" or ", allowed.Select(layout => layout.HasWholeGroups(inputs)
            ? $"[{layout.ScaleShape(outputs, inputs).Rows}, {layout.ScaleShape(outputs, inputs).Columns}] ({layout})"
            : $"rows of whole groups ({layout})"));
        string source = quantization is null ? $"no quantization_config gives another layout (the tool's --block names blocks for inspect and quantize)" : $"by {Source}";
        throw Error(scale, $"scales of type {scale.DataType} and shape {Describe(scale.Shape)} for {tensor.Name} of {outputs} x {inputs}, expected {expected}: {source}");
    }

    static bool ScaleBytes(TensorView scale) => scale.DataType is DataType.UInt8 or DataType.Float8E8M0FNU or DataType.Float8E4M3FN;

    // [], [1] and [n] are columns of a matrix; [a, 1, b, 1] is what Model Optimizer writes for blocks.
    static long[] Matrix(ReadOnlySpan<long> shape) => shape switch
    {
        [] => [1, 1],
        [var rows] => [rows, 1],
        [var rows, 1, var columns, 1] => [rows, columns],
        _ => shape.ToArray(),
    };

    /// <summary>The float32 of each E4M3 code of a block's scale, with the tensor's: multiplied in Model Optimizer's files, divided in those of compressed-tensors.</summary>
    float[] GlobalTable(TensorView tensor, ScaleCodes codes, TensorView global, WeightScheme scheme)
    {
        float value = Positive(global, "scale of the whole tensor");

        // Block scales fill E4M3's range, up to 448, and weights of a thousand times that do not occur: the other direction does. A layer of
        // zeros has the scale 1, and blocks that do not fill the range.
        const float MaxScale = 448, MaxElement = 6;
        float factor = scheme.GlobalDivides ? 1 / value : value;
        float largest = factor < 1 || codes.Count == 0 ? 0 : (float)Unsafe.BitCast<byte, Float8E4M3FN>(Math.Min(TensorPrimitives.Max(codes.Bytes), (byte)0x7E));
        if (largest * factor >= MaxScale)
        {
            throw Error(global, $"the scale of the whole tensor is {value}, which {(scheme.GlobalDivides ? "divides" : "multiplies")} under this name and would make weights of {largest * MaxElement * factor:G3}: it is of the other direction, or the file is damaged");
        }

        float[] table = new float[256];
        for (int code = 0; code < table.Length; code++)
        {
            float block = (float)Unsafe.BitCast<byte, Float8E4M3FN>((byte)code);
            table[code] = scheme.GlobalDivides ? block / value : block * value;
        }

        RequireCodes(codes, tensor, 0x7F, code => table[code]);
        return table;
    }

    /// <summary>Fails where the code of a block's scale is <paramref name="least"/> or above: those are no numbers above 0.</summary>
    void RequireCodes(ScaleCodes codes, TensorView tensor, byte least, Func<byte, float> value)
    {
        MemoryAdvice.ReadAhead(codes.Tensor);

        // All bytes at once; padding does not count, so only a find is looked for in its row.
        bool found = codes.Bytes.ContainsAnyInRange(least, (byte)0xFF);
        if (OnlyChecks)
        {
            MemoryAdvice.Release(codes.Tensor);
        }

        if (!found)
        {
            return;
        }

        byte[] row = new byte[codes.Columns];
        for (long i = 0; i < codes.Rows; i++)
        {
            codes.Read(i, row);
            if (row.AsSpan().IndexOfAnyInRange(least, (byte)0xFF) is >= 0 and var bad)
            {
                throw BadScale(codes.Tensor, tensor, i * codes.Columns + bad, codes.Columns, value(row[bad]));
            }
        }
    }

    /// <summary>Fails where scales in tiles are not as many, or not of the type, that the format has.</summary>
    static void RequireTiles(TensorView scale, TensorView tensor, LayerFormat format, DataType type, long rows, long columns)
    {
        if (type != format.BlockScale || scale.ByteLength != ScaleCodes.TiledBytes(rows, columns))
        {
            long tileRows = (rows + ScaleCodes.TileRows - 1) / ScaleCodes.TileRows * ScaleCodes.TileRows;
            long tileColumns = (columns + ScaleCodes.TileColumns - 1) / ScaleCodes.TileColumns * ScaleCodes.TileColumns;
            throw Error(
                scale,
                $"scales of type {scale.DataType} and shape {Describe(scale.Shape)} for {tensor.Name}, expected {format.BlockScale} of [{tileRows}, {tileColumns}], in tiles of 128 x 4: {format.Source} says {format.Name}");
        }
    }
}
