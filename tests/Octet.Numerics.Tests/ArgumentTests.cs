using System.Numerics.Tensors;

namespace Octet.Numerics.Tests;

/// <summary>Every enumeration that the public members take, with numbers that are none of its members; default values; sizes whose products do not fit.</summary>
public class ArgumentTests
{
    public static TheoryData<int> NoMembers => [-1, 99, int.MinValue, int.MaxValue];

    [Theory]
    [MemberData(nameof(NoMembers))]
    public void Every_overflow_mode_is_checked_whatever_the_values(int number)
    {
        var mode = (OverflowMode)number;
        foreach (float[] values in (float[][])[[], [1], [float.NaN], [float.PositiveInfinity], [1e9f, -3, 0]])
        {
            var codes = new Float8E4M3FN[values.Length];
            var others = new BFloat16[values.Length];
            Refused(() => BulkConversion.ConvertFromSingle<Float8E4M3FN>(values, codes, mode));
            Refused(() => BulkConversion.ConvertFromSingle<Float8E4M3FN>(values, codes, RoundingMode.TowardZero, mode));
            Refused(() => BulkConversion.ConvertFromSingle<Float8E4M3FN>(values, codes, RoundingMode.ToNearestEven, mode));
            Refused(() => BulkConversion.ConvertFromSingleStochastic<Float8E4M3FN>(values, codes, 1, 0, mode));
            Refused(() => BulkConversion.ConvertFromDouble<Float8E4M3FN>(Array.ConvertAll(values, value => (double)value), codes, mode));
            Refused(() => BulkConversion.ConvertFromHalf<Float8E4M3FN>(Array.ConvertAll(values, value => (Half)value), codes, mode));
            Refused(() => BulkConversion.Convert<BFloat16, Float8E4M3FN>(others, codes, mode));
            Refused(() => BulkConversion.Convert<Float8E4M3FN, BFloat16>(codes, others, mode));
            Refused(() => SmallFloatPrimitives.SoftMax<Float8E4M3FN>(codes, codes, mode));
            Refused(() => SmallFloatPrimitives.Sum<Float8E4M3FN>(codes, mode));
            Refused(() => SmallFloatPrimitives.Dot<Float8E4M3FN>(codes, codes, mode));
            Refused(() => SmallFloatPrimitives.Norm<Float8E4M3FN>(codes, mode));
            Refused(() => SmallFloatPrimitives.MatMul<Float8E4M3FN>(codes, codes.AsSpan(0, 0), codes.Length, 1, 0, default, mode));
            Refused(() => SmallFloatPrimitives.MatMulTransposed<Float8E4M3FN>(codes, codes.AsSpan(0, 0), codes.Length, 1, 0, default, mode));
            if (values.Length > 0)
            {
                Refused(() => SmallFloatPrimitives.Mean<Float8E4M3FN>(codes, mode));
                Refused(() => TensorConversion.ToSmallFloat<Float8E4M3FN>(Tensor.Create(values, [values.Length]), mode));
            }
        }

        foreach (double value in (double[])[0, 1, -500, double.NaN, double.NegativeInfinity])
        {
            Refused(() => Float8E4M3FN.FromSingle((float)value, mode));
            Refused(() => Float8E8M0FNU.FromDouble(value, mode));
            Refused(() => Float8E5M2.FromDouble(value, RoundingMode.TowardZero, mode));
            Refused(() => Float8E5M2.FromDoubleStochastic(value, 7, mode));
            Refused(() => Float4E2M1FN.From(value, RoundingMode.ToOdd, mode));
        }
    }

    [Theory]
    [MemberData(nameof(NoMembers))]
    public void Every_rounding_mode_is_checked_whatever_the_values(int number)
    {
        var rounding = (RoundingMode)number;
        foreach (double value in (double[])[0, 1, -500, 1e9, double.NaN, double.NegativeInfinity])
        {
            Refused(() => Float8E4M3FN.FromDouble(value, rounding));
            Refused(() => Float8E8M0FNU.From((float)value, rounding));
            Refused(() => BulkConversion.ConvertFromSingle<Float8E4M3FN>([(float)value], new Float8E4M3FN[1], rounding));
        }

        Refused(() => BulkConversion.ConvertFromSingle<Float8E4M3FN>([], [], rounding));
    }

