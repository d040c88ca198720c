using Octet.Cuda.Kernels;
using Octet.Numerics;
using Octet.Tests.Reference;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// Linear layers against sums in double precision of the operands that they were given: two layers of ragged shapes that share an input of ragged width.
/// </summary>
public class LinearTests
{
    // Tiles of 16 and 128 rows end early; of the three groups the last is short.
    const int FirstRows = 133;
    const int SecondRows = 20;
    const int Columns = 300;
    const int Groups = 3;
    const int Stride = 160;

    // Float32 sums of 300 products, of the largest output.
    const double Tolerance = 2e-6;

    public static TheoryData<string, string, int> Few
    {
        get
        {
            var data = new TheoryData<string, string, int>();
            foreach (string target in (string[])["sm_80", "sm_89", "sm_90a"])
            {
                foreach ((string format, int rows) in ((string, int)[])[("e4m3", 1), ("e4m3", 11), ("bf16", 1), ("e5m2", 2), ("f16", 1)])
                {
                    data.Add(target, format, rows);
                }
            }

            foreach ((string format, int rows) in ((string, int)[])[("e4m3", 6), ("e4m3", 20), ("bf16", 5), ("bf16", 9), ("bf16", 20), ("e5m2", 9), ("f16", 9)])
            {
                data.Add("sm_89", format, rows);
            }

            return data;
        }
    }

    public static TheoryData<string, string> Many => new()
    {
        { "sm_80", "e4m3" }, { "sm_89", "e4m3" }, { "sm_90a", "e4m3" }, { "sm_80", "bf16" }, { "sm_89", "bf16" }, { "sm_80", "e5m2" }, { "sm_89", "f16" },
    };

    [Theory]
    [MemberData(nameof(Few))]
    public void Few_tokens_are_multiplied_with_all_layers_of_a_launch(string target, string format, int rows)
    {
        var layers = new Layers(target, format, rows, quantised: false);
        int columns = rows * layers.Planes;
        int tiles = columns <= 8 ? 1 : columns <= 16 ? 2 : columns <= 32 ? 4 : 8;
        tiles = format is "e5m2" or "f16" && tiles > 1 ? 8 : tiles;
        layers.Run("linear_few", $"linear_few_{format}_{tiles}", 16, new Dim3((FirstRows + 15) / 16 + (SecondRows + 15) / 16), 3 * 32, 0, chunk: tiles * 8 / layers.Planes * layers.Planes);
        layers.AssertOutputs();
    }

    [Fact]
    public void Columns_beyond_one_block_are_those_of_the_next()
    {
        var layers = new Layers("sm_89", "e4m3", 11, quantised: true);
        layers.Run("linear_few", "linear_few_e4m3_1", 16, new Dim3((FirstRows + 15) / 16 + (SecondRows + 15) / 16, 2), 2 * 32, 0, chunk: 8);
        layers.AssertOutputs();
    }

    [Theory]
    [MemberData(nameof(Many))]
    public void Many_tokens_are_multiplied_with_all_layers_of_a_launch(string target, string format)
    {
        var layers = new Layers(target, format, rows: format == "bf16" ? 35 : 70, quantised: false);
        int bytes = format.StartsWith('e') ? 1 : 2;
        int shared = ((128 * bytes) + 128) * 128 * (bytes == 1 ? 3 : 2);
        layers.Run("linear_many", $"linear_many_{format}", 128, new Dim3(2, 2 + 1), 256, shared, chunk: 0);
        layers.AssertOutputs();
    }

    [Theory]
    [InlineData("sm_80", "e4m3", 3)]
    [InlineData("sm_89", "e4m3", 9)]
    [InlineData("sm_89", "bf16", 2)]
    public void Two_layers_of_the_same_shape_gate_each_other(string target, string format, int rows)
    {
        var layers = new Layers(target, format, rows, quantised: false, secondRows: FirstRows);
        int columns = rows * layers.Planes;
        int tiles = columns <= 8 ? 1 : columns <= 16 ? 2 : 4;
        layers.Run("linear_few", $"linear_few_gated_{format}_{tiles}", 16, new Dim3((FirstRows + 15) / 16), 4 * 32, 0, chunk: tiles * 8 / layers.Planes * layers.Planes, gates: true);
        layers.AssertOutputs((gate, up) => gate / (1 + Math.Exp(-gate)) * up);
    }

    /// <summary>Two layers with their input, on a card.</summary>
    sealed class Layers
    {
        readonly KernelCard _card;
        readonly string _format;
        readonly int _rows;
        readonly Preparation _prepared;
        readonly double[][] _inputs;
        readonly LayerData[] _layers;

