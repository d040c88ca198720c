using Octet.Backends;

namespace Octet.Checkpoints;

/// <summary>
/// How scales of blocks fit the codes. A block is quantised so that its largest weight takes the largest code: where that weight stands out by a
/// factor, the scale is larger by it and the root mean square of the codes smaller. The line through the logarithms of both therefore
/// falls with slope -1, whatever sizes the weights of different blocks have, and steeper where blocks of larger weights have more of them that
/// stand out. Scales in another order than the codes (tiles, transposed, another layer's) have nothing to do with them: slope 0. Inverse
/// ones rise: 1. What a whole row or column of blocks has in common is taken out first, since the order within it is what may be wrong.
/// </summary>
/// <remarks>
/// Slices of 256 x 256 of published Llama, Ministral and Qwen3 layers in NVFP4, MXFP4, MXFP8, blocks of 16 and 32, and rows: slopes from
/// -1.50 to -0.86. The same with their scales in tiles, transposed, one place further, in swapped rows or in any order: -0.40 to 0.19.
/// </remarks>
/// <param name="Blocks">Blocks that count: all but those of zeros.</param>
/// <param name="Freedom">Blocks less the means that were taken out.</param>
/// <param name="Products">The sum of the products of what is left of both logarithms.</param>
/// <param name="Scales">The sum of squares of what is left of the scales' logarithms.</param>
/// <param name="Codes">That of the codes'.</param>
readonly record struct ScaleFit(long Blocks, long Freedom, double Products, double Scales, double Codes)
{
    /// <summary>Enough for any doubt.</summary>
    internal const long MostBlocks = 1 << 20;

    const double Flattest = -0.6;

    internal double Slope => Codes > 0 ? Products / Codes : double.NaN;

    /// <summary>The standard error of the slope.</summary>
    internal double Error => Freedom > 2 && Codes > 0 ? Math.Sqrt(Math.Max(0, Scales - Slope * Products) / Codes / (Freedom - 1)) : double.PositiveInfinity;

    /// <summary>Whether the slope is one that published layers have.</summary>
    internal bool IsUsual => Slope <= Flattest;

    /// <summary>Whether the scales are not those of the codes: the slope is flatter than published layers have it, and not by chance.</summary>
    internal bool IsWrong => Slope > Flattest && Slope + 1 > 4 * Error;

    public static ScaleFit operator +(ScaleFit left, ScaleFit right)
        => new(left.Blocks + right.Blocks, left.Freedom + right.Freedom, left.Products + right.Products, left.Scales + right.Scales, left.Codes + right.Codes);

    /// <summary>That of a layer; null where it has no scales of blocks.</summary>
    /// <param name="layer">Codes and scales.</param>
    /// <param name="mostBlocks">As many as are looked at, in the middle of the matrix.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    internal static ScaleFit? Measure(LinearTensor layer, long mostBlocks, CancellationToken cancellationToken)
    {
        if (layer.Scales is not { } grid || grid.BlockRows >= layer.Rows && grid.BlockColumns >= layer.Columns)
        {
            return null;
        }

        int columns = (layer.Columns + grid.BlockColumns - 1) / grid.BlockColumns;
        long all = (layer.Rows + grid.BlockRows - 1) / grid.BlockRows;
        int rows = (int)Math.Clamp(mostBlocks / columns, 1, all);
        long first = (all - rows) / 2;
        double[] scales = new double[(long)rows * columns];
        double[] codes = new double[scales.Length];
        var reader = new RowDequantizer(layer with { Scales = null });
        float[] values = new float[layer.Columns];
        float[] read = new float[columns];
        for (int row = 0; row < rows; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long start = (first + row) * grid.BlockRows;
            long end = Math.Min(start + grid.BlockRows, layer.Rows);
            for (long at = start; at < end; at++)
            {
                reader.Read(at, 1, values);
                AddSquares(values, grid.BlockColumns, codes.AsSpan(row * columns, columns));
            }

            grid.Read(first + row, read);
            for (int column = 0; column < columns; column++)
            {
                int width = Math.Min(grid.BlockColumns, layer.Columns - column * grid.BlockColumns);
                int index = row * columns + column;
                double square = codes[index] / ((end - start) * width);
                (scales[index], codes[index]) = read[column] > 0 && square > 0 ? (Math.Log(read[column]), Math.Log(square) / 2) : (double.NaN, double.NaN);
            }
        }

        Center(scales, rows, columns);
        Center(codes, rows, columns);
        long count = 0;
        double products = 0, ofScales = 0, ofCodes = 0;
        for (int i = 0; i < scales.Length; i++)
        {
            if (double.IsFinite(scales[i]) && double.IsFinite(codes[i]))
            {
                count++;
                products += scales[i] * codes[i];
                ofScales += scales[i] * scales[i];
                ofCodes += codes[i] * codes[i];
            }
        }

        return new ScaleFit(count, count - (columns > 1 ? rows : 0) - (rows > 1 ? columns : 0), products, ofScales, ofCodes);
    }

    static void AddSquares(float[] values, int width, Span<double> sums)
    {
        for (int column = 0, block = 0; column < values.Length; column += width, block++)
        {
            double sum = 0;
            foreach (float value in values.AsSpan(column, Math.Min(width, values.Length - column)))
            {
                sum += (double)value * value;
            }

            sums[block] += sum;
        }
    }

    /// <summary>Takes the mean of each row away, then of what is left that of each column; of a single column its mean alone.</summary>
    static void Center(double[] values, int rows, int columns)
    {
        for (int row = 0; columns > 1 && row < rows; row++)
        {
            Center(values, row * columns, 1, columns);
        }

        for (int column = 0; rows > 1 && column < columns; column++)
        {
            Center(values, column, columns, rows);
        }
    }

    static void Center(double[] values, int start, int step, int count)
    {
        double sum = 0;
        int numbers = 0;
        for (int i = 0; i < count; i++)
        {
            double value = values[start + i * step];
            (sum, numbers) = double.IsNaN(value) ? (sum, numbers) : (sum + value, numbers + 1);
        }

        for (int i = 0; i < count; i++)
        {
            values[start + i * step] -= sum / numbers;
        }
    }
}
