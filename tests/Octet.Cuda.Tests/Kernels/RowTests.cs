using Octet.Cuda.Kernels;
using Octet.Numerics;
using Octet.Tests.Reference;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Embedding, norms, gates and copies of rows, against their definitions in double precision.</summary>
public class RowTests
{
    const int Rows = 3;

    public static TheoryData<string> Targets => KernelCard.Targets;

    [Theory]
    [InlineData("sm_80", 165, true)]
    [InlineData("sm_80", 1030, true)]
    [InlineData("sm_89", 165, false)]
    [InlineData("sm_90a", 1030, true)]
    public void A_norm_adds_what_there_is_to_add_and_norms_the_sum(string target, int columns, bool adds)
    {
        var card = new KernelCard(target);
        int stride = (columns + 31) / 32 * 32;
        float[] residual = Values.Normal(Rows * columns, 1);
        float[] delta = Values.Normal(Rows * columns, 2);
        float[] norm = Values.Normal(columns, 3);
        ulong stream = card.Upload(Values.Rows(residual, columns, stride));
        ulong output = card.Upload(new float[Rows * stride]);
        Preparation to = Values.Preparation(card, InputForm.GroupCodes, Rows, 1, columns, isPermuted: true);
        int threads = (columns + 255) / 256 * 32;
        card.Launch("norm", "add_rms_norm", Rows, threads, 0,
            stream, adds ? card.Upload(Values.Rows(delta, columns, stride)) : 0UL, card.Upload(Values.Rows(norm, columns, (columns + 127) / 128 * 128)), output, stride, stride, stride, columns, 1e-3f, to);
        for (int row = 0; row < Rows; row++)
        {
            float[] sum = [.. Enumerable.Range(row * columns, columns).Select(i => adds ? residual[i] + delta[i] : residual[i])];
            Assert.Equal(sum, card.Read<float>(stream + (ulong)(row * stride * 4), columns));
            double length = Math.Sqrt(sum.Sum(value => (double)value * value) / columns + 1e-3);
            Values.AssertClose([.. sum.Select((value, i) => value / length * norm[i])], card.Read<float>(output + (ulong)(row * stride * 4), columns), 5e-7, $"row {row}");
        }

        // What it prepares is what the kernel for that makes of its outputs.
        Preparation alone = Values.Preparation(card, InputForm.GroupCodes, Rows, 1, columns, isPermuted: true);
        card.Launch("prepare", "prepare_inputs", new Dim3(1, Rows), 64, 0, output, stride, columns, 0UL, alone);
        int count = Rows * to.Groups * 128;
        Assert.Equal(card.Read<ushort>(alone.Planes, count), card.Read<ushort>(to.Planes, count));
        Assert.Equal(card.Read<float>(alone.Scales, to.ScaleStride * to.Groups), card.Read<float>(to.Scales, to.ScaleStride * to.Groups));
    }

    [Theory]
    [InlineData("sm_80", "e4m3")]
    [InlineData("sm_89", "e4m3")]
    [InlineData("sm_89", "e5m2")]
    [InlineData("sm_90a", "f16")]
    [InlineData("sm_90a", "bf16")]
    [InlineData("sm_80", "f32")]
    public void Rows_of_a_table_are_widened_and_multiplied_with_their_scales(string target, string format)
    {
        const int Columns = 150;
        var card = new KernelCard(target);
        int bytes = format is "e4m3" or "e5m2" ? 1 : format == "f32" ? 4 : 2;
        byte[] data = new byte[5 * 256 * bytes];
        var random = new Random(1);
        double[] values = new double[5 * Columns];
        for (int i = 0; i < values.Length; i++)
        {
            int at = ((i / Columns * 256) + (i % Columns)) * bytes;
            float value = (float)(random.NextDouble() - 0.5);
            switch (format)
            {
                case "e4m3" or "e5m2":
                    data[at] = (byte)(random.Next(0x7C) | (i % 2 << 7));
                    values[i] = WeightScheme.Values(format == "e4m3" ? DataType.Float8E4M3FN : DataType.Float8E5M2)[data[at]];
                    break;
                case "f16":
                    BitConverter.TryWriteBytes(data.AsSpan(at), (Half)value);
                    values[i] = (double)(Half)value;
                    break;
                case "bf16":
                    BitConverter.TryWriteBytes(data.AsSpan(at), Values.BFloatBits(value));
                    values[i] = Values.BFloat(value);
                    break;
                default:
                    BitConverter.TryWriteBytes(data.AsSpan(at), value);
                    values[i] = value;
                    break;
            }
        }

        float[] scales = [0.5f, 3, 0.25f, 7, 2, 0.125f];
        int[] ids = [4, 0, 3, 4];
        ulong output = card.Allocate<float>(ids.Length * 160);
        var table = new Table
        {
            Data = card.Upload(data),
            Scales = bytes == 1 ? card.Upload(scales) : 0,
            RowBytes = (ulong)(256 * bytes),
            BlockRows = 2,
            BlockColumns = 128,
            ScaleStride = 2,
            Factor = 3,
        };
        card.Launch("embed", $"embed_{format}", ids.Length, 64, 0, table, card.Upload(ids), output, 160, Columns);
        for (int row = 0; row < ids.Length; row++)
        {
            double[] expected = [.. Enumerable.Range(0, Columns).Select(i => values[(ids[row] * Columns) + i] * 3 * (bytes == 1 ? scales[(ids[row] / 2 * 2) + (i / 128)] : 1))];
            Values.AssertClose(expected, card.Read<float>(output + (ulong)(row * 160 * 4), Columns), 1e-7, $"{format}, row {row}");
        }
    }

