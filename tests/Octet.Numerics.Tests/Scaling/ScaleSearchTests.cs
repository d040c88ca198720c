namespace Octet.Numerics.Tests;

public class ScaleSearchTests
{
    [Theory]
    [InlineData(40, 50, 16, 16)]
    [InlineData(7, 300, 1, 300)]
    [InlineData(130, 140, 128, 128)]
    public void No_block_has_a_larger_error_than_by_the_largest_magnitude(int rows, int columns, int blockRows, int blockColumns)
    {
        float[] values = Weights(rows * columns, seed: 3);
        var shape = new BlockShape(rows, columns, blockRows, blockColumns);

        int better = Compare<Float8E4M3FN, float>(values, shape, ScaleRule.Ratio)
            + Compare<Float8E4M3FN, BFloat16>(values, shape, ScaleRule.Ratio)
            + Compare<Float4E2M1FN, float>(values, shape, ScaleRule.Ratio);

        Assert.True(better > 0, "the search found nothing at all");
        Compare<Float8E4M3FN, float>(values, shape, ScaleRule.PowerOfTwoCeiling);
        Compare<Float8E4M3FN, Float8E8M0FNU>(values, shape, ScaleRule.PowerOfTwoRounded);
        Compare<Float4E2M1FN, Float8E8M0FNU>(values, shape, ScaleRule.PowerOfTwoFloor);
    }

    [Fact]
    public void Candidates_begin_with_the_rules_scale_and_differ()
    {
        float[] scales = ScaleSearch.Candidates<Float8E4M3FN, float>(3);

        Assert.Equal(3f / 448, scales[0]);
        Assert.Equal(scales.Length, scales.Distinct().Count());
        Assert.All(scales, scale => Assert.InRange(scale, scales[0] / 2, scales[0] * 2));
        Assert.Equal(
            [(Float8E8M0FNU)0.0078125f, (Float8E8M0FNU)0.00390625f, (Float8E8M0FNU)0.015625f],
            ScaleSearch.Candidates<Float8E4M3FN, Float8E8M0FNU>(3, ScaleRule.PowerOfTwoCeiling));
    }

    [Theory]
    [InlineData(Nvfp4Convention.CompressedTensors)]
    [InlineData(Nvfp4Convention.ModelOptimizer)]
    public void Nvfp4_blocks_are_at_least_as_near_as_without_search(Nvfp4Convention convention)
    {
        const int Columns = 64;
        float[] values = Weights(20 * Columns, seed: 4);
        float global = Nvfp4.GlobalScale(values, convention);
        byte[] packed = new byte[values.Length / 2];
        var scales = new Float8E4M3FN[values.Length / Nvfp4.BlockLength];
        float[] plain = new float[values.Length];
        float[] searched = new float[values.Length];

        Nvfp4.Quantize(values, Columns, global, convention, packed, scales);
        Nvfp4.Dequantize(packed, scales, Columns, global, convention, plain);
        ScaleSearch.QuantizeNvfp4(values, Columns, global, convention, packed, scales);
        Nvfp4.Dequantize(packed, scales, Columns, global, convention, searched);

        for (int at = 0; at < values.Length; at += Nvfp4.BlockLength)
        {
            Assert.True(Error(values, searched, at, Nvfp4.BlockLength) <= Error(values, plain, at, Nvfp4.BlockLength) * (1 + 1e-12));
        }

        Assert.True(Error(values, searched, 0, values.Length) < Error(values, plain, 0, values.Length) * 0.99);
    }

    [Fact]
    public void Zeros_and_what_is_not_finite_are_treated_as_without_search()
    {
        var shape = new BlockShape(1, 4, 1, 4);
        var codes = new Float8E4M3FN[4];
        float[] scales = new float[1];
        ScaleSearch.Quantize<Float8E4M3FN, float>(new float[4], shape, codes, scales);
        Assert.Equal(1, scales[0]);
        Assert.All(codes, code => Assert.Equal(0, code.ToBits()));
        Assert.Throws<ArgumentException>(() => ScaleSearch.Quantize<Float8E4M3FN, float>([1, float.NaN, 0, 0], shape, codes, scales));
        Assert.Throws<ArgumentOutOfRangeException>(() => ScaleSearch.Candidates<Float8E4M3FN, float>(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ScaleSearch.Candidates<Float8E4M3FN, float>(float.PositiveInfinity));
    }

    static int Compare<T, TScale>(float[] values, BlockShape shape, ScaleRule rule)
        where T : unmanaged, ISmallFloat<T>
        where TScale : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<TScale>, System.Numerics.IMinMaxValue<TScale>
    {
        float[] plain = RoundTrip<T, TScale>(values, shape, (codes, scales) => BlockScaling.Quantize<T, TScale>(values, shape, codes, scales, rule));
        float[] searched = RoundTrip<T, TScale>(values, shape, (codes, scales) => ScaleSearch.Quantize<T, TScale>(values, shape, codes, scales, rule));
        int better = 0;
        for (int top = 0; top < shape.Rows; top += shape.BlockRows)
        {
            for (int left = 0; left < shape.Columns; left += shape.BlockColumns)
            {
                double with = 0, without = 0;
                for (int row = top; row < Math.Min(top + shape.BlockRows, shape.Rows); row++)
                {
                    int length = Math.Min(shape.BlockColumns, shape.Columns - left);
                    with += Error(values, searched, (row * shape.Columns) + left, length);
                    without += Error(values, plain, (row * shape.Columns) + left, length);
                }

                // Both sums are of exact differences, in float64, in another order.
                Assert.True(with <= without * (1 + 1e-12), $"{with} > {without} in block {top}, {left} of {typeof(T).Name}, {typeof(TScale).Name}, {rule}");
                better += with < without ? 1 : 0;
            }
        }

        return better;
    }

    static float[] RoundTrip<T, TScale>(float[] values, BlockShape shape, Action<T[], TScale[]> quantize)
        where T : unmanaged, ISmallFloat<T>
        where TScale : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<TScale>, System.Numerics.IMinMaxValue<TScale>
    {
        var codes = new T[values.Length];
        var scales = new TScale[shape.ScaleRows * shape.ScaleColumns];
        float[] result = new float[values.Length];
        quantize(codes, scales);
        BlockScaling.Dequantize<T, TScale>(codes, scales, shape, result);
        return result;
    }

    static double Error(float[] values, float[] others, int start, int length)
    {
        double sum = 0;
        for (int i = start; i < start + length; i++)
        {
            sum += Math.Pow((double)values[i] - others[i], 2);
        }

        return sum;
    }

    // As weights are: normal, with a few far out.
    static float[] Weights(int count, int seed)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            values[i] = (float)(0.02 * normal * (random.Next(200) == 0 ? 8 : 1));
        }

        return values;
    }
}
