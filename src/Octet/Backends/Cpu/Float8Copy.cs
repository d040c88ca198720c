using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Backends.Cpu;

/// <summary>Fills an E4M3 copy of a wider weight, a scale for each row, in units of rows. Pages of the file are given back as they are done with.</summary>
sealed unsafe class Float8Copy(CpuWeight source, TensorView tensor, CpuWeight copy) : ParallelWork
{
    // About a megabyte of the file is resident for each worker, not the whole layer beside its copy.
    const long SliceBytes = 1 << 20;
    const int SlicesOfHugePage = 2;

    internal override long Units => (source.Rows + RowsOfUnit - 1) / RowsOfUnit;

    long RowsOfUnit { get; } = Math.Max(1, SliceBytes / ((long)source.Columns * source.ElementBytes));

    internal override void Run(int worker, long first, long end)
    {
        float[] values = new float[source.Columns];
        for (long unit = first; unit < end; unit++)
        {
            long row = unit * RowsOfUnit;
            long endRow = Math.Min(source.Rows, row + RowsOfUnit);
            for (long at = row; at < endRow; at++)
            {
                Quantize(at, values);
            }

            if (tensor.IsMapped)
            {
                // The first touch of a huge page may have brought back what of it was given back before.
                long from = Math.Max(0, row - (SlicesOfHugePage * RowsOfUnit));
                MemoryAdvice.Release(source.Row(from), (endRow - from) * source.Columns * source.ElementBytes);
            }
        }
    }

    void Quantize(long row, float[] values)
    {
        fixed (float* widened = values)
        {
            CpuKernels.WidenRow(source, row, widened);
        }

        Span<Float8E4M3FN> codes = new(copy.Row(row), copy.Columns);
        try
        {
            BlockScaling.Quantize(values, BlockShape.PerRow(1, values.Length), codes, new Span<float>(copy.Scales(row), 1));
        }
        catch (ArgumentException)
        {
            int column = Array.FindIndex(values, value => !float.IsFinite(value));
            throw new ModelException(
                ModelError.Damaged,
                $"{tensor.File.Path}: tensor {tensor.Name}: the value at [{row}, {column}] is {values[column]}, expected a finite number to make FP8 of: the file is damaged, or open the model with the output layer as stored",
                tensor.File.Path,
                tensor.Name);
        }
    }
}
