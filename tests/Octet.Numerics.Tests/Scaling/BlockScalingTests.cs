using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Octet.Testing;

namespace Octet.Numerics.Tests;

public class BlockScalingTests
{
    [Theory]
    [InlineData("qwen3-4b-fine-grained-f16", "weight_scale_inv", 128, 128)]
    [InlineData("llama-dynamic-per-channel", "weight_scale", 1, 256)]
    [InlineData("ministral-per-tensor", "weight_scale_inv", 256, 256)]
    public void A_published_checkpoint_widens_to_what_pytorch_makes_of_it(string file, string scale, int blockRows, int blockColumns)
    {
        Dictionary<string, (string Type, byte[] Data)> tensors = Read(Fixtures.Path("fp8-slices", file + ".safetensors"));
        (string scaleType, byte[] scaleData) = tensors["layer." + scale];
        float[] scales = [.. Words(scaleData).Select(word =>
            DataTypes.Parse(scaleType) == DataType.BFloat16 ? BFloat16.FromBits(word) : (float)BitConverter.UInt16BitsToHalf(word))];
        Float8E4M3FN[] codes = [.. tensors["layer.weight"].Data.Select(Float8E4M3FN.FromBits)];
        BFloat16[] result = new BFloat16[codes.Length];

        BlockScaling.Dequantize<Float8E4M3FN>(codes, scales, new BlockShape(256, 256, blockRows, blockColumns), result);

        Assert.Equal(Words(tensors["expected"].Data), result.Select(value => value.ToBits()));

        // The scales as they are stored, without widening them first.
        result.AsSpan().Clear();
        var shape = new BlockShape(256, 256, blockRows, blockColumns);
        if (DataTypes.Parse(scaleType) == DataType.BFloat16)
        {
            BlockScaling.Dequantize<Float8E4M3FN, BFloat16>(codes, MemoryMarshal.Cast<byte, BFloat16>(scaleData), shape, result);
        }
        else
        {
            BlockScaling.Dequantize<Float8E4M3FN, Half>(codes, MemoryMarshal.Cast<byte, Half>(scaleData), shape, result);
        }

        Assert.Equal(Words(tensors["expected"].Data), result.Select(value => value.ToBits()));
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(16, 16)]
    [InlineData(33, 100)]
    public void With_its_own_scales_a_matrix_rounded_to_bfloat16_gives_its_codes_again(int blockRows, int blockColumns)
    {
        var random = new Random(12);
        var shape = new BlockShape(33, 100, blockRows, blockColumns);
        var codes = new Float8E4M3FN[33 * 100];
        for (int i = 0; i < codes.Length; i++)
        {
            int bits = random.Next(254);
            codes[i] = Float8E4M3FN.FromBits((byte)(bits < 127 ? bits : bits + 1));
        }

        float[] scales = [.. Enumerable.Range(0, shape.ScaleRows * shape.ScaleColumns).Select(_ => 0.001f + random.NextSingle())];
        var wide = new BFloat16[codes.Length];
        float[] values = new float[codes.Length];
        BlockScaling.Dequantize<Float8E4M3FN, float>(codes, scales, shape, wide);
        BFloat16.ConvertToSingle(wide, values);

        var again = new Float8E4M3FN[codes.Length];
        BlockScaling.QuantizeWith<Float8E4M3FN, float>(values, scales, shape, again);

        Assert.Equal(codes.Select(code => code.ToBits()), again.Select(code => code.ToBits()));
    }

