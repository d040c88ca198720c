using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Cuda.Driver;
using Octet.Cuda.Memory;
using Octet.Numerics;

namespace Octet.Cuda;

/// <summary>Brings layers to the card. Not thread-safe.</summary>
/// <param name="arena">Where they lie.</param>
/// <param name="uploader">What carries them.</param>
/// <param name="refusesNaN">Whether E4M3 codes that are NaN are refused, because kernels would take them for numbers.</param>
/// <param name="scaleAlignment">What the scales of a block of rows in E4M3 are filled up to a multiple of.</param>
sealed unsafe class WeightLoader(DeviceArena arena, Uploader uploader, bool refusesNaN, int scaleAlignment = 1)
{
    // So much is put into tiles by one thread sooner than by several.
    const int ParallelBytes = 1 << 20;
    const int MostThreads = 4;

    static readonly byte[] s_e4m3NaN = [0x7F, 0xFF];
    static readonly byte[] s_fnuzNaN = [0x80];

    /// <summary>A layer as the card multiplies it.</summary>
    /// <param name="tensor">The layer.</param>
    /// <param name="mode">How its inputs are held.</param>
    /// <exception cref="ModelException">It cannot be read, holds NaN, or the card has no more memory.</exception>
    internal CudaWeight Load(LinearTensor tensor, ActivationMode mode) => Load(tensor, mode, WeightLayout.Of(tensor));

    /// <summary>The same in rows, whatever has to be expanded for that; inputs stay as they are.</summary>
    internal CudaWeight LoadRows(LinearTensor tensor)
        => Load(tensor, ActivationMode.WeightOnly, WeightLayout.Of(tensor) is { ElementBytes: > 0 } rows ? rows : null);

    /// <summary>The same of the experts of a mixture, one after the other: where their rows lie alike, those of all in one piece.</summary>
    internal IEnumerable<CudaWeight> LoadExperts(IReadOnlyList<LinearTensor> tensors, ActivationMode mode)
    {
        WeightLayout?[] layouts = [.. tensors.Select(WeightLayout.OfExpert)];
        LinearTensor first = tensors[0];
        DeviceSpan together = default;
        if (layouts[0] is { ElementBytes: > 0 and < sizeof(float) } layout && layouts.All(other => other == layout) && tensors.All(tensor => (tensor.Rows, tensor.Columns) == (first.Rows, first.Columns)))
        {
            together = arena.Allocate(checked(tensors.Count * WeightLayout.DataBytes(layout.Format, first.Rows, first.Columns)));
        }

        long each = together.Bytes / tensors.Count;
        for (int i = 0; i < tensors.Count; i++)
        {
            yield return Load(tensors[i], mode, layouts[i], together.Slice(i * each, each));
        }
    }

    /// <summary>A layer that lies so.</summary>
    /// <param name="tensor">The layer.</param>
    /// <param name="mode">How its inputs are held.</param>
    /// <param name="own">How it lies; null: it is expanded.</param>
    /// <param name="place">Where rows in its own bits go; empty: a new piece of the arena.</param>
    CudaWeight Load(LinearTensor tensor, ActivationMode mode, WeightLayout? own, DeviceSpan place = default)
    {
        (WeightLayout layout, DeviceSpan data, DeviceSpan scales) = own switch
        {
            null => Expand(tensor),
            { Format: CudaFormat.NvE2M1 } tiled => (tiled, Tile(tensor, tiled), SendFloats([ScaleTable.E4M3Factor(tensor.Scales!)!.Value])),
            { ScaleStride: > 0 } tiled when tensor.Scales is null => (tiled, Tile(tensor, tiled), SendFloats([1])),
            { Format: CudaFormat.E4M3, ScaleStride: > 1 } codes => InRows(tensor, codes with { ScaleStride = (codes.ScaleStride + scaleAlignment - 1) / scaleAlignment * scaleAlignment }, place),
            { } fits => InRows(tensor, fits, place),
        };
        return new CudaWeight(tensor.Rows, tensor.Columns, layout, data, scales)
        {
            Input = tensor.Input(mode),
            Factors = tensor.InputFactors is { } factors ? CudaVector.Of(factors, arena, uploader) : null,
            Bias = tensor.Bias is { } bias ? CudaVector.Bias(bias, tensor, arena, uploader) : null,
        };
    }

