using System.Globalization;
using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// The output layer of a model whose config ties it to the embedding, where the files store a weight of its own too. As transformers 5
/// decides (<c>tie_weights</c>, "both are present in the checkpoints with different values, so we will NOT tie them"): one that has the
/// embedding's values is the embedding stored twice, as published files have it; any other one counts.
/// </summary>
static class TiedOutput
{
    const int PieceBytes = 1 << 20;

    /// <summary>What to tell where the stored weight counts; null where it is the embedding a second time.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <param name="stored">The output layer's own weight, of the same shape.</param>
    /// <exception cref="ModelException">The stored weight counts, and is damaged: a value is NaN or infinite.</exception>
    internal static string? Untie(LinearTensor embedding, LinearTensor stored)
    {
        if (IsSame(embedding, stored))
        {
            return null;
        }

        RequireFinite(stored);
        string what = stored.Scales is null ? stored.ElementType.SafetensorsName() : $"quantised, {stored.ElementType.SafetensorsName()}";
        return $"{stored.Tensor.File.Path}: {ModelConfig.FileName} ties the output layer to the embedding (tie_word_embeddings), but {stored.Tensor.Name} ({what}) is not {embedding.Tensor.Name}: "
            + "the stored one is used, as transformers 5 does; set tie_word_embeddings to false to confirm, or remove the tensor to use the embedding";
    }

    static bool IsSame(LinearTensor embedding, LinearTensor stored)
    {
        if (embedding.Scales is null && stored.Scales is null && embedding.ElementType == stored.ElementType && IsSame(embedding.Tensor, stored.Tensor))
        {
            return true;
        }

        // Values that differ in bits may be alike (0 and -0). Of two types the coarser one decides: the other may have been rounded to it, or widened from it.
        bool wide = FloatTensor.IsSupported(embedding.ElementType) && FloatTensor.IsSupported(stored.ElementType);
        DataType type = !wide || embedding.ElementType == stored.ElementType ? DataType.Float32
            : embedding.ElementType == DataType.BFloat16 || stored.ElementType == DataType.BFloat16 ? DataType.BFloat16 : DataType.Float16;
        var left = new RowDequantizer(embedding);
        var right = new RowDequantizer(stored);
        return All(stored, (row, values, rows) =>
        {
            float[] others = new float[values.Length];
            left.Read(row, rows, values);
            right.Read(row, rows, others);
            Round(type, values);
            Round(type, others);
            return values.AsSpan().SequenceEqual(others);
        });
    }

    /// <summary>Bit for bit. All of both is read, as fast as memory or the disk gives it, and pages of the file that only this needs are given back.</summary>
    static bool IsSame(TensorView left, TensorView right)
    {
        if (left.File == right.File && left.FileOffset == right.FileOffset)
        {
            return true;
        }

        long pieces = (left.ByteLength + PieceBytes - 1) / PieceBytes;
        return Parallel.For(0, pieces, (piece, state) =>
        {
            long offset = piece * PieceBytes;
            int length = (int)Math.Min(PieceBytes, left.ByteLength - offset);
            if (!left.Slice(offset, length).SequenceEqual(right.Slice(offset, length)))
            {
                state.Stop();
            }

            Release(right, offset, length);
        }).IsCompleted;
    }

    static void RequireFinite(LinearTensor stored)
    {
        var reader = new RowDequantizer(stored);
        (long Row, int Column, float Value)? bad = null;
        All(stored, (row, values, rows) =>
        {
            reader.Read(row, rows, values);
            int at = Array.FindIndex(values, value => !float.IsFinite(value));
            if (at >= 0)
            {
                bad = (row + at / stored.Columns, at % stored.Columns, values[at]);
            }

            return at < 0;
        });
        if (bad is { } found)
        {
            throw new ModelException(
                ModelError.Damaged,
                string.Create(CultureInfo.InvariantCulture, $"{stored.Tensor.File.Path}: tensor {stored.Tensor.Name}: the value at [{found.Row}, {found.Column}] is {found.Value}, expected a finite number: the file is damaged"),
                stored.Tensor.File.Path,
                stored.Tensor.Name);
        }
    }

    /// <summary>Whether every piece of some rows passes, of which each gets an array for its values.</summary>
    static bool All(LinearTensor weight, Func<long, float[], int, bool> piece)
    {
        int rows = Math.Max(1, PieceBytes / sizeof(float) / weight.Columns);
        return Parallel.For(0, (weight.Rows + rows - 1) / rows, (index, state) =>
        {
            long row = index * rows;
            int count = (int)Math.Min(rows, weight.Rows - row);
            if (!piece(row, new float[count * weight.Columns], count))
            {
                state.Stop();
            }
        }).IsCompleted;
    }

    static void Round(DataType type, float[] values)
    {
        switch (type)
        {
            case DataType.BFloat16:
                var bfloats = new BFloat16[values.Length];
                BFloat16.ConvertFromSingle(values, bfloats);
                BFloat16.ConvertToSingle(bfloats, values);
                break;
            case DataType.Float16:
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = (float)(Half)values[i];
                }

                break;
        }
    }

    static unsafe void Release(TensorView tensor, long offset, int length)
    {
        if (tensor.IsMapped)
        {
            MemoryAdvice.Release(tensor.DangerousGetPointer() + offset, length);
        }
    }
}
