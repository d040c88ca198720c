using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Backends.Cpu;

/// <summary>
/// A matrix in the checkpoint's own bits, read from the mapped file, or a copy in E4M3 in memory of its own. Scales are float32, [ceil(rows / BlockRows), ScaleStride];
/// a weight that is not quantised is one block as wide as the matrix with no scales.
/// </summary>
sealed unsafe class CpuWeight : Weight
{
    void* _copy;
    float* _scales;

    internal CpuWeight(LinearTensor source)
        : base(source.Rows, source.Columns)
    {
        TensorView tensor = source.Tensor;
        Data = tensor.DangerousGetPointer();
        (Format, ElementBytes) = tensor.DataType switch
        {
            DataType.Float8E4M3FN => (WeightFormat.E4M3, 1),
            DataType.BFloat16 => (WeightFormat.BFloat16, 2),
            DataType.Float16 => (WeightFormat.Float16, 2),
            DataType.Float32 => (WeightFormat.Float32, 4),
            _ => throw new ModelException($"a linear layer of type {tensor.DataType} is not supported: expected F8_E4M3, BF16, F16 or F32", tensor.File.Path, tensor.Name),
        };
        if (tensor.ByteLength != checked(Rows * Columns * ElementBytes))
        {
            throw new ModelException($"{tensor.ByteLength} bytes do not hold [{Rows}, {Columns}] of {tensor.DataType}", tensor.File.Path, tensor.Name);
        }

        NaNGroups = Format == WeightFormat.E4M3 ? new NaNGroups(Data, Rows, Columns) : null;
        if (source.Scales is { } scales)
        {
            BlockRows = source.BlockRows;
            BlockColumns = source.BlockColumns;
            ScaleStride = (Columns + BlockColumns - 1) / BlockColumns;
            if (scales.Length != checked((Rows + BlockRows - 1) / BlockRows * ScaleStride))
            {
                throw new ModelException($"{scales.Length} scales do not cover [{Rows}, {Columns}] in blocks of [{BlockRows}, {BlockColumns}]", tensor.File.Path, tensor.Name);
            }

            nuint bytes = (nuint)scales.Length * sizeof(float);
            _scales = (float*)NativeMemory.AlignedAlloc(Math.Max(bytes, 64), 64);
            scales.CopyTo(new Span<float>(_scales, scales.Length));
            Bytes = tensor.ByteLength + (long)bytes;
        }
        else
        {
            BlockRows = 1;
            BlockColumns = Columns;
            Bytes = tensor.ByteLength;
        }
    }

    /// <summary>E4M3 codes and a scale for each row, to be written.</summary>
    internal CpuWeight(long rows, int columns)
        : base(rows, columns)
    {
        Format = WeightFormat.E4M3;
        ElementBytes = 1;
        BlockRows = 1;
        BlockColumns = columns;
        ScaleStride = 1;
        Bytes = checked(rows * columns + rows * sizeof(float));
        _copy = MemoryAdvice.Allocate(checked((nuint)(rows * columns)));
        _scales = (float*)NativeMemory.AlignedAlloc((nuint)rows * sizeof(float), 64);
        Data = (byte*)_copy;
    }

    internal WeightFormat Format { get; }

    internal int ElementBytes { get; }

    internal byte* Data { get; }

    internal int BlockRows { get; }

    internal int BlockColumns { get; }

    internal int ScaleStride { get; }

    internal override long Bytes { get; }

    /// <summary>For E4M3, where its NaN codes are; null where there are none.</summary>
    internal NaNGroups? NaNGroups { get; }

    internal bool IsScaled => _scales is not null;

    internal byte* Row(long row) => Data + row * Columns * ElementBytes;

    /// <summary>The scales of the blocks that row <paramref name="row"/> crosses, left to right; null when not quantised.</summary>
    internal float* Scales(long row) => _scales is null ? null : _scales + row / BlockRows * ScaleStride;

    public override void Dispose()
    {
        NativeMemory.AlignedFree(_scales);
        MemoryAdvice.Free(_copy);
        _scales = null;
        _copy = null;
    }
}