    [Theory]
    [MemberData(nameof(NoMembers))]
    public void Every_scale_rule_and_convention_is_checked_whatever_the_values(int number)
    {
        var rule = (ScaleRule)number;
        var convention = (Nvfp4Convention)number;
        foreach (float[] values in (float[][])[[], new float[32]])
        {
            var shape = BlockShape.PerGroup(values.Length / 32, 32, 32);
            int blocks = values.Length / 32;
            Refused(() => BlockScaling.Quantize<Float8E4M3FN, float>(values, shape, new Float8E4M3FN[values.Length], new float[blocks], rule));
            Refused(() => ScaleSearch.Quantize<Float8E4M3FN, float>(values, shape, new Float8E4M3FN[values.Length], new float[blocks], rule));
            Refused(() => Microscaling.Quantize<Float8E4M3FN>(values, 32, new Float8E4M3FN[values.Length], new Float8E8M0FNU[blocks], rule));
            Refused(() => Nvfp4.GlobalScale(values, convention));
            Refused(() => Nvfp4.Quantize(values, 32, convention, new byte[values.Length / 2], new Float8E4M3FN[blocks * 2]));
            Refused(() => Nvfp4.Quantize(values, 32, 1, convention, new byte[values.Length / 2], new Float8E4M3FN[blocks * 2]));
            Refused(() => Nvfp4.Dequantize(new byte[values.Length / 2], new Float8E4M3FN[blocks * 2], 32, 1, convention, values));
            Refused(() => ScaleSearch.QuantizeNvfp4(values, 32, 1, convention, new byte[values.Length / 2], new Float8E4M3FN[blocks * 2]));
        }

        Refused(() => ScaleSearch.Candidates<Float8E4M3FN, float>(1, rule));
    }

    [Theory]
    [MemberData(nameof(NoMembers))]
    public void Every_data_type_is_checked(int number)
    {
        var type = (DataType)number;
        Refused(() => type.BitSize());
        Refused(() => type.SafetensorsName());
        Refused(() => type.IsSafetensors());
        Refused(() => DataTypePromotion.Promote(type, type));
        Refused(() => DataTypePromotion.Promote(DataType.Float32, type));
        Refused(() => DataTypePromotion.Promote(type, DataType.Bool));
    }

    [Fact]
    public void The_default_shape_is_an_empty_matrix()
    {
        BlockShape empty = default;

        Assert.Equal(new BlockShape(0, 0, 1, 1), empty);
        Assert.Equal((0, 0, 1, 1, 0, 0), (empty.Rows, empty.Columns, empty.BlockRows, empty.BlockColumns, empty.ScaleRows, empty.ScaleColumns));
        BlockScaling.Quantize<Float8E4M3FN, float>([], empty, [], []);
        BlockScaling.QuantizeWith<Float8E4M3FN, float>([], [], empty, []);
        BlockScaling.Dequantize<Float8E4M3FN>([], [], empty, Span<float>.Empty);
        ScaleSearch.Quantize<Float8E4M3FN, float>([], empty, [], []);
        Assert.Throws<ArgumentException>(() => BlockScaling.Quantize<Float8E4M3FN, float>([1], empty, new Float8E4M3FN[1], new float[1]));
    }

    [Theory]
    [InlineData(0, int.MaxValue)]
    [InlineData(int.MaxValue, 0)]
    [InlineData(1, int.MaxValue)]
    [InlineData(int.MaxValue, 1)]
    public void Shapes_up_to_the_largest_have_scales_that_fit(int rows, int columns)
    {
        foreach (BlockShape shape in (BlockShape[])[new(rows, columns, int.MaxValue, int.MaxValue), new(rows, columns, 1, 1), BlockShape.PerTensor(rows, columns), BlockShape.PerRow(rows, columns), BlockShape.PerColumn(rows, columns)])
        {
            Assert.Equal((rows + (long)shape.BlockRows - 1) / shape.BlockRows, shape.ScaleRows);
            Assert.Equal((columns + (long)shape.BlockColumns - 1) / shape.BlockColumns, shape.ScaleColumns);
        }

        BlockScaling.Dequantize<Float8E4M3FN>([], [], new BlockShape(0, int.MaxValue, 1, int.MaxValue), Span<float>.Empty);
    }

    [Theory]
    [InlineData(1 << 16, 1 << 16)]
    [InlineData(int.MaxValue, 2)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void Sizes_whose_product_does_not_fit_are_refused(int rows, int columns)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockShape(rows, columns, 1, 1));
        Assert.Throws<ArgumentException>(() => SmallFloatPrimitives.MatMul<BFloat16>([], [], rows, columns, 0, Span<BFloat16>.Empty, OverflowMode.Saturate));
        Assert.Throws<ArgumentException>(() => SmallFloatPrimitives.MatMulTransposed<BFloat16>([], [], rows, 0, columns, Span<BFloat16>.Empty, OverflowMode.Saturate));
    }

    [Fact]
    public void The_largest_number_of_elements_has_a_number_of_bytes()
    {
        Assert.Equal(4611686018427387904, PackedBits.ByteCount<Float4E2M1FN>(long.MaxValue));
        Assert.Equal(6917529027641081856, PackedBits.ByteCount<Float6E2M3FN>(long.MaxValue));
        Assert.Equal(long.MaxValue, PackedBits.ByteCount<Float8E4M3FN>(long.MaxValue));
        Assert.Equal(0, PackedBits.ByteCount<Float4E2M1FN>(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => PackedBits.ByteCount<Float4E2M1FN>(-1));
    }

    static void Refused(Action action) => Assert.Throws<ArgumentOutOfRangeException>(action);

    static void Refused<T>(Func<T> action) => Assert.Throws<ArgumentOutOfRangeException>(() => { action(); });
}
