using System.Globalization;
using Octet.Backends;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>The scales of several matrices that are stored as one tensor, as mixtures of experts have it, each with scales of its own.</summary>
static class ExpertScales
{
    /// <summary>Whether the scales are those of so many matrices with [rows, columns] scales each; where there is one in a row, or one row, that dimension may be left out.</summary>
    internal static bool HasShape(TensorView scale, long matrices, long rows, long columns)
    {
        ReadOnlySpan<long> shape = scale.Shape;
        return shape.SequenceEqual([matrices, rows, columns])
            || (columns == 1 && (shape.SequenceEqual([matrices, rows]) || (rows == 1 && shape.SequenceEqual([matrices]))))
            || (rows == 1 && columns > 1 && shape.SequenceEqual([matrices, columns]));
    }

    /// <summary>The scales in float32.</summary>
    /// <exception cref="ModelException">They are of another type, too many, negative, or no numbers.</exception>
    internal static float[] Read(TensorView scale)
    {
        if (scale.ElementCount > Array.MaxLength)
        {
            throw Error(scale, ModelError.Unsupported, string.Create(CultureInfo.InvariantCulture, $"{scale.ElementCount} scales are not implemented: expected at most {Array.MaxLength}"));
        }

        float[] values = scale.DataType is DataType.Float8E8M0FNU or DataType.UInt8 ? Exponents(scale)
            : FloatTensor.IsSupported(scale.DataType) ? FloatTensor.Widen(scale)
            : throw Error(scale, ModelError.Unsupported, $"scales of type {scale.DataType}, expected F32, BF16, F16 or F8_E8M0");
        int wrong = Array.FindIndex(values, value => !float.IsFinite(value) || value < 0);
        return wrong < 0 ? values : throw Error(scale, ModelError.Damaged, string.Create(CultureInfo.InvariantCulture, $"scale {wrong} is {values[wrong]}, expected a finite number from 0: the file is damaged"));
    }

    /// <summary>Scales as those of one matrix, the matrices below each other.</summary>
    /// <param name="scale">Where they are from, for messages.</param>
    /// <param name="values">Those of each matrix, row by row.</param>
    /// <param name="matrices">How many there are.</param>
    /// <param name="rows">Of each.</param>
    /// <param name="blockRows">Of a block, which may be cut at the end of a matrix.</param>
    /// <param name="blockColumns">Of a block.</param>
    /// <param name="across">Blocks in a row.</param>
    /// <exception cref="ModelException">Blocks are cut, and there are too many rows for a scale each.</exception>
    internal static ScaleGrid Below(TensorView scale, float[] values, long matrices, long rows, long blockRows, int blockColumns, int across)
    {
        if (rows % blockRows == 0)
        {
            return new ScaleGrid(values, blockRows, blockColumns);
        }

        // The last block of a matrix is cut, and the next begins with its rows: a scale for each row says the same.
        long down = ((rows - 1) / blockRows) + 1;
        if ((Int128)matrices * rows * across > Array.MaxLength)
        {
            throw Error(scale, ModelError.Unsupported, string.Create(CultureInfo.InvariantCulture, $"{matrices} matrices of {rows} rows, whose last blocks are cut, with {across} scales each are not implemented: expected at most {Array.MaxLength} in all"));
        }

        float[] own = new float[matrices * rows * across];
        for (long row = 0; row < matrices * rows; row++)
        {
            values.AsSpan(checked((int)(((row / rows * down) + (row % rows / blockRows)) * across)), across).CopyTo(own.AsSpan((int)(row * across)));
        }

        return new ScaleGrid(own, 1, blockColumns);
    }

    /// <summary>Each of some matrices with rows and columns exchanged.</summary>
    /// <param name="values">[matrices, rows, columns].</param>
    /// <param name="rows">Of each.</param>
    /// <param name="columns">Of each.</param>
    internal static float[] Turn(float[] values, int rows, int columns)
    {
        float[] turned = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            (int matrix, int at) = Math.DivRem(i, rows * columns);
            turned[(matrix * rows * columns) + (at % columns * rows) + (at / columns)] = values[i];
        }

        return turned;
    }

    /// <summary>2^(code - 127), and NaN for the last code.</summary>
    static float[] Exponents(TensorView scale)
    {
        float[] values = new float[scale.ElementCount];
        ReadOnlySpan<byte> codes = scale.Bytes;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = codes[i] == byte.MaxValue ? float.NaN : (float)Math.ScaleB(1, codes[i] - 127);
        }

        return values;
    }

    static ModelException Error(TensorView tensor, ModelError error, string what) => new(error, $"{tensor.File.Path}: tensor {tensor.Name}: {what}", tensor.File.Path, tensor.Name);
}
