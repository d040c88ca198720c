namespace Octet.Numerics.Tests;

public class Nvfp4Tests
{
    static readonly ExactFormat s_element = ExactFormat.Float4E2M1FN;
    static readonly ExactFormat s_scale = ExactFormat.Float8E4M3FN;

    [Fact]
    public void A_block_by_hand_in_both_conventions()
    {
        // amax 12: global 448 * 6 / 12 = 224, or its reciprocal. Block scales: 224 * 12 / 6 = 448, then 224 * 3 / 6 = 112. A value's
        // unit is 448 / 224 = 2, then 0.5.
        float[] values = new float[32];
        (values[0], values[1], values[2], values[3]) = (12, -6, 5, 0.5f);
        (values[16], values[17], values[31]) = (3, -1.5f, 0.75f);
        foreach (Nvfp4Convention convention in Enum.GetValues<Nvfp4Convention>())
        {
            byte[] packed = new byte[16];
            var scales = new Float8E4M3FN[2];
            float global = Nvfp4.Quantize(values, 32, convention, packed, scales);
            Assert.Equal(convention == Nvfp4Convention.CompressedTensors ? 224 : 1 / 224f, global, 1e-9f);
            Assert.Equal([448, 112], scales.Select(scale => (float)scale));

            // 6 and -3; 2.5 ties to 2, 0.25 to 0; then 6 and -3 again; 1.5 in the upper half of the last byte.
            byte[] expected = [0xD7, 0x04, 0, 0, 0, 0, 0, 0, 0xD7, 0, 0, 0, 0, 0, 0, 0x30];
            Assert.Equal(expected, packed);
            float[] back = new float[32];
            Nvfp4.Dequantize(packed, scales, 32, global, convention, back);
            Assert.Equal([12, -6, 4, 0], back[..4].Select(value => MathF.Round(value, 4)));
        }
    }

    [Theory]
    [InlineData(8, 64)]
    [InlineData(5, 40)]
    [InlineData(7, 2)]
    public void Compressed_tensors_formulas_step_by_step(int rows, int columns)
    {
        float[] values = Values(rows * columns);
        byte[] packed = new byte[values.Length / 2];
        int blocks = (columns + 15) / 16;
        var scales = new Float8E4M3FN[rows * blocks];
        float global = Nvfp4.Quantize(values, columns, Nvfp4Convention.CompressedTensors, packed, scales);
        Assert.Equal(2688f / values.Max(Math.Abs), global);
        Check(values, columns, blocks, packed, scales, largest => s_scale.Round(global * (largest / 6f), OverflowMode.Saturate) is var code && code == 0 ? 0x20 : code, scale => scale / global);

        float[] back = new float[values.Length];
        Nvfp4.Dequantize(packed, scales, columns, global, Nvfp4Convention.CompressedTensors, back);
        Assert.Equal(Expected(packed, columns, blocks, i => (float)s_scale.Value(scales[i].ToBits()) / global), back);
    }

    [Theory]
    [InlineData(8, 64)]
    [InlineData(5, 40)]
    [InlineData(7, 2)]
    public void Model_optimizer_formulas_step_by_step(int rows, int columns)
    {
        float[] values = Values(rows * columns);
        byte[] packed = new byte[values.Length / 2];
        int blocks = (columns + 15) / 16;
        var scales = new Float8E4M3FN[rows * blocks];
        float global = Nvfp4.Quantize(values, columns, Nvfp4Convention.ModelOptimizer, packed, scales);
        Assert.Equal(values.Max(Math.Abs) / 2688f, global);
        Check(values, columns, blocks, packed, scales, largest => largest == 0 ? 0x38 : Math.Max(1, s_scale.Round(largest / (6f * global), OverflowMode.Saturate)), scale => scale * global);

        float[] back = new float[values.Length];
        Nvfp4.Dequantize(packed, scales, columns, global, Nvfp4Convention.ModelOptimizer, back);
        Assert.Equal(Expected(packed, columns, blocks, i => (float)s_scale.Value(scales[i].ToBits()) * global), back);
    }

    static void Check(float[] values, int columns, int blocks, byte[] packed, Float8E4M3FN[] scales, Func<float, int> scaleOf, Func<float, float> effective)
    {
        for (int i = 0; i < scales.Length; i++)
        {
            int start = (i / blocks * columns) + (i % blocks * 16);
            int end = Math.Min(start + 16, (i / blocks * columns) + columns);
            Assert.Equal(scaleOf(values[start..end].Max(Math.Abs)), scales[i].ToBits());
            float unit = effective((float)s_scale.Value(scales[i].ToBits()));
            for (int j = start; j < end; j++)
            {
                Assert.Equal(s_element.Round(values[j] / unit, OverflowMode.Saturate), (packed[j / 2] >> (j % 2 * 4)) & 15);
            }
        }
    }

