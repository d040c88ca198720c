using System.Runtime.CompilerServices;
using Octet.Backends;
using Octet.Numerics;

namespace Octet.Cli.Inspection;

/// <summary>The weights of a quantised layer, scales applied: some rows at a time, so that memory holds little but its scales. Sums are float64; NaN codes are left out.</summary>
/// <param name="Min">The smallest weight.</param>
/// <param name="Max">The largest weight.</param>
/// <param name="Mean">The mean weight.</param>
/// <param name="Amax">The largest magnitude of a weight.</param>
/// <param name="AmaxRow">The first row (output) that has it.</param>
/// <param name="Saturated">Codes of the format's largest finite magnitude.</param>
/// <param name="Zeros">Codes of 0 and -0.</param>
readonly record struct ScaledStatistics(double Min, double Max, double Mean, double Amax, long AmaxRow, long Saturated, long Zeros)
{
    const int PieceBytes = 1 << 18;

    internal static ScaledStatistics Measure(LinearTensor layer, Action<int> progress, CancellationToken cancellationToken)
    {
        float[] values = Values(layer.ElementType);
        double largest = values.Where(float.IsFinite).Max();
        bool[] isSaturated = [.. values.Select(value => Math.Abs(value) == largest)];
        bool isPacked = layer.ElementType == DataType.Float4E2M1FN;
        int rowBytes = isPacked ? layer.Columns / 2 : layer.Columns;
        int together = (int)Math.Clamp(PieceBytes / Math.Max(1, rowBytes), 1, Math.Max(1, layer.Rows));
        byte[] stored = new byte[together * rowBytes];
        int upper = layer.HighHalfFirst ? 1 : 0;
        int blockColumns = layer.Scales?.BlockColumns ?? layer.Columns;
        float[] scales = new float[(layer.Columns + blockColumns - 1) / blockColumns];
        scales.AsSpan().Fill(1);
        long scaleRow = -1;
        double min = double.PositiveInfinity, max = double.NegativeInfinity, sum = 0, amax = -1;
        long amaxRow = 0, saturated = 0, zeros = 0, count = 0;
        for (long row = 0; row < layer.Rows; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (row % together == 0)
            {
                layer.Tensor.Read(row * rowBytes, stored.AsSpan(0, (int)Math.Min(together, layer.Rows - row) * rowBytes));
            }

            ReadOnlySpan<byte> codes = stored.AsSpan((int)(row % together) * rowBytes, rowBytes);
            if (layer.Scales is { } grid && row / grid.BlockRows != scaleRow)
            {
                scaleRow = row / grid.BlockRows;
                grid.Read(scaleRow, scales);
            }

            for (int start = 0, block = 0; start < layer.Columns; start += blockColumns, block++)
            {
                // A scale is not negative: extremes of the codes are those of the weights.
                int end = Math.Min(start + blockColumns, layer.Columns);
                double low = double.PositiveInfinity, high = double.NegativeInfinity, total = 0;
                for (int column = start; column < end; column++)
                {
                    int code = isPacked ? (codes[column / 2] >> ((column + upper) % 2 * 4)) & 15 : codes[column];
                    float value = values[code];
                    if (!float.IsNaN(value))
                    {
                        low = Math.Min(low, value);
                        high = Math.Max(high, value);
                        total += value;
                        count++;
                        saturated += isSaturated[code] ? 1 : 0;
                        zeros += value == 0 ? 1 : 0;
                    }
                }

                if (low <= high)
                {
                    double scale = scales[block];
                    min = Math.Min(min, low * scale);
                    max = Math.Max(max, high * scale);
                    sum += total * scale;
                    double magnitude = Math.Max(high, -low) * scale;
                    (amax, amaxRow) = magnitude > amax ? (magnitude, row) : (amax, amaxRow);
                }
            }

            progress(rowBytes);
        }

        return count == 0
            ? new ScaledStatistics(double.NaN, double.NaN, double.NaN, double.NaN, 0, 0, 0)
            : new ScaledStatistics(min, max, sum / count, amax, amaxRow, saturated, zeros);
    }

    static float[] Values(DataType type) => type switch
    {
        DataType.Float4E2M1FN => Of<Float4E2M1FN>(16),
        DataType.Float8E4M3FN => Of<Float8E4M3FN>(256),
        DataType.Float8E5M2 => Of<Float8E5M2>(256),
        DataType.Float8E4M3FNUZ => Of<Float8E4M3FNUZ>(256),
        DataType.Float8E5M2FNUZ => Of<Float8E5M2FNUZ>(256),
        _ => throw new NotSupportedException($"codes of type {type}"),
    };

    static float[] Of<T>(int codes)
        where T : unmanaged, ISmallFloat<T>
    {
        float[] values = new float[codes];
        for (int code = 0; code < codes; code++)
        {
            values[code] = float.CreateChecked(Unsafe.BitCast<byte, T>((byte)code));
        }

        return values;
    }
}
