using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Cuda.Kernels;
using Octet.Tests.Reference;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Inputs of linear layers as operands: the CPU's codes bit for bit, or all bits that are promised.</summary>
public class PrepareTests
{
    // Two groups, the second short.
    const int Columns = 165;
    const int Stride = 192;
    const int Rows = 3;

    public static TheoryData<string> Targets => KernelCard.Targets;

    [Theory]
    [MemberData(nameof(Targets))]
    public void Codes_of_groups_are_those_of_the_CPU(string target) => AssertCodes(target, InputQuantization.Dynamic, InputForm.GroupCodes, "prepare_inputs");

    [Theory]
    [MemberData(nameof(Targets))]
    public void Codes_with_scales_of_powers_of_two_are_those_of_the_CPU(string target)
        => AssertCodes(target, new InputQuantization(0, 128, true), InputForm.GroupCodes, "prepare_inputs");

    [Theory]
    [MemberData(nameof(Targets))]
    public void Codes_with_a_scale_of_the_checkpoint_are_those_of_the_CPU(string target) => AssertCodes(target, InputQuantization.Static(0.0123f), InputForm.GivenCodes, "prepare_inputs");

    [Theory]
    [MemberData(nameof(Targets))]
    public void Codes_with_a_scale_of_the_row_and_a_bound_are_those_of_the_CPU(string target)
        => AssertCodes(target, new InputQuantization(0, 0, false, Bound: 2.5f), InputForm.GivenCodes, "prepare_rows");

    [Theory]
    [InlineData("sm_80", InputOrder.ForLanes, 2, 1e-6)]
    [InlineData("sm_89", InputOrder.ForLanes, 1, 5e-4)]
    [InlineData("sm_90a", InputOrder.ForProducts, 1, 5e-4)]
    [InlineData("sm_90a", InputOrder.AsTheyAre, 2, 1e-6)]
    public void Halves_add_up_to_the_input(string target, object order, int planes, double tolerance)
    {
        var card = new KernelCard(target);
        float[] x = Inputs();
        Preparation to = Values.Preparation(card, InputForm.Halves, Rows, planes, Columns, isPermuted: false) with { Order = (InputOrder)order };
        Prepare(card, x, to, "prepare_inputs");
        double[][] meant = Values.Meant(card, to, Rows, Columns);
        for (int i = 0; i < x.Length; i++)
        {
            // Of the largest of the group: small values have fewer bits.
            int first = i / Columns * Columns + (i % Columns / 128 * 128);
            float largest = x.Skip(first).Take(Math.Min(128, Columns - (i % Columns / 128 * 128))).Max(Math.Abs);
            Assert.True(Math.Abs(meant[i / Columns][i % Columns] - x[i]) <= tolerance * Math.Abs(x[i]) + (1e-7 * largest), $"[{i}] {meant[i / Columns][i % Columns]} of {x[i]}");
        }
    }

    [Theory]
    [InlineData("sm_80", 2, 1e-5)]
    [InlineData("sm_89", 3, 1e-7)]
    public void BFloats_add_up_to_the_input(string target, int planes, double tolerance)
    {
        var card = new KernelCard(target);
        float[] x = Inputs();
        Preparation to = Values.Preparation(card, InputForm.BFloats, Rows, planes, Columns, isPermuted: false);
        Prepare(card, x, to, "prepare_inputs");
        double[][] meant = Values.Meant(card, to, Rows, Columns);
        for (int i = 0; i < x.Length; i++)
        {
            Assert.True(Math.Abs(meant[i / Columns][i % Columns] - x[i]) <= tolerance * Math.Abs(x[i]), $"[{i}] {meant[i / Columns][i % Columns]} of {x[i]}");
        }
    }

