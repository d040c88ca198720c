namespace Octet.Numerics.Tests;

public class DataTypesTests
{
    // safetensors/src/tensor.rs: Dtype, its order, header strings and bitsize().
    static readonly (DataType Type, string Name, int Bits)[] s_safetensors =
    [
        (DataType.Bool, "BOOL", 8), (DataType.Float4E2M1FN, "F4", 4), (DataType.Float6E2M3FN, "F6_E2M3", 6),
        (DataType.Float6E3M2FN, "F6_E3M2", 6), (DataType.UInt8, "U8", 8), (DataType.Int8, "I8", 8), (DataType.Float8E5M2, "F8_E5M2", 8),
        (DataType.Float8E4M3FN, "F8_E4M3", 8), (DataType.Float8E8M0FNU, "F8_E8M0", 8), (DataType.Float8E4M3FNUZ, "F8_E4M3FNUZ", 8),
        (DataType.Float8E5M2FNUZ, "F8_E5M2FNUZ", 8), (DataType.Int16, "I16", 16), (DataType.UInt16, "U16", 16), (DataType.Float16, "F16", 16),
        (DataType.BFloat16, "BF16", 16), (DataType.Int32, "I32", 32), (DataType.UInt32, "U32", 32), (DataType.Float32, "F32", 32),
        (DataType.Complex64, "C64", 64), (DataType.Float64, "F64", 64), (DataType.Int64, "I64", 64), (DataType.UInt64, "U64", 64),
    ];

    [Fact]
    public void Names_widths_and_order_are_those_of_safetensors()
    {
        Assert.Equal(Enum.GetValues<DataType>().Where(type => type.IsSafetensors()), s_safetensors.Select(row => row.Type));
        foreach ((DataType type, string name, int bits) in s_safetensors)
        {
            Assert.Equal(name, type.SafetensorsName());
            Assert.Equal(bits, type.BitSize());
            Assert.Equal(type, DataTypes.Parse(name));
            Assert.Equal(type, DataTypes.Parse(type.ToString()));
        }
    }

    [Fact]
    public void Types_that_safetensors_lacks_come_last_and_have_no_name_in_it()
    {
        DataType[] others = [DataType.Float8E4M3, DataType.Float8E3M4, DataType.Float8E4M3B11FNUZ];
        Assert.Equal(others, Enum.GetValues<DataType>()[s_safetensors.Length..]);
        foreach (DataType type in others)
        {
            Assert.Equal(8, type.BitSize());
            Assert.True(type.IsFloatingPoint());
            Assert.Contains(type.ToString(), Assert.Throws<NotSupportedException>(() => type.SafetensorsName()).Message, StringComparison.Ordinal);
            Assert.Equal(type, DataTypes.Parse(type.ToString()));
        }
    }

    [Theory]
    [InlineData("f8e4m3", DataType.Float8E4M3)]
    [InlineData("float8_e3m4", DataType.Float8E3M4)]
    [InlineData("jnp.float8_e4m3b11fnuz", DataType.Float8E4M3B11FNUZ)]
    [InlineData("FLOAT8E5M2", DataType.Float8E5M2)]
    [InlineData("tl.float8e4nv", DataType.Float8E4M3FN)]
    [InlineData("fp8_e4m3", DataType.Float8E4M3FN)]
    [InlineData("np.float32", DataType.Float32)]
    [InlineData("float6_e2m3fn", DataType.Float6E2M3FN)]
    [InlineData("s32", DataType.Int32)]
    [InlineData("F8_E4M3", DataType.Float8E4M3FN)]
    [InlineData("float8_e4m3fn", DataType.Float8E4M3FN)]
    [InlineData("f8_e4m3fn", DataType.Float8E4M3FN)]
    [InlineData("f8e4m3fn", DataType.Float8E4M3FN)]
    [InlineData("f8E4M3FN", DataType.Float8E4M3FN)]
    [InlineData("torch.float8_e4m3fn", DataType.Float8E4M3FN)]
    [InlineData("torch.float8_e5m2", DataType.Float8E5M2)]
    [InlineData("f8_e5m2", DataType.Float8E5M2)]
    [InlineData("float8_e8m0fnu", DataType.Float8E8M0FNU)]
    [InlineData("float8_e4m3fnuz", DataType.Float8E4M3FNUZ)]
    [InlineData("float4_e2m1fn_x2", DataType.Float4E2M1FN)]
    [InlineData("bfloat16", DataType.BFloat16)]
    [InlineData("torch.bfloat16", DataType.BFloat16)]
    [InlineData("bf16", DataType.BFloat16)]
    [InlineData("float16", DataType.Float16)]
    [InlineData("half", DataType.Float16)]
    [InlineData("float32", DataType.Float32)]
    [InlineData("float", DataType.Float32)]
    [InlineData("double", DataType.Float64)]
    [InlineData("uint8", DataType.UInt8)]
    [InlineData("torch.int64", DataType.Int64)]
    [InlineData("bool", DataType.Bool)]
    [InlineData("complex64", DataType.Complex64)]
    public void Common_names_are_read(string name, DataType expected) => Assert.Equal(expected, DataTypes.Parse(name));

