using Octet.Backends;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cli.Inspection;

/// <summary>
/// A quantised layer as a checkpoint stores it: codes and scales paired by the engine's table of names, their layout read from the config
/// where there is one and else from their shapes, so that a file can be described without a model that it belongs to.
/// </summary>
/// <param name="Module">The names' common part.</param>
/// <param name="Codes">The codes.</param>
/// <param name="Stored">What they are, and how many.</param>
/// <param name="Scale">The scales of blocks; null: none.</param>
/// <param name="Global">The scale of the tensor beside them; null: none.</param>
sealed record QuantizedLayer(string Module, TensorView Codes, StoredCodes Stored, TensorView? Scale, TensorView? Global)
{
    /// <summary>What the file says of it; null: nothing.</summary>
    internal LayerFormat? Format { get; private init; }

    static readonly int[] s_groups = [16, 32, 64, 128];

    /// <summary>Weights of a row.</summary>
    internal long Columns => Stored.Columns;

    internal long Rows => Stored.Rows;

    internal long Weights => Rows * Columns;

    /// <summary>Null: bytes of FP8, of a type that nothing says.</summary>
    internal DataType? ElementType => Stored.Element;

    /// <summary>The layer whose codes a tensor holds; null where it holds none.</summary>
    internal static QuantizedLayer? Of(SafetensorsCheckpoint checkpoint, TensorView tensor, QuantizationConfig? config, LayerFormats? formats)
    {
        if (!IsCode(tensor.DataType) || Quantization.IsScale(checkpoint, tensor.Name))
        {
            return null;
        }

        foreach (WeightScheme scheme in WeightScheme.All.OrderBy(scheme => scheme.Global is null))
        {
            if (ModuleOf(tensor.Name, scheme.Codes) is not { } module || !checkpoint.TryGetTensor(module + scheme.Scale, out TensorView? scale))
            {
                continue;
            }

            TensorView? global = null;
            if ((scheme.Global is null || checkpoint.TryGetTensor(module + scheme.Global, out global)) && StoredCodes.Of(tensor, scale, config) is { } stored)
            {
                return new QuantizedLayer(module, tensor, stored, scale, global) { Format = formats?.Of(module) };
            }
        }

        // Bytes without scales may be anything.
        return StoredCodes.Of(tensor, null, config) is { } unscaled ? new QuantizedLayer(ModuleOf(tensor.Name, WeightScheme.PlainSuffix) ?? tensor.Name, tensor, unscaled, null, null) : null;
    }

    /// <summary>Which weights share a scale; null where there is no scale, or no layout is known that has scales of this shape.</summary>
    internal ScaleLayout? Layout(QuantizationConfig? config)
    {
        if (Scale is null)
        {
            return null;
        }

        if (Format is { IsTiled: true })
        {
            return ScaleLayout.Group(Format.Group);
        }

        (long rows, long columns) = Matrix(Scale.Shape);
        ScaleLayout[] candidates =
        [
            .. config?.Layouts ?? [],
            ScaleLayout.Tensor,
            ScaleLayout.Channel,
            .. s_groups.Select(ScaleLayout.Group),
            .. s_groups.Reverse().Select(length => new ScaleLayout(length, length)),
        ];
        return candidates.Select(layout => (ScaleLayout?)layout).FirstOrDefault(layout => layout!.Value.Fits(rows, columns, Rows, Columns, config));
    }

    /// <summary>The layer as the engine loads it, checked as it checks it; null where it refuses it, or it is not a matrix.</summary>
    internal LinearTensor? Load(SafetensorsCheckpoint checkpoint, QuantizationConfig? config, LayerFormats? formats)
    {
        if (Columns > int.MaxValue || (Scale is not null && Layout(config) is null))
        {
            return null;
        }

        // A file without a config, or whose config leaves a layout open, is read as its shapes say.
        QuantizationConfig? read = Layout(config) is not { } layout ? null : new QuantizationConfig
        {
            QuantMethod = config?.QuantMethod ?? "",
            Fmt = ElementType == DataType.Float8E5M2 ? "e5m2" : "e4m3",
            Layouts = [layout],
            ByteScales = config?.ByteScales ?? DataType.Float8E8M0FNU,
            ByteCodes = config?.ByteCodes,
        };
        try
        {
            return new WeightLedger(checkpoint, read, formats).Linear(Module, Rows, Columns);
        }
        catch (ModelException)
        {
            return null;
        }
    }

    internal static bool IsCode(DataType type) => type is DataType.UInt8 or DataType.UInt32 or DataType.Float4E2M1FN || Quantization.IsFloat8(type);

    static string? ModuleOf(string name, string suffix) => name.EndsWith(suffix, StringComparison.Ordinal) ? name[..^suffix.Length] : null;

    // [], [1] and [n] are columns of a matrix, [a, 1, b, 1] is what Model Optimizer writes for blocks; experts lie below each other.
    static (long Rows, long Columns) Matrix(ReadOnlySpan<long> shape)
    {
        switch (shape)
        {
            case []:
                return (1, 1);
            case [var only]:
                return (only, 1);
            case [var rows, 1, var columns, 1]:
                return (rows, columns);
            default:
                long count = 1;
                foreach (long length in shape[..^1])
                {
                    count *= length;
                }

                return (count, shape[^1]);
        }
    }
}