    [Theory]
    [InlineData("sm_80", float.NaN)]
    [InlineData("sm_89", float.PositiveInfinity)]
    public void What_is_no_number_stays_none(string target, float value)
    {
        foreach (InputForm form in Enum.GetValues<InputForm>())
        {
            var card = new KernelCard(target);
            float[] x = Inputs();
            x[7] = value;
            Preparation to = Values.Preparation(card, form, Rows, 1, Columns, isPermuted: true) with { Scale = 1 };
            Prepare(card, x, to, "prepare_inputs");
            double found = Values.Meant(card, to, Rows, Columns)[0][7];
            Assert.True(!double.IsFinite(found), $"{form}: {found}");
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Codes_of_what_is_no_number_are_NaN(float value)
    {
        var card = new KernelCard("sm_90a");
        float[] x = Inputs();
        x[7] = value;
        Preparation to = Values.Preparation(card, InputForm.GivenCodes, Rows, 1, Columns, isPermuted: false) with { Order = InputOrder.AsCodes, Scale = 1 };
        Prepare(card, x, to, "prepare_inputs");
        Assert.Equal(0x7F, card.Read<byte>(to.Planes, 8)[7] & 0x7F);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Inputs_are_multiplied_with_factors_first(string target)
    {
        var card = new KernelCard(target);
        float[] x = Inputs();
        float[] factors = [.. Enumerable.Range(0, Columns).Select(i => 0.5f + (i / 100f))];
        Preparation to = Values.Preparation(card, InputForm.BFloats, Rows, 3, Columns, isPermuted: false);
        Prepare(card, x, to, "prepare_inputs", card.Upload(factors));
        double[][] meant = Values.Meant(card, to, Rows, Columns);
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal((double)(x[i] * factors[i % Columns]), meant[i / Columns][i % Columns], 1e-6 * Math.Abs(x[i]));
        }
    }

    static void AssertCodes(string target, InputQuantization rule, InputForm form, string kernel)
    {
        foreach (InputOrder order in (InputOrder[])[InputOrder.ForLanes, InputOrder.AsCodes])
        {
            var card = new KernelCard(target);
            float[] x = Inputs();
            Preparation to = Values.Preparation(card, form, Rows, 1, Columns, isPermuted: false) with { Order = order, Scale = rule.Scale, Bound = rule.Bound, PowerOfTwo = rule.PowerOfTwo ? 1 : 0 };
            Prepare(card, x, to, kernel);
            int count = Rows * to.Groups * 128;
            float[] planes = order == InputOrder.AsCodes
                ? [.. card.Read<byte>(to.Planes, count).Select(code => (float)E4M3.Decode(code))]
                : [.. card.Read<ushort>(to.Planes, count).Select(bits => (float)BitConverter.UInt16BitsToHalf(bits))];
            float[] scales = card.Read<float>(to.Scales, to.ScaleStride * to.Groups);
            for (int row = 0; row < Rows; row++)
            {
                float[] codes = new float[256];
                float[] expected = new float[to.Groups];
                ActivationQuantizer.Quantize(x.AsSpan(row * Columns, Columns), rule, codes, expected);
                for (int i = 0; i < 256; i++)
                {
                    float found = planes[(row * to.Groups * 128) + (i / 128 * 128) + Values.Place(i % 128, order)];
                    Assert.Equal(BitConverter.SingleToUInt32Bits(codes[i]), BitConverter.SingleToUInt32Bits(found));
                    Assert.Equal(expected[i / 128], scales[(i / 128 * to.ScaleStride) + row]);
                }
            }
        }
    }

    static void Prepare(KernelCard card, float[] x, Preparation to, string kernel, ulong factors = 0)
    {
        ulong address = card.Upload(Values.Rows(x, Columns, Stride));
        Dim3 grid = kernel == "prepare_rows" ? new Dim3(Rows) : new Dim3(1, Rows);
        card.Launch("prepare", kernel, grid, 64, 0, address, Stride, Columns, factors, to);
    }

    // Normal values over many magnitudes, halfway cases among them.
    static float[] Inputs()
    {
        float[] x = Values.Normal(Rows * Columns, 5);
        for (int i = 0; i < x.Length; i++)
        {
            x[i] *= i % 3 == 0 ? MathF.Pow(2, -(i % 14)) : 1;
        }

        // Of a row whose scale is 1 / 16: codes in the middle between neighbours, and beyond all.
        x[Columns] = 28;
        x[Columns + 1] = 17f / 16;
        x[Columns + 2] = 19f / 16;
        x[Columns + 3] = -1f / 16 / 1024;
        x[Columns + 4] = 0;
        return x;
    }
}