    [Theory]
    [InlineData("")]
    [InlineData("F8")]
    [InlineData("float8")]
    [InlineData("torch.")]
    [InlineData("7")]
    public void A_name_that_no_type_has_is_refused(string name)
    {
        Assert.False(DataTypes.TryParse(name, out _));
        Assert.Contains($"'{name}'", Assert.Throws<FormatException>(() => DataTypes.Parse(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dotnet_type_knows_its_data_type()
    {
        Assert.Equal(DataType.Float8E4M3FN, DataTypes.Of<Float8E4M3FN>());
        Assert.Equal(DataType.Float8E5M2, DataTypes.Of<Float8E5M2>());
        Assert.Equal(DataType.Float8E4M3FNUZ, DataTypes.Of<Float8E4M3FNUZ>());
        Assert.Equal(DataType.Float8E5M2FNUZ, DataTypes.Of<Float8E5M2FNUZ>());
        Assert.Equal(DataType.Float8E4M3B11FNUZ, DataTypes.Of<Float8E4M3B11FNUZ>());
        Assert.Equal(DataType.Float8E4M3, DataTypes.Of<Float8E4M3>());
        Assert.Equal(DataType.Float8E3M4, DataTypes.Of<Float8E3M4>());
        Assert.Equal(DataType.Float8E8M0FNU, DataTypes.Of<Float8E8M0FNU>());
        Assert.Equal(DataType.Float6E2M3FN, DataTypes.Of<Float6E2M3FN>());
        Assert.Equal(DataType.Float6E3M2FN, DataTypes.Of<Float6E3M2FN>());
        Assert.Equal(DataType.Float4E2M1FN, DataTypes.Of<Float4E2M1FN>());
        Assert.Equal(DataType.BFloat16, DataTypes.Of<BFloat16>());
        Assert.Equal(DataType.Float16, DataTypes.Of<Half>());
        Assert.Equal(DataType.Float32, DataTypes.Of<float>());
        Assert.Equal(DataType.Float64, DataTypes.Of<double>());
        Assert.Equal(DataType.UInt8, DataTypes.Of<byte>());
        Assert.Equal(DataType.Int8, DataTypes.Of<sbyte>());
        Assert.Equal(DataType.Int64, DataTypes.Of<long>());
        Assert.Equal(DataType.UInt64, DataTypes.Of<ulong>());
        Assert.Equal(DataType.Bool, DataTypes.Of<bool>());
        Assert.Throws<NotSupportedException>(() => DataTypes.Of<decimal>());
    }

    [Fact]
    public void Floating_point_is_what_has_an_exponent()
    {
        Assert.Equal(
            s_safetensors.Where(row => row.Name.StartsWith('F') || row.Name == "BF16").Select(row => row.Type),
            Enum.GetValues<DataType>().Where(type => type.IsFloatingPoint() && type.IsSafetensors()));
    }
}