    (WeightLayout, DeviceSpan, DeviceSpan) InRows(LinearTensor tensor, WeightLayout layout, DeviceSpan place)
        => (layout, layout.Format.IsTiled() ? Tile(tensor, layout) : Copy(tensor, layout, place), CopyScales(tensor, layout));

    /// <summary>A copy in E4M3 of a layer that is not quantised, with a scale for each row.</summary>
    /// <exception cref="ModelException">A weight is NaN or infinite.</exception>
    internal CudaWeight LoadFloat8(LinearTensor tensor)
    {
        var layout = new WeightLayout(CudaFormat.E4M3, 1, 1, WeightLayout.WholeRow, 1);
        float[] scales = new float[tensor.Rows];
        using var rows = new WidenedRows(tensor);
        DeviceSpan data = SendRows(tensor, CudaFormat.E4M3, (row, destination) =>
        {
            ReadOnlySpan<float> values = rows.Read(row);
            try
            {
                BlockScaling.Quantize(values, BlockShape.PerRow(1, values.Length), MemoryMarshal.Cast<byte, Float8E4M3FN>(destination[..values.Length]), scales.AsSpan((int)row, 1));
            }
            catch (ArgumentException)
            {
                int column = values.ToArray().AsSpan().IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
                throw new ModelException(
                    ModelError.Damaged,
                    $"{tensor.Tensor.File.Path}: tensor {tensor.Tensor.Name}: the value at [{row}, {column}] is {values[Math.Max(0, column)]}, expected a finite number to make FP8 of: the file is damaged, or open the model with the output layer as stored",
                    tensor.Tensor.File.Path,
                    tensor.Tensor.Name);
            }
        });
        return new CudaWeight(tensor.Rows, tensor.Columns, layout, data, SendFloats(scales))
        {
            Factors = tensor.InputFactors is { } factors ? CudaVector.Of(factors, arena, uploader) : null,
        };
    }

    DeviceSpan Copy(LinearTensor tensor, WeightLayout layout, DeviceSpan place)
    {
        long stored = (long)tensor.Columns * layout.ElementBytes;
        RequireBytes(tensor, stored);
        bool looks = refusesNaN && layout.Format == CudaFormat.E4M3;
        if (!looks && tensor.TransposedRows == 0 && tensor.RowStep == 1 && stored == WeightLayout.RowBytes(layout.Format, tensor.Columns))
        {
            DeviceSpan whole = place.Bytes > 0 ? place : arena.Allocate(tensor.Rows * stored);
            uploader.Send(whole, tensor.Tensor, tensor.FirstRow * stored);
            return whole;
        }

        return SendRows(tensor, layout.Format, (row, destination) =>
        {
            Span<byte> codes = destination[..(int)stored];
            if (tensor.TransposedRows != 0)
            {
                Turn(tensor, tensor.FirstRow + row, codes);
            }
            else
            {
                tensor.Tensor.Read((tensor.FirstRow + (row * tensor.RowStep)) * stored, codes);
            }

            if (looks && codes.IndexOfAny(s_e4m3NaN) is >= 0 and int column)
            {
                throw NotANumber(tensor, row, column);
            }
        }, place);
    }

    /// <summary>A row of 8-bit codes that is a column of what is stored. Its neighbours, which are asked for next, lie in the same lines of the cache.</summary>
    static void Turn(LinearTensor tensor, long storedRow, Span<byte> codes)
    {
        long rows = tensor.TransposedRows;
        byte* source = tensor.Tensor.DangerousGetPointer() + (storedRow / rows * rows * codes.Length) + (storedRow % rows);
        for (int i = 0; i < codes.Length; i++, source += rows)
        {
            codes[i] = *source;
        }
    }

