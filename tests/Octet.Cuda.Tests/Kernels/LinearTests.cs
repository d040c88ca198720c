using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// Linear layers of few tokens against sums in double precision of the operands that they were given: two layers of ragged shapes that share an input of ragged width.
/// </summary>
public class LinearTests
{
    // Tiles of 16 and 128 rows end early; of the three groups the last is short.
    const int FirstRows = 133;
    const int SecondRows = 20;
    const int Columns = 300;

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

            foreach ((string format, int rows) in ((string, int)[])[("e4m3", 6), ("e4m3", 20), ("bf16", 5), ("bf16", 9), ("bf16", 15), ("e5m2", 9), ("f16", 9)])
            {
                data.Add("sm_89", format, rows);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Few))]
    public void Few_tokens_are_multiplied_with_all_layers_of_a_launch(string target, string format, int rows)
    {
        LinearLayers layers = Layers(target, format, rows, quantised: false);
        int columns = rows * layers.Planes;
        int tiles = columns <= 8 ? 1 : columns > 16 || format is "e5m2" or "f16" ? 4 : 2;
        Run(layers, "linear_few", $"linear_few_{format}_{tiles}", 16, new Dim3((FirstRows + 15) / 16 + (SecondRows + 15) / 16), 3 * 32, 3 * Values.RingBytes, chunk: tiles * 8 / layers.Planes * layers.Planes);
        layers.AssertOutputs(Tolerance);
    }

    [Fact]
    public void Columns_beyond_one_block_are_those_of_the_next()
    {
        LinearLayers layers = Layers("sm_89", "e4m3", 11, quantised: true);
        Run(layers, "linear_few", "linear_few_e4m3_1", 16, new Dim3((FirstRows + 15) / 16 + (SecondRows + 15) / 16, 2), 2 * 32, 2 * Values.RingBytes, chunk: 8);
        layers.AssertOutputs(Tolerance);
    }

    [Theory]
    [InlineData("sm_80", "e4m3", 3)]
    [InlineData("sm_89", "e4m3", 9)]
    [InlineData("sm_89", "bf16", 2)]
    public void Two_layers_of_the_same_shape_gate_each_other(string target, string format, int rows)
    {
        LinearLayers layers = Layers(target, format, rows, quantised: false, secondRows: FirstRows);
        int columns = rows * layers.Planes;
        int tiles = columns <= 8 ? 1 : columns <= 16 ? 2 : 4;
        Run(layers, "linear_few", $"linear_few_gated_{format}_{tiles}", 16, new Dim3((FirstRows + 15) / 16), 4 * 32, 4 * Values.RingBytes, chunk: tiles * 8 / layers.Planes * layers.Planes, gates: true);
        layers.AssertOutputs(Tolerance, (gate, up) => gate / (1 + Math.Exp(-gate)) * up);
    }

    /// <summary>Two layers with their input.</summary>
    static LinearLayers Layers(string target, string format, int rows, bool quantised, int secondRows = SecondRows)
    {
        int planes = quantised ? 1 : format == "bf16" ? rows <= 8 ? 3 : 2 : rows <= 16 ? 2 : 1;
        InputForm form = quantised ? InputForm.GroupCodes : format == "bf16" ? InputForm.BFloats : InputForm.Halves;
        InputOrder order = format.StartsWith('e') ? InputOrder.ForLanes : InputOrder.AsTheyAre;
        return new LinearLayers(new KernelCard(target), format, rows, form, planes, order, Columns, (FirstRows, 100), (secondRows, 1));
    }

    static void Run(LinearLayers layers, string file, string kernel, int tileRows, Dim3 grid, int threads, int shared, int chunk, bool gates = false)
    {
        LinearPart[] parts = layers.Parts(tileRows);
        if (gates)
        {
            layers.Card.Launch(file, kernel, grid, threads, shared, parts[0], parts[1], layers.Inputs(chunk), new GatingParameters());
        }
        else
        {
            layers.Card.Launch(file, kernel, grid, threads, shared, parts[0], parts[1], parts[2], layers.Inputs(chunk));
        }
    }
}
