using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// Layers in tiles against sums in double precision of the operands that they were given: two of ragged shapes that share an input of ragged width, whose last
/// span has 12 columns.
/// </summary>
public class TiledTests
{
    const int FirstRows = 133;
    const int SecondRows = 20;
    const int Columns = 300;
    const int OutputStride = 160;

    // Float32 sums of 300 products, of the largest output.
    const double Tolerance = 2e-6;

    static readonly string[] s_targets = ["sm_80", "sm_89", "sm_90a"];
    static readonly string[] s_formats = ["mx_e2m1", "nv_e2m1", "mx_e4m3", "mx_e5m2", "small_e4m3", "small_e5m2", "small_fnuz"];

    public static TheoryData<string, string, int> Few
    {
        get
        {
            var data = new TheoryData<string, string, int>();
            foreach (string format in s_formats)
            {
                foreach (string target in s_targets)
                {
                    data.Add(target, format, 1);
                }

                data.Add("sm_80", format, 9);
                data.Add("sm_90a", format, 41);
            }

            foreach (string format in (string[])["mx_e2m1", "nv_e2m1", "mx_e4m3"])
            {
                data.Add("sm_89", format, 6);
                data.Add("sm_89", format, 20);
            }

            return data;
        }
    }

    public static TheoryData<string, string> Many
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string format in s_formats)
            {
                foreach (string target in s_targets)
                {
                    data.Add(target, format);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Few))]
    public void Few_tokens_are_multiplied_with_all_layers_of_a_launch(string target, string format, int rows)
    {
        var layers = new Layers(target, format, rows);
        int tiles = layers.Tiles(hasAll: format is "mx_e2m1" or "nv_e2m1" or "mx_e4m3");
        layers.Run(File(format), $"linear_few_{format}_{tiles}", 16, new Dim3(((FirstRows + 15) / 16) + ((SecondRows + 15) / 16)), 3 * 32, 0, chunk: tiles * 8 / layers.Planes * layers.Planes);
        layers.AssertOutputs();
    }

    [Fact]
    public void Columns_beyond_one_block_are_those_of_the_next()
    {
        var layers = new Layers("sm_89", "mx_e2m1", 11);
        layers.Run("linear_few_e2m1", "linear_few_mx_e2m1_1", 16, new Dim3(((FirstRows + 15) / 16) + ((SecondRows + 15) / 16), 3), 2 * 32, 0, chunk: 8);
        layers.AssertOutputs();
    }

    [Theory]
    [MemberData(nameof(Many))]
    public void Many_tokens_are_multiplied_with_all_layers_of_a_launch(string target, string format)
    {
        var layers = new Layers(target, format, rows: 70);
        layers.Run("linear_many_tiled", $"linear_many_{format}", 128, new Dim3(2, 2 + 1), 256, layers.SharedBytes, chunk: 0);
        layers.AssertOutputs();
    }

    [Theory]
    [InlineData("sm_80", "mx_e2m1", 3)]
    [InlineData("sm_89", "nv_e2m1", 9)]
    [InlineData("sm_90a", "mx_e4m3", 2)]
    [InlineData("sm_90a", "mx_e2m1", 17)]
    [InlineData("sm_80", "nv_e2m1", 33)]
    public void Two_layers_of_the_same_shape_gate_each_other(string target, string format, int rows)
    {
        var layers = new Layers(target, format, rows, secondRows: FirstRows);
        int tiles = layers.Tiles(hasAll: true);
        layers.Run(File(format), $"linear_few_gated_{format}_{tiles}", 16, new Dim3((FirstRows + 15) / 16), 4 * 32, 0, chunk: tiles * 8 / layers.Planes * layers.Planes, gates: true);
        layers.AssertOutputs((gate, up) => gate / (1 + Math.Exp(-gate)) * up);
    }

    [Theory]
    [InlineData("small_e4m3", 128, 1)]
    [InlineData("small_fnuz", 16, 0)]
    public void Float32_scales_are_of_blocks_of_rows_and_of_spans(string format, int blockRows, int blockSpans)
    {
        var layers = new Layers("sm_89", format, 3, blockRows: blockRows, blockSpans: blockSpans);
        layers.Run(File(format), $"linear_few_{format}_1", 16, new Dim3(((FirstRows + 15) / 16) + ((SecondRows + 15) / 16)), 2 * 32, 0, chunk: 8);
        layers.AssertOutputs();
    }

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    public void Rows_of_a_table_are_widened(string target)
    {
        foreach (string format in s_formats)
        {
            var card = new KernelCard(target);
            var table = new TiledLayer(card, Format(format), 37, Columns, 5, blockRows: 16);
            int[] ids = [36, 0, 17, 8];
            ulong output = card.Allocate<float>(ids.Length * 320);
            var parameters = new TiledTable
            {
                Data = table.Weight,
                Scales = table.Scales,
                TileBytes = (ulong)table.RowBytes,
                BlockRows = table.BlockRows,
                BlockSpans = 1 << table.Shift,
                ScaleStride = table.Stride,
                Factor = 3,
            };
            card.Launch("embed_tiled", $"embed_{format}", ids.Length, 32, 0, parameters, card.Upload(ids), output, 320, Columns);
            for (int i = 0; i < ids.Length; i++)
            {
                double[] expected = [.. Enumerable.Range(0, Columns).Select(column => 3 * table.Value(ids[i], column))];
                Values.AssertClose(expected, card.Read<float>(output + (ulong)(i * 320 * 4), Columns), 3e-7, $"{format}, row {ids[i]}");
            }
        }
    }

    static string File(string format) => format.EndsWith("e2m1", StringComparison.Ordinal) ? "linear_few_e2m1" : "linear_few_small";

    static CudaFormat Format(string name) => CudaFormat.MxE2M1 + Array.IndexOf(s_formats, name);

    /// <summary>Two layers with their input, on a card.</summary>
    sealed class Layers
    {
        readonly KernelCard _card;
        readonly string _format;
        readonly int _rows;
        readonly Preparation _prepared;
        readonly double[][] _inputs;
        readonly TiledLayer[] _layers;
        readonly ulong[] _outputs;

        internal Layers(string target, string format, int rows, int secondRows = SecondRows, int blockRows = 1, int blockSpans = 2)
        {
            _card = new KernelCard(target);
            _format = format;
            _rows = rows;
            Planes = rows <= 16 ? 2 : 1;
            _prepared = Values.Preparation(_card, InputForm.Halves, rows, Planes, Columns, isPermuted: false);
            _card.Launch("prepare", "prepare_inputs", new Dim3(1, rows), 96, 0, _card.Upload(Values.Normal(rows * Columns, 7)), Columns, Columns, 0UL, _prepared);
            _inputs = Values.Meant(_card, _prepared, rows, Columns);
            _layers = [new TiledLayer(_card, Format(format), FirstRows, Columns, 1, blockRows, blockSpans), new TiledLayer(_card, Format(format), secondRows, Columns, 2, blockRows, blockSpans)];
            _outputs = [_card.Allocate<float>(rows * OutputStride), _card.Allocate<float>(rows * OutputStride)];
        }

        internal int Planes { get; }

        internal int SharedBytes => 3 * ((8 * _layers[0].RowBytes / _layers[0].Groups) + (64 * 256));

        internal int Tiles(bool hasAll) => (_rows * Planes) switch
        {
            <= 8 => 1,
            _ when !hasAll => 8,
            <= 16 => 2,
            <= 32 => 4,
            _ => 8,
        };

        internal void Run(string file, string kernel, int tileRows, Dim3 grid, int threads, int shared, int chunk, bool gates = false)
        {
            var inputs = new LinearInputs
            {
                Planes = _prepared.Planes,
                Scales = _prepared.Scales,
                ScaleStride = _prepared.ScaleStride,
                Groups = _prepared.Groups,
                Count = _rows * Planes,
                Chunk = chunk,
                PerRow = Planes,
            };
            LinearPart first = _layers[0].Part(_outputs[0], OutputStride, 0);
            LinearPart second = _layers[1].Part(_outputs[1], OutputStride, (FirstRows + tileRows - 1) / tileRows);
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
                    float[] found = _card.Read<float>(_outputs[i] + (ulong)(row * OutputStride * sizeof(float)), _layers[i].Rows);
                    Values.AssertClose(expected[i], found, Tolerance, $"{_format}, layer {i}, row {row}");
                }
            }
        }
    }
}
