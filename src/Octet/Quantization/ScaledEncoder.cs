using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Codes with a scale for each block of rows and columns: blocks, channels, the microscaled formats.</summary>
/// <typeparam name="T">The codes; those of 4 bits are stored two in a byte.</typeparam>
/// <typeparam name="TScale">The scales.</typeparam>
sealed class ScaledEncoder<T, TScale> : WeightEncoder
    where T : unmanaged, ISmallFloat<T>
    where TScale : unmanaged, IBinaryFloatingPointIeee754<TScale>, IMinMaxValue<TScale>
{
    readonly ScaleLayout _layout;
    readonly ScaleRule _rule;
    readonly bool _search;
    readonly TensorSource _codes;
    readonly TensorSource _scales;

    internal ScaledEncoder(string module, long rows, int columns, ScaleLayout layout, SchemeTensors names, ScaleRule rule, bool search)
        : base(module, rows, columns)
    {
        _layout = layout;
        _rule = rule;
        _search = search;
        (long scaleRows, long scaleColumns) = layout.ScaleShape(rows, columns);
        _codes = CodeBytes.Declare<T>(module + names.Codes, rows, columns);
        _scales = new TensorSource(module + names.Scale, names.ScaleType, [scaleRows, scaleColumns]);
    }

    internal override IReadOnlyList<TensorSource> Tensors => [_codes, _scales];

    internal override int RowStep => _layout.BlockRows;

    internal override void Encode(long firstRow, ReadOnlySpan<float> values, Span<float> decoded, PieceLog output)
    {
        int rows = values.Length / Columns;
        var shape = new BlockShape(rows, Columns, _layout.BlockRows, _layout.BlockColumns == 0 ? Columns : _layout.BlockColumns);
        T[] codeBuffer = ArrayPool<T>.Shared.Rent(values.Length);
        TScale[] scaleBuffer = ArrayPool<TScale>.Shared.Rent(shape.ScaleRows * shape.ScaleColumns);
        try
        {
            Span<T> codes = codeBuffer.AsSpan(0, values.Length);
            Span<TScale> scales = scaleBuffer.AsSpan(0, shape.ScaleRows * shape.ScaleColumns);
            if (_search)
            {
                ScaleSearch.Quantize(values, shape, codes, scales, _rule);
            }
            else
            {
                BlockScaling.Quantize(values, shape, codes, scales, _rule);
            }

            BlockScaling.Dequantize<T, TScale>(codes, scales, shape, decoded);
            CodeBytes.Write<T>(codes, firstRow * Columns, _codes, output);
            output.Write(_scales.Name, firstRow / _layout.BlockRows * shape.ScaleColumns * Unsafe.SizeOf<TScale>(), MemoryMarshal.AsBytes(scales));
        }
        finally
        {
            ArrayPool<T>.Shared.Return(codeBuffer);
            ArrayPool<TScale>.Shared.Return(scaleBuffer);
        }
    }
}