        internal Layers(string target, string format, int rows, bool quantised, int secondRows = SecondRows)
        {
            _card = new KernelCard(target);
            _format = format;
            _rows = rows;
            Planes = quantised ? 1 : format == "bf16" ? rows <= 8 ? 3 : 2 : rows <= 16 ? 2 : 1;
            InputForm form = quantised ? InputForm.GroupCodes : format == "bf16" ? InputForm.BFloats : InputForm.Halves;
            _prepared = Values.Preparation(_card, form, rows, Planes, Columns, isPermuted: format.StartsWith('e'));
            float[] x = Values.Normal(rows * Columns, 7);
            _card.Launch("prepare", "prepare_inputs", new Dim3(1, rows), 96, 0, _card.Upload(x), Columns, Columns, 0UL, _prepared);
            _inputs = Values.Meant(_card, _prepared, rows, Columns);
            _layers = [new LayerData(_card, format, FirstRows, 100, 1), new LayerData(_card, format, secondRows, 1, 2)];
        }

        internal int Planes { get; }

        internal void Run(string file, string kernel, int tileRows, Dim3 grid, int threads, int shared, int chunk, bool gates = false)
        {
            LinearPart Part(LayerData layer, int firstTile) => new()
            {
                Weight = layer.Weight,
                Scales = layer.Scales,
                Bias = layer.Bias,
                Output = layer.Output = _card.Allocate<float>(_rows * Stride),
                RowBytes = (ulong)(Groups * 128 * layer.Bytes),
                Rows = layer.Rows,
                FirstTile = firstTile,
                OutputStride = Stride,
                BlockRows = layer.BlockRows,
                ScaleStride = layer.BlockRows == 1 ? 1 : Groups,
                ScaleShift = layer.BlockRows == 1 ? 31 : 0,
            };
            var inputs = new LinearInputs
            {
                Planes = _prepared.Planes,
                Scales = _prepared.Scales,
                ScaleStride = _prepared.ScaleStride,
                Groups = Groups,
                Count = _rows * Planes,
                Chunk = chunk,
                PerRow = Planes,
            };
            LinearPart first = Part(_layers[0], 0);
            LinearPart second = Part(_layers[1], (FirstRows + tileRows - 1) / tileRows);
            if (gates)
            {
                _card.Launch(file, kernel, grid, threads, shared, first, second, inputs, new GatingParameters());
            }
            else
            {
                _card.Launch(file, kernel, grid, threads, shared, first, second, new LinearPart { FirstTile = int.MaxValue }, inputs);
            }
        }

        internal void AssertOutputs(Func<double, double, double>? gating = null)
        {
            for (int row = 0; row < _rows; row++)
            {
                double[][] expected = [.. _layers.Select(layer => layer.Multiply(_inputs[row]))];
                if (gating is not null)
                {
                    expected[0] = [.. expected[0].Zip(expected[1], gating)];
                }

                for (int i = 0; i < 2; i++)
                {
                    float[] found = _card.Read<float>(_layers[i].Output + (ulong)(row * Stride * sizeof(float)), _layers[i].Rows);
                    Values.AssertClose(expected[i], found, Tolerance, $"{_format}, layer {i}, row {row}");
                }
            }
        }
    }

    sealed class LayerData
    {
        readonly double[] _values;
        readonly float[]? _scales;
        readonly float[] _bias;

        internal LayerData(KernelCard card, string format, int rows, int blockRows, int seed)
        {
            Rows = rows;
            BlockRows = blockRows;
            Bytes = format.StartsWith('e') ? 1 : 2;
            var random = new Random(seed);
            byte[] data = new byte[rows * Groups * 128 * Bytes];
            _values = new double[rows * Columns];
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < Columns; column++)
                {
                    int at = (row * Groups * 128) + column;
                    float value = (float)(random.NextDouble() - 0.5);
                    switch (format)
                    {
                        case "bf16":
                            BitConverter.TryWriteBytes(data.AsSpan(at * 2), Values.BFloatBits(value));
                            _values[(row * Columns) + column] = Values.BFloat(value);
                            break;
                        case "f16":
                            BitConverter.TryWriteBytes(data.AsSpan(at * 2), (Half)value);
                            _values[(row * Columns) + column] = (double)(Half)value;
                            break;
                        default:
                            // Every code that is a finite number, subnormals among them.
                            DataType type = format == "e4m3" ? DataType.Float8E4M3FN : DataType.Float8E5M2;
                            byte code = (byte)random.Next(256);
                            code = (code & 0x7F) >= (type == DataType.Float8E4M3FN ? 0x7F : 0x7C) ? (byte)0x31 : code;
                            data[at] = code;
                            _values[(row * Columns) + column] = WeightScheme.Values(type)[code];
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

        internal ulong Weight { get; }

        internal ulong Scales { get; }

        internal ulong Bias { get; }

        internal ulong Output { get; set; }

        internal double[] Multiply(double[] x)
        {
            double[] sums = new double[Rows];
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < Columns; column++)
                {
                    double scale = _scales is null ? 1 : BlockRows == 1 ? _scales[row] : _scales[(row / BlockRows * Groups) + (column / 128)];
                    sums[row] += _values[(row * Columns) + column] * scale * x[column];
                }

                sums[row] += _bias[row];
            }

            return sums;
        }
    }
}
