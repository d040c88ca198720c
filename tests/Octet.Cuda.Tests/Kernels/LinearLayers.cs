using Octet.Cuda.Kernels;
using Octet.Numerics;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Up to three layers with random weights, scales and biases on a card, and an input that they share, whose products are known in double precision.</summary>
sealed class LinearLayers
{
    readonly string _format;
    readonly int _rows;
    readonly Preparation _prepared;
    readonly double[][] _inputs;
    readonly LayerData[] _layers;
    readonly int _stride;

    /// <param name="card">Where they lie.</param>
    /// <param name="format">Of the weights: e4m3, e5m2, f16, bf16.</param>
    /// <param name="rows">Of the input.</param>
    /// <param name="form">What the input becomes.</param>
    /// <param name="planes">Of a row of it.</param>
    /// <param name="order">How its columns lie.</param>
    /// <param name="columns">Of all layers.</param>
    /// <param name="layers">Of each its rows, and how many of them share scales; 1: each has one, for all of its columns.</param>
    internal LinearLayers(KernelCard card, string format, int rows, InputForm form, int planes, InputOrder order, int columns, params (int Rows, int BlockRows)[] layers)
    {
        Card = card;
        _format = format;
        _rows = rows;
        _prepared = Values.Preparation(card, form, rows, planes, columns, isPermuted: false) with { Order = order };
        card.Launch("prepare", "prepare_inputs", new PtxEmulator.Dim3(1, rows), 96, 0, card.Upload(Values.Normal(rows * columns, 7)), columns, columns, 0UL, _prepared);
        _inputs = Values.Meant(card, _prepared, rows, columns);
        _layers = [.. layers.Select((layer, i) => new LayerData(card, format, layer.Rows, columns, layer.BlockRows, 1 + i))];
        _stride = (layers.Max(layer => layer.Rows) + 31) / 32 * 32;
    }

    internal KernelCard Card { get; }

    internal int Planes => _prepared.Count;

    internal Preparation Prepared => _prepared;

    /// <summary>What kernels are given of three layers, with new memory for the outputs; of layers that there are not, nothing.</summary>
    internal LinearPart[] Parts(int tileRows)
    {
        var parts = new LinearPart[3];
        int tiles = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            if (i >= _layers.Length)
            {
                parts[i].FirstTile = int.MaxValue;
                continue;
            }

            LayerData layer = _layers[i];
            parts[i] = new LinearPart
            {
                Weight = layer.Weight,
                Scales = layer.Scales,
                Bias = layer.Bias,
                Output = layer.Output = Card.Allocate<float>(_rows * _stride),
                RowBytes = (ulong)(layer.Groups * 128 * layer.Bytes),
                Rows = layer.Rows,
                FirstTile = tiles,
                OutputStride = _stride,
                BlockRows = layer.BlockRows,
                ScaleStride = layer.BlockRows == 1 ? 1 : layer.Groups,
                ScaleShift = layer.BlockRows == 1 ? 31 : 0,
            };
            tiles += (layer.Rows + tileRows - 1) / tileRows;
        }

        return parts;
    }

    internal LinearInputs Inputs(int chunk) => new()
    {
        Planes = _prepared.Planes,
        Scales = _prepared.Scales,
        ScaleStride = _prepared.ScaleStride,
        Groups = _prepared.Groups,
        Count = _rows * Planes,
        Chunk = chunk,
        PerRow = Planes,
    };

    /// <summary>What the last launch gave, layer by layer, row by row.</summary>
    internal IEnumerable<float> Outputs()
        => _layers.SelectMany(layer => Enumerable.Range(0, _rows).SelectMany(row => Card.Read<float>(layer.Output + (ulong)(row * _stride * sizeof(float)), layer.Rows)));

    /// <summary>Fails where an output of the first layers is farther from its sum than so much of the row's largest.</summary>
    internal void AssertOutputs(double tolerance, Func<double, double, double>? gating = null, int count = int.MaxValue)
    {
        for (int row = 0; row < _rows; row++)
        {
            double[][] expected = [.. _layers.Select(layer => layer.Multiply(_inputs[row]))];
            if (gating is not null)
            {
                expected[0] = [.. expected[0].Zip(expected[1], gating)];
            }

            for (int i = 0; i < Math.Min(count, _layers.Length); i++)
            {
                float[] found = Card.Read<float>(_layers[i].Output + (ulong)(row * _stride * sizeof(float)), _layers[i].Rows);
                Values.AssertClose(expected[i], found, tolerance, $"{_format}, layer {i}, row {row}");
            }
        }
    }

    sealed class LayerData
    {
        readonly double[] _values;
        readonly float[]? _scales;
        readonly float[] _bias;
        readonly int _columns;

        internal LayerData(KernelCard card, string format, int rows, int columns, int blockRows, int seed)
        {
            Rows = rows;
            BlockRows = blockRows;
            Groups = (columns + 127) / 128;
            _columns = columns;
            Bytes = format.StartsWith('e') ? 1 : 2;
            var random = new Random(seed);
            byte[] data = new byte[rows * Groups * 128 * Bytes];
            _values = new double[rows * columns];
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    int at = (row * Groups * 128) + column;
                    float value = (float)(random.NextDouble() - 0.5);
                    switch (format)
                    {
                        case "bf16":
                            BitConverter.TryWriteBytes(data.AsSpan(at * 2), Values.BFloatBits(value));
                            _values[(row * columns) + column] = Values.BFloat(value);
                            break;
                        case "f16":
                            BitConverter.TryWriteBytes(data.AsSpan(at * 2), (Half)value);
                            _values[(row * columns) + column] = (double)(Half)value;
                            break;
                        default:
                            // Every code that is a finite number, subnormals among them.
                            DataType type = format == "e4m3" ? DataType.Float8E4M3FN : DataType.Float8E5M2;
                            byte code = (byte)random.Next(256);
                            code = (code & 0x7F) >= (type == DataType.Float8E4M3FN ? 0x7F : 0x7C) ? (byte)0x31 : code;
                            data[at] = code;
                            _values[(row * columns) + column] = WeightScheme.Values(type)[code];
                            break;
                    }
                }
            }

            // Blocks of rows and one group of columns, or one scale for each row; what is not quantised has none.
            _scales = Bytes == 2 ? null : Values.Normal(((rows + blockRows - 1) / blockRows) * (blockRows == 1 ? 1 : Groups), seed + 1, 0.01);
            _bias = Values.Normal(rows, seed + 2);
            Weight = card.Upload(data);
            Scales = _scales is null ? 0 : card.Upload(_scales);
            Bias = card.Upload(_bias);
        }

        internal int Rows { get; }

        internal int BlockRows { get; }

        internal int Bytes { get; }

        internal int Groups { get; }

        internal ulong Weight { get; }

        internal ulong Scales { get; }

        internal ulong Bias { get; }

        internal ulong Output { get; set; }

        internal double[] Multiply(double[] x)
        {
            double[] sums = new double[Rows];
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < _columns; column++)
                {
                    double scale = _scales is null ? 1 : BlockRows == 1 ? _scales[row] : _scales[(row / BlockRows * Groups) + (column / 128)];
                    sums[row] += _values[(row * _columns) + column] * scale * x[column];
                }

                sums[row] += _bias[row];
            }

            return sums;
        }
    }
}
