using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Layers in float32 against sums in double precision.</summary>
public class PlainTests
{
    const int Outputs = 21;
    const int Columns = 300;
    const int Rows = 9;
    const int OutputStride = 32;

    [Theory]
    [InlineData("sm_80", false)]
    [InlineData("sm_89", true)]
    [InlineData("sm_90a", false)]
    public void Float32_weights_keep_all_of_their_bits(string target, bool hasFactors)
    {
        var card = new KernelCard(target);
        float[] x = Values.Normal(Rows * Columns, 4);
        float[] factors = Values.Normal(Columns, 6);
        var inputs = new PlainInputs
        {
            Rows = card.Upload(Values.Rows(x, Columns, 320)),
            Factors = hasFactors ? card.Upload(Values.Rows(factors, Columns, 384)) : 0,
            Stride = 320,
            Count = Rows,
        };
        AssertProducts(card, "linear_plain_rows", inputs, (row, column) => (double)x[(row * Columns) + column] * (hasFactors ? factors[column] : 1));
    }

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    public void They_meet_codes_with_the_codes_scales(string target)
    {
        var card = new KernelCard(target);
        Preparation prepared = Values.Preparation(card, InputForm.GroupCodes, Rows, 1, Columns, isPermuted: false);
        card.Launch("prepare", "prepare_inputs", new Dim3(1, Rows), 96, 0, card.Upload(Values.Normal(Rows * Columns, 7)), Columns, Columns, 0UL, prepared);
        double[][] meant = Values.Meant(card, prepared, Rows, Columns);
        var inputs = new CodedInputs { Planes = prepared.Planes, Scales = prepared.Scales, ScaleStride = prepared.ScaleStride, Groups = prepared.Groups, Count = Rows };
        AssertProducts(card, "linear_plain_codes", inputs, (row, column) => meant[row][column]);
    }

    static void AssertProducts(KernelCard card, string kernel, object inputs, Func<int, int, double> input)
    {
        float[] weight = Values.Normal(Outputs * Columns, 3);
        float[] bias = Values.Normal(Outputs, 5);
        ulong output = card.Allocate<float>(Rows * OutputStride);
        var layer = new PlainLayer
        {
            Weight = card.Upload(Values.Rows(weight, Columns, 384)),
            Bias = card.Upload(bias),
            Output = output,
            RowFloats = 384,
            OutputStride = OutputStride,
            Outputs = Outputs,
            Columns = Columns,
        };
        card.Launch("linear_plain", kernel, new Dim3(3, 2), 256, 0, layer, inputs);
        for (int row = 0; row < Rows; row++)
        {
            double[] expected = [.. Enumerable.Range(0, Outputs).Select(i => bias[i] + Enumerable.Range(0, Columns).Sum(column => weight[(i * Columns) + column] * input(row, column)))];
            Values.AssertClose(expected, card.Read<float>(output + (ulong)(row * OutputStride * sizeof(float)), Outputs), 1e-6, $"row {row}");
        }
    }
}