    [Theory]
    [InlineData("sm_80", 0)]
    [InlineData("sm_89", 1)]
    [InlineData("sm_90a", 2)]
    [InlineData("sm_89", 3)]
    public void Gates_are_their_functions(string target, int kind)
    {
        const int Columns = 300;
        var card = new KernelCard(target);
        float[] gates = Values.Normal(2 * Columns, 1, 3);
        float[] ups = Values.Normal(2 * Columns, 2, 3);
        gates[5] = 0;
        gates[6] = -40;
        gates[7] = 40;
        ulong gate = card.Upload(Values.Rows(gates, Columns, 320));
        card.Launch("rows", "gate", new Dim3(2, 2), 256, 0, gate, card.Upload(Values.Rows(ups, Columns, 320)), 320, 320, Columns, new GatingParameters { Kind = kind, Alpha = 1.7f, Limit = 2.5f });
        for (int row = 0; row < 2; row++)
        {
            double[] expected = [.. Enumerable.Range(row * Columns, Columns).Select(i => Gate(kind, gates[i], ups[i]))];
            Values.AssertClose(expected, card.Read<float>(gate + (ulong)(row * 320 * 4), Columns), 1e-6, $"kind {kind}, row {row}");
        }
    }

    [Fact]
    public void Rows_are_gathered_in_the_order_that_is_asked_for()
    {
        var card = new KernelCard("sm_80");
        float[] source = Values.Normal(5 * 40, 1);
        ulong output = card.Allocate<float>(3 * 64);
        card.Launch("rows", "gather", 3, 32, 0, card.Upload(Values.Rows(source, 40, 64)), card.Upload(4, 0, 2), output, 64, 64, 40);
        Assert.Equal(source[160..200], card.Read<float>(output, 40));
        Assert.Equal(source[..40], card.Read<float>(output + 256, 40));
        Assert.Equal(source[80..120], card.Read<float>(output + 512, 40));
    }

    [Fact]
    public void Pieces_of_groups_go_to_their_part()
    {
        // Three groups of a piece of 4 and one of 2.
        var card = new KernelCard("sm_80");
        float[] input = Values.Normal(2 * 18, 1);
        ulong source = card.Upload(Values.Rows(input, 18, 32));
        ulong output = card.Upload(new float[64]);
        card.Launch("rows", "ungroup", new Dim3(1, 2), 32, 0, source, output, 32, 32, 2, 6, 4, 6);
        Assert.Equal([input[18 + 4], input[18 + 5], input[18 + 10], input[18 + 11], input[18 + 16], input[18 + 17]], card.Read<float>(output + 128, 6));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void Outputs_are_gated_by_columns_of_their_own_or_by_one(int step)
    {
        var card = new KernelCard("sm_80");
        float[] states = Values.Normal(2 * 40, 1);
        float[] gates = Values.Normal(2 * 40, 2);
        ulong output = card.Upload(Values.Rows(states, 40, 64));
        card.Launch("rows", "gate_output", new Dim3(1, 2), 64, 0, output, card.Upload(Values.Rows(gates, 40, 64)), 64, 64, 40, step);
        double[] expected = [.. Enumerable.Range(40, 40).Select(i => states[i] / (1 + Math.Exp(-gates[step == 0 ? 40 : i])))];
        Values.AssertClose(expected, card.Read<float>(output + 256, 40), 1e-6, "row 1");
    }

    static double Gate(int kind, double gate, double up)
    {
        double Logistic(double x) => 1 / (1 + Math.Exp(-x));
        switch (kind)
        {
            case 0: return gate * Logistic(gate) * up;
            case 1: return gate * (1 + Erf(gate / Math.Sqrt(2))) / 2 * up;
            case 2: return gate * Logistic(2 * Math.Sqrt(2 / Math.PI) * (gate + (0.044715 * gate * gate * gate))) * up;
            default:
                gate = Math.Min(gate, 2.5);
                return gate * Logistic(1.7f * gate) * (Math.Clamp(up, -2.5, 2.5) + 1);
        }
    }

    /// <summary>The error function by its integral: Simpson's rule in steps that leave 1e-12.</summary>
    internal static double Erf(double x)
    {
        double end = Math.Clamp(x, -7, 7);
        const int Steps = 2000;
        double step = end / Steps;
        double sum = 0;
        for (int i = 0; i <= Steps; i++)
        {
            sum += (i is 0 or Steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-(i * step) * (i * step));
        }

        return sum * step / 3 * 2 / Math.Sqrt(Math.PI);
    }
}