    [Fact]
    public void Given_scales_saturate_and_zero_makes_zeros()
    {
        var shape = new BlockShape(2, 2, 1, 2);
        var codes = new Float8E4M3FN[4];
        BlockScaling.QuantizeWith<Float8E4M3FN, float>([1000, -1, 5, -7], [1, 0], shape, codes);
        Assert.Equal([448, -1, 0, -0f], codes.Select(code => (float)code));
        Assert.Throws<ArgumentException>(() => BlockScaling.QuantizeWith<Float8E4M3FN, float>([1, 1, 1, 1], [1, -1], shape, codes));
        Assert.Throws<ArgumentException>(() => BlockScaling.QuantizeWith<Float8E4M3FN, float>([1, 1, 1, 1], [float.NaN, 1], shape, codes));
        Assert.Throws<ArgumentException>(() => BlockScaling.QuantizeWith<Float8E4M3FN, float>([1, float.PositiveInfinity, 1, 1], [1, 1], shape, codes));
    }

    public static TheoryData<int, int, int, int> Shapes => new()
    {
        { 5, 7, 2, 3 }, { 128, 256, 128, 128 }, { 130, 300, 128, 128 }, { 3, 600, 1, 600 }, { 4, 5, 100, 100 },
        { 1, 1, 1, 1 }, { 2, 33, int.MaxValue, int.MaxValue }, { 0, 4, 2, 2 }, { 4, 0, 2, 2 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Every_value_is_its_code_times_the_scale_of_its_block(int rows, int columns, int blockRows, int blockColumns)
    {
        var random = new Random(8);
        var shape = new BlockShape(rows, columns, blockRows, blockColumns);
        var codes = new Float8E4M3FN[rows * columns];
        var scales = new float[(int)(Math.Ceiling((double)rows / blockRows) * Math.Ceiling((double)columns / blockColumns))];
        Assert.Equal(scales.Length, shape.ScaleRows * shape.ScaleColumns);
        for (int i = 0; i < codes.Length; i++)
        {
            codes[i] = Float8E4M3FN.FromBits((byte)random.Next(256));
        }

        for (int i = 0; i < scales.Length; i++)
        {
            scales[i] = random.NextSingle();
        }

        var wide = new float[codes.Length];
        var narrow = new BFloat16[codes.Length];
        BlockScaling.Dequantize<Float8E4M3FN>(codes, scales, shape, wide);
        BlockScaling.Dequantize<Float8E4M3FN>(codes, scales, shape, narrow);

        int scaleColumns = (int)Math.Ceiling((double)columns / blockColumns);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                int at = (row * columns) + column;
                float product = (float)ExactFormat.Float8E4M3FN.Value(codes[at].ToBits()) * scales[(row / blockRows * scaleColumns) + (column / blockColumns)];
                Assert.Equal(product, wide[at]);
                Assert.Equal((float)ExactFormat.BFloat16.Value(ExactFormat.BFloat16.Round(product)), narrow[at]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Quantizing_scales_the_largest_of_a_block_to_the_largest_code(int rows, int columns, int blockRows, int blockColumns)
    {
        var random = new Random(9);
        var shape = new BlockShape(rows, columns, blockRows, blockColumns);
        float[] values = [.. Enumerable.Range(0, rows * columns).Select(_ => (random.NextSingle() - 0.5f) * MathF.Exp(random.Next(-8, 8)))];
        var codes = new Float8E4M3FN[values.Length];
        var scales = new float[shape.ScaleRows * shape.ScaleColumns];

        BlockScaling.Quantize<Float8E4M3FN>(values, shape, codes, scales);

        var largest = new float[scales.Length];
        for (int at = 0; at < values.Length; at++)
        {
            int block = (at / columns / blockRows * shape.ScaleColumns) + (at % columns / blockColumns);
            largest[block] = Math.Max(largest[block], Math.Abs(values[at]));
            Assert.Equal(ExactFormat.Float8E4M3FN.Round(values[at] / scales[block], OverflowMode.Saturate), codes[at].ToBits());
        }

        Assert.Equal(largest.Select(max => max / 448), scales);
    }

    [Fact]
    public void A_block_of_zeros_gets_a_scale_that_is_finite_and_above_zero()
    {
        float[] scales = new float[2];
        var codes = new Float8E4M3FN[4];
        BlockScaling.Quantize<Float8E4M3FN>([0, -0f, float.Epsilon, -float.Epsilon], new BlockShape(2, 2, 1, 2), codes, scales);
        Assert.All(scales, scale => Assert.True(float.IsFinite(scale) && scale > 0));
        float[] back = new float[4];
        BlockScaling.Dequantize<Float8E4M3FN>(codes, scales, new BlockShape(2, 2, 1, 2), back);
        Assert.Equal([0, 0, float.Epsilon, -float.Epsilon], back);
    }

    [Fact]
    public void The_usual_shapes_have_names()
    {
        Assert.Equal((1, 1), Scales(BlockShape.PerTensor(3, 5)));
        Assert.Equal((3, 1), Scales(BlockShape.PerRow(3, 5)));
        Assert.Equal((1, 5), Scales(BlockShape.PerColumn(3, 5)));
        Assert.Equal((3, 2), Scales(BlockShape.PerGroup(3, 5, 4)));
        Assert.Equal((0, 0), Scales(BlockShape.PerTensor(0, 0)));

        static (int, int) Scales(BlockShape shape) => (shape.ScaleRows, shape.ScaleColumns);
    }

    [Fact]
    public void Scales_of_any_type_are_decoded_exactly()
    {
        CheckScales<float>([0.1f, 3e-39f]);
        CheckScales<Half>([(Half)0.1f, Half.Epsilon]);
        CheckScales<BFloat16>([(BFloat16)0.1f, BFloat16.Epsilon]);
        CheckScales<Float8E4M3FN>([(Float8E4M3FN)448f, Float8E4M3FN.Epsilon]);
        CheckScales<Float8E8M0FNU>([Float8E8M0FNU.MinValue, (Float8E8M0FNU)0.25f]);

        static void CheckScales<TScale>(TScale[] scales)
            where TScale : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<TScale>
        {
            Float8E5M2[] codes = [(Float8E5M2)1.75f, (Float8E5M2)(-3f), Float8E5M2.Epsilon];
            float[] wide = new float[3];
            var narrow = new BFloat16[3];
            BlockScaling.Dequantize<Float8E5M2, TScale>(codes, scales, BlockShape.PerGroup(1, 3, 2), wide);
            BlockScaling.Dequantize<Float8E5M2, TScale>(codes, scales, BlockShape.PerGroup(1, 3, 2), narrow);
            double[] exact = [1.75, -3, Math.ScaleB(1, -16)];
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal((float)(exact[i] * double.CreateChecked(scales[i / 2])), wide[i]);
                Assert.Equal(ExactFormat.BFloat16.Round(wide[i]), narrow[i].ToBits());
            }
        }
    }

    [Fact]
    public void Scales_are_stored_in_their_type_and_elements_rounded_by_what_is_stored()
    {
        var random = new Random(3);
        float[] values = [.. Enumerable.Range(0, 512).Select(i => (random.NextSingle() - 0.5f) * MathF.Exp(i / 16))];
        var codes = new Float8E4M3FN[512];
        var scales = new BFloat16[32];
        BlockScaling.Quantize<Float8E4M3FN, BFloat16>(values, BlockShape.PerGroup(8, 64, 16), codes, scales);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(ExactFormat.BFloat16.Round(values[(i / 16 * 16)..((i / 16 * 16) + 16)].Max(Math.Abs) / 448), scales[i / 16].ToBits());
            Assert.Equal(ExactFormat.Float8E4M3FN.Round(values[i] / (float)scales[i / 16], OverflowMode.Saturate), codes[i].ToBits());
        }
    }

    [Fact]
    public void A_scale_type_that_does_not_reach_gives_its_smallest_or_largest()
    {
        var codes = new Float8E4M3FN[4];
        var scales = new Half[2];
        BlockScaling.Quantize<Float8E4M3FN, Half>([1e-30f, 0, float.MaxValue, -1], BlockShape.PerRow(2, 2), codes, scales);
        Assert.Equal([Half.Epsilon, Half.MaxValue], scales);
        Assert.Equal([0, 0, 0x7E, 0x80], codes.Select(code => (int)code.ToBits()));
    }

    // DeepSeek-V3.1, scale_fmt "ue8m0": the ratio rounded up to a power of two, kept in float32. Of the largest float it would be 2^120, which
    // makes the code 256 infinite.
    [Theory]
    [InlineData(448f, 1f)]
    [InlineData(448.0001f, 2f)]
    [InlineData(449f, 2f)]
    [InlineData(224f, 0.5f)]
    [InlineData(1f, 0.00390625f)]
    [InlineData(1e-45f, 5.877472E-39f)]
    [InlineData(float.MaxValue, 6.64614E35f)]
    public void Scales_that_are_powers_of_two_are_the_ratio_rounded_up(float largest, float expected)
    {
        float[] scales = new float[1];
        var codes = new Float8E4M3FN[2];
        BlockScaling.Quantize<Float8E4M3FN, float>([largest, 0], BlockShape.PerTensor(1, 2), codes, scales, ScaleRule.PowerOfTwoCeiling);
        Assert.Equal(expected, scales[0]);
        Assert.Equal(ExactFormat.Float8E4M3FN.Round((double)largest / expected, OverflowMode.Saturate), codes[0].ToBits());
    }

    [Theory]
    [InlineData(ScaleRule.Ratio)]
    [InlineData(ScaleRule.PowerOfTwoFloor)]
    [InlineData(ScaleRule.PowerOfTwoCeiling)]
    [InlineData(ScaleRule.PowerOfTwoRounded)]
    public void A_scale_is_never_so_large_that_a_code_times_it_is_infinite(ScaleRule rule)
    {
        for (uint bits = BitConverter.SingleToUInt32Bits(float.MaxValue / 2); bits <= BitConverter.SingleToUInt32Bits(float.MaxValue); bits += 0x1357)
        {
            float largest = BitConverter.UInt32BitsToSingle(bits);
            Check<Float8E4M3FN, float>(448, largest);
            Check<Float8E4M3FN, BFloat16>(448, largest);
            Check<Float8E4M3FN, Float8E8M0FNU>(448, largest);
            Check<Float4E2M1FN, Float8E8M0FNU>(6, largest);
            Check<Float4E2M1FN, BFloat16>(6, largest);
        }

        void Check<T, TScale>(float max, float largest)
            where T : unmanaged, ISmallFloat<T>
            where TScale : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<TScale>, System.Numerics.IMinMaxValue<TScale>
        {
            TScale[] scale = new TScale[1];
            BlockScaling.Quantize<T, TScale>([largest], BlockShape.PerTensor(1, 1), new T[1], scale, rule);
            float found = float.CreateChecked(scale[0]);
            Assert.True(found > 0 && float.IsFinite(found * max), $"{typeof(T).Name} and {typeof(TScale).Name}, {largest:R}: {found:R}");
            Assert.True(rule == ScaleRule.Ratio || float.IsPow2(found));
        }
    }

    [Fact]
    public void The_largest_float_stays_finite()
    {
        float[] scales = new float[1];
        var codes = new Float8E4M3FN[2];
        BlockScaling.Quantize<Float8E4M3FN>([float.MaxValue, -float.MaxValue], new BlockShape(1, 2, 1, 2), codes, scales);
        Assert.Equal([0x7E, 0xFE], codes.Select(code => (int)code.ToBits()));
        Assert.True(float.IsFinite(scales[0]));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_dequantized_matrix_has_the_same_codes_again_and_is_near_its_values(int rows, int columns, int blockRows, int blockColumns)
    {
        var random = new Random(10);
        var shape = new BlockShape(rows, columns, blockRows, blockColumns);
        float[] values = [.. Enumerable.Range(0, rows * columns).Select(_ => (random.NextSingle() - 0.5f) * MathF.Exp(random.Next(-8, 8)))];
        Check(ScaleRule.Ratio);
        Check(ScaleRule.PowerOfTwoCeiling);

        void Check(ScaleRule rule)
        {
            var codes = new Float8E4M3FN[values.Length];
            var again = new Float8E4M3FN[values.Length];
            var scales = new float[shape.ScaleRows * shape.ScaleColumns];
            float[] back = new float[values.Length];
            BlockScaling.Quantize<Float8E4M3FN, float>(values, shape, codes, scales, rule);
            BlockScaling.Dequantize<Float8E4M3FN>(codes, scales, shape, back);
            for (int i = 0; i < values.Length; i++)
            {
                float scale = scales[(i / columns / blockRows * shape.ScaleColumns) + (i % columns / blockColumns)];
                again[i] = Float8E4M3FN.FromDouble((double)back[i] / scale, OverflowMode.Saturate);

                // Half of a step of 1/8, or of the subnormal step; a little for the rounding of quotient and product.
                Assert.Equal(values[i], back[i], Math.Max(Math.Abs(values[i]) / 16, scale / 1024) * 1.00001);
            }

            Assert.Equal(codes.Select(code => code.ToBits()), again.Select(code => code.ToBits()));
        }
    }

    [Fact]
    public void Nothing_is_written_where_a_value_cannot_be_quantized()
    {
        Float8E4M3FN[] codes = [.. Enumerable.Repeat(Float8E4M3FN.One, 4)];
        float[] scales = [7, 7];
        Assert.Throws<ArgumentException>(() => BlockScaling.Quantize<Float8E4M3FN>([2, 2, 2, float.NaN], BlockShape.PerRow(2, 2), codes, scales));
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockScaling.Quantize<Float8E4M3FN, float>([2, 2, 2, 2], BlockShape.PerRow(2, 2), codes, scales, (ScaleRule)4));
        Assert.All(codes, code => Assert.Equal(1, (float)code));
        Assert.Equal([7, 7], scales);
    }

    [Fact]
    public void What_cannot_be_quantized_is_named_by_row_and_column()
    {
        float[] values = [1, 2, 3, 4, 5, float.NaN];
        string message = Assert.Throws<ArgumentException>(() =>
            BlockScaling.Quantize(values, new BlockShape(2, 3, 1, 2), new Float8E4M3FN[6].AsSpan(), new float[4])).Message;
        Assert.StartsWith("the value at row 1, column 2 is NaN", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Spans_that_do_not_fit_the_shape_are_refused()
    {
        var shape = new BlockShape(2, 3, 2, 2);
        var codes = new Float8E4M3FN[6];
        Assert.Contains("expected 1 x 2", Assert.Throws<ArgumentException>(() => BlockScaling.Dequantize<Float8E4M3FN>(codes, new float[1], shape, new float[6])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => BlockScaling.Dequantize<Float8E4M3FN>(codes, new float[2], shape, new float[5]));
        Assert.Throws<ArgumentException>(() => BlockScaling.Dequantize<Float8E4M3FN>(codes.AsSpan(1), new float[2], shape, new float[6]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockShape(2, 3, 0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockShape(-1, 3, 1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockShape(1 << 20, 1 << 20, 1, 2));
    }

    static Dictionary<string, (string Type, byte[] Data)> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int start = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, start - 8));
        return header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__").ToDictionary(
            entry => entry.Name,
            entry =>
            {
                int[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt32())];
                return (entry.Value.GetProperty("dtype").GetString()!, file[(start + offsets[0])..(start + offsets[1])]);
            });
    }

    static ushort[] Words(byte[] data) =>
        [.. Enumerable.Range(0, data.Length / 2).Select(i => BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(2 * i)))];
}