    DeviceSpan Tile(LinearTensor tensor, WeightLayout layout)
    {
        RequireBytes(tensor, layout.Format.CodeBytes(tensor.Columns));
        var tiles = new WeightTiles(tensor, layout.Format, layout.Format switch
        {
            CudaFormat.SmallE4M3Fnuz => s_fnuzNaN,
            CudaFormat.MxE4M3 or CudaFormat.SmallE4M3 when refusesNaN => s_e4m3NaN,
            _ => [],
        });
        DeviceSpan data = arena.Allocate(WeightLayout.DataBytes(layout.Format, tensor.Rows, tensor.Columns));
        uploader.Send(data, (offset, part) => FillStrips(tiles, offset, part), unit: tiles.StripBytes);
        return data;
    }

    static void FillStrips(WeightTiles tiles, long offset, Span<byte> part)
    {
        int strips = part.Length / tiles.StripBytes;
        long first = offset / tiles.StripBytes;
        fixed (byte* start = part)
        {
            byte* bytes = start;
            try
            {
                Parallel.For(
                    0,
                    strips,
                    new ParallelOptions { MaxDegreeOfParallelism = part.Length < ParallelBytes ? 1 : Math.Min(MostThreads, Environment.ProcessorCount) },
                    i => tiles.Fill((first + i) * CudaFormats.TileRows, new Span<byte>(bytes + ((long)i * tiles.StripBytes), tiles.StripBytes)));
            }
            catch (AggregateException errors)
            {
                ExceptionDispatchInfo.Throw(errors.InnerExceptions[0]);
            }
        }
    }

    static void RequireBytes(LinearTensor tensor, long rowBytes)
    {
        if (tensor.Tensor.ByteLength != checked(tensor.StoredRows * rowBytes))
        {
            throw new ModelException(
                ModelError.Damaged,
                $"{tensor.Tensor.ByteLength} bytes do not hold [{tensor.StoredRows}, {tensor.Columns}] of {tensor.ElementType}",
                tensor.Tensor.File.Path,
                tensor.Tensor.Name);
        }
    }

    /// <summary>A code is NaN.</summary>
    internal static ModelException NotANumber(LinearTensor tensor, long row, long column) => new(
        ModelError.Unsupported,
        $"{tensor.Tensor.File.Path}: tensor {tensor.Tensor.Name}: the code at [{row}, {column}] is NaN, which this card's kernels take for a number: the file is damaged, or use the CPU",
        tensor.Tensor.File.Path,
        tensor.Tensor.Name);

    DeviceSpan CopyScales(LinearTensor tensor, WeightLayout layout)
    {
        if (tensor.Scales is not { } grid || layout.ScaleStride == 0)
        {
            return default;
        }

        int stride = (tensor.Columns - 1) / grid.BlockColumns + 1;
        if (grid.Count != checked(((tensor.StoredRows - 1) / grid.BlockRows + 1) * stride))
        {
            throw new ModelException(
                ModelError.Damaged,
                $"{grid.Count} scales do not cover [{tensor.StoredRows}, {tensor.Columns}] in blocks of [{grid.BlockRows}, {grid.BlockColumns}]",
                tensor.Tensor.File.Path,
                tensor.Tensor.Name);
        }

        float[] values = new float[checked((int)((tensor.Rows + layout.BlockRows - 1) / layout.BlockRows * layout.ScaleStride))];
        float[] stored = new float[stride];
        for (long row = 0, at = 0; row < tensor.Rows; row += layout.BlockRows, at += layout.ScaleStride)
        {
            grid.Read((tensor.FirstRow + (row * tensor.RowStep)) / grid.BlockRows, stored);
            for (int i = 0; i < layout.ScaleStride && i / layout.RepeatScales < stored.Length; i++)
            {
                values[at + i] = stored[i / layout.RepeatScales];
            }
        }

        return SendFloats(values);
    }

