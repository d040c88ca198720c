using System.Numerics;

namespace Octet.Numerics.Tests;

public class Float8E4M3FNTests
{
    [Fact]
    public void Members_of_the_family_are_called_on_the_type()
    {
        Assert.Equal(0x7E, Float8E4M3FN.MaxValue.ToBits());
        Assert.Equal("448", Float8E4M3FN.MaxValue.ToString());
        Assert.True(Float8E4M3FN.IsNaN(Float8E4M3FN.NaN));
        Assert.Equal(0x38, Float8E4M3FN.Parse("1", null).ToBits());
        Assert.Equal(448f, (float)Float8E4M3FN.CreateSaturating(1000));
        Assert.Throws<OverflowException>(() => Float8E4M3FN.CreateChecked(1000));
        Assert.Equal(2.5f, float.CreateChecked(Generic((Float8E4M3FN)2.5f)));
        var a = (Float8E4M3FN)1.5f;
        Assert.IsType<Float8E4M3FN>(a + a);
        Assert.Equal(DataType.Float8E4M3FN, DataTypes.Of<Float8E4M3FN>());
        Assert.Equal("F8_E4M3", DataType.Float8E4M3FN.SafetensorsName());
        float[] f = new float[9];
        Float8E4M3FN.ConvertToSingle(new[] { a, a, a, a, a, a, a, a, a }, f);
        Assert.All(f, v => Assert.Equal(1.5f, v));
    }

    static T Generic<T>(T x)
        where T : IBinaryFloatingPointIeee754<T> => T.Max(T.Sqrt(x * x), T.Zero);
}