    static IEnumerable<float> Expected(byte[] packed, int columns, int blocks, Func<int, float> unit) =>
        Enumerable.Range(0, packed.Length * 2).Select(i =>
            (float)s_element.Value((packed[i / 2] >> (i % 2 * 4)) & 15) * unit((i / columns * blocks) + (i % columns / 16)));

    // A block of zeros, one too small for a scale, and sizes between.
    static float[] Values(int count)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(i => (i / 16) switch { 1 => 0, 2 => 1e-9f, _ => (random.NextSingle() - 0.5f) * MathF.Exp(i / 16 % 5) })];
    }

    [Fact]
    public void A_dequantized_tensor_has_the_same_codes_again_and_is_near_its_values()
    {
        var random = new Random(17);
        float[] values = [.. Enumerable.Range(0, 4096).Select(i => (random.NextSingle() - 0.5f) * MathF.Exp(i / 16 % 5))];
        foreach (Nvfp4Convention convention in Enum.GetValues<Nvfp4Convention>())
        {
            byte[] packed = new byte[2048];
            byte[] again = new byte[2048];
            var scales = new Float8E4M3FN[256];
            var scalesAgain = new Float8E4M3FN[256];
            float[] back = new float[4096];
            float global = Nvfp4.Quantize(values, 64, convention, packed, scales);
            Nvfp4.Dequantize(packed, scales, 64, global, convention, back);
            Nvfp4.Quantize(back, 64, global, convention, again, scalesAgain);
            Assert.Equal(packed, again);
            Assert.Equal(scales, scalesAgain);
            for (int block = 0; block < 256; block++)
            {
                // Half a step of the largest elements, 4 to 6, is a sixth of amax; a scale rounded down cuts at most a sixteenth.
                float largest = values[(block * 16)..((block * 16) + 16)].Max(Math.Abs);
                Assert.All(Enumerable.Range(block * 16, 16), i => Assert.Equal(values[i], back[i], (largest / 6 * 1.0625f) + 1e-6f));
            }
        }
    }

    [Fact]
    public void The_smallest_and_the_largest_tensors_stay_finite()
    {
        foreach (Nvfp4Convention convention in Enum.GetValues<Nvfp4Convention>())
        {
            foreach (float value in new[] { 0, float.Epsilon, 1e-40f, float.MaxValue })
            {
                byte[] packed = new byte[8];
                var scales = new Float8E4M3FN[1];
                float[] values = [.. Enumerable.Repeat(value, 16)];
                float global = Nvfp4.Quantize(values, 16, convention, packed, scales);
                Assert.True(global > 0 && float.IsFinite(global));
                float[] back = new float[16];
                Nvfp4.Dequantize(packed, scales, 16, global, convention, back);
                Assert.All(back, number => Assert.True(float.IsFinite(number)));
            }
        }
    }

    [Fact]
    public void What_does_not_fit_or_is_not_finite_is_refused()
    {
        const Nvfp4Convention Convention = Nvfp4Convention.CompressedTensors;
        Assert.StartsWith("the value at row 1, column 0 is NaN", Assert.Throws<ArgumentException>(() =>
            Nvfp4.Quantize([1, 2, float.NaN, 3], 2, 1, Convention, new byte[2], new Float8E4M3FN[2])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Nvfp4.Quantize([1, float.NaN], 2, Convention, new byte[1], new Float8E4M3FN[1]));
        Assert.Contains("even", Assert.Throws<ArgumentOutOfRangeException>(() => Nvfp4.Quantize(new float[3], 3, Convention, new byte[1], new Float8E4M3FN[1])).Message, StringComparison.Ordinal);
        Assert.Contains("expected 2", Assert.Throws<ArgumentException>(() => Nvfp4.Quantize(new float[4], 4, Convention, new byte[3], new Float8E4M3FN[1])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Nvfp4.Dequantize(new byte[1], new Float8E4M3FN[1], 2, 0, Convention, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Nvfp4.Dequantize(new byte[1], new Float8E4M3FN[1], 2, 1, (Nvfp4Convention)7, new float[2]));
    }
}