    /// <summary>
    /// In bfloat16 where that loses nothing, otherwise in float32. Codes of E5M2FNUZ are bfloat16's, and their scales stay beside them where those are for whole
    /// groups.
    /// </summary>
    (WeightLayout, DeviceSpan, DeviceSpan) Expand(LinearTensor tensor)
    {
        if (tensor is { ElementType: DataType.Float8E5M2FNUZ, Scales: not null } && WeightLayout.Scaled(tensor, CudaFormat.BFloat16, WeightLayout.Group) is { } layout)
        {
            (_, DeviceSpan codes, _) = Expand(tensor with { Scales = null });
            return (layout, codes, CopyScales(tensor, layout));
        }

        using var rows = new WidenedRows(tensor);
        bool isShort = true;
        for (long row = 0; row < tensor.Rows && isShort; row++)
        {
            isShort = AreShort(rows.Read(row));
        }

        CudaFormat format = isShort ? CudaFormat.BFloat16 : CudaFormat.Float32;
        DeviceSpan data = SendRows(tensor, format, (row, destination) =>
        {
            ReadOnlySpan<float> values = rows.Read(row);
            if (isShort)
            {
                Span<ushort> halves = MemoryMarshal.Cast<byte, ushort>(destination);
                for (int i = 0; i < values.Length; i++)
                {
                    halves[i] = (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16);
                }
            }
            else
            {
                values.CopyTo(MemoryMarshal.Cast<byte, float>(destination));
            }
        });
        return (new WeightLayout(format, tensor.Rows, 0, WeightLayout.WholeRow, 1), data, default);
    }

    static bool AreShort(ReadOnlySpan<float> values)
    {
        uint rest = 0;
        foreach (uint bits in MemoryMarshal.Cast<float, uint>(values))
        {
            rest |= bits;
        }

        return (rest & 0xFFFF) == 0;
    }

    DeviceSpan SendRows(LinearTensor tensor, CudaFormat format, RowFiller fill, DeviceSpan place = default)
    {
        int rowBytes = checked((int)WeightLayout.RowBytes(format, tensor.Columns));
        DeviceSpan data = place.Bytes > 0 ? place : arena.Allocate(tensor.Rows * rowBytes);
        uploader.Send(
            data,
            (offset, part) =>
            {
                part.Clear();
                for (int at = 0; at < part.Length; at += rowBytes)
                {
                    fill((offset + at) / rowBytes, part.Slice(at, rowBytes));
                }
            },
            unit: rowBytes);
        return data;
    }

    DeviceSpan SendFloats(ReadOnlySpan<float> values)
    {
        DeviceSpan span = arena.Allocate(values.Length * sizeof(float));
        uploader.Send(span, MemoryMarshal.AsBytes(values));
        return span;
    }

    delegate void RowFiller(long row, Span<byte> destination);

    /// <summary>Rows of a layer in float32, of every scheme, by the CPU's means.</summary>
    sealed class WidenedRows : IDisposable
    {
        readonly CpuWeight _weight;
        readonly NativeBlock? _expansion;
        readonly float[] _values;

        internal WidenedRows(LinearTensor tensor)
        {
            var ledger = new MemoryLedger(long.MaxValue);
            _weight = new CpuWeight(tensor, ledger);
            _expansion = _weight.IsExpanded ? NativeBlock.Allocate(ledger, _weight.ExpansionBytes) : null;
            _values = new float[tensor.Columns];
        }

        internal ReadOnlySpan<float> Read(long row)
        {
            fixed (float* values = _values)
            {
                CpuKernels.WidenRow(_expansion is null ? _weight : _weight.Expand(0, row, row + 1, _expansion.Pointer), row, values);
            }

            return _values;
        }

        public void Dispose()
        {
            _expansion?.Dispose();
            _weight.Dispose();
        }
    }
}
