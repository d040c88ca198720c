using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>Tensors made from elements instead of bytes.</summary>
public class ElementSourceTests
{
    [Fact]
    public void The_type_of_the_tensor_is_that_of_its_elements()
    {
        Float8E4M3FN[] codes = [(Float8E4M3FN)1, (Float8E4M3FN)2, (Float8E4M3FN)3, (Float8E4M3FN)4];
        using SafetensorsFile file = SafetensorsFile.Parse(
            Bytes.Write([TensorSource.Create<Float8E4M3FN>("a", [2, 2], codes), TensorSource.Create<long>("b", [], new long[] { -2 })]), "f");

        // The bytes of 1, 2, 3 and 4: nx-stack notes, section 2.
        Assert.Equal(DataType.Float8E4M3FN, file["a"].DataType);
        Assert.Equal([0x38, 0x40, 0x44, 0x48], file["a"].Bytes.ToArray());
        Assert.Equal([-2L], file["b"].AsSpan<long>().ToArray());
    }

    [Fact]
    public void Elements_of_less_than_a_byte_are_packed()
    {
        Float4E2M1FN[] fours = [.. Enumerable.Range(0, 16).Select(code => Float4E2M1FN.FromBits((byte)code))];
        Float6E3M2FN[] sixes = [.. Enumerable.Range(0, 200_000).Select(code => Float6E3M2FN.FromBits((byte)(code * 5)))];
        using SafetensorsFile file = SafetensorsFile.Parse(
            Bytes.Write([TensorSource.Create<Float4E2M1FN>("four", [16], fours), TensorSource.Create<Float6E3M2FN>("six", [2, 100_000], sixes)]), "f");

        Assert.Equal([0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE], file["four"].Bytes.ToArray());
        var back = new Float6E3M2FN[200_000];
        PackedBits.Unpack<Float6E3M2FN>(file["six"].Bytes, back);
        Assert.Equal(sixes.Select(six => six.ToBits()), back.Select(six => six.ToBits()));
    }

    [Fact]
    public void A_wrong_number_of_elements_and_types_that_files_lack_are_refused()
    {
        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => TensorSource.Create<float>("a", [2, 3], new float[5]));
        Assert.Equal((SafetensorsError.InvalidTensorView, "a"), (refused.Error, refused.TensorName));
        Assert.Contains("has 6 elements, 5 were supplied", refused.Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => TensorSource.Create<decimal>("a", [1], new decimal[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorSource.Create<Float8E3M4>("a", [1], new Float8E3M4[1]));
        Assert.Equal(SafetensorsError.MisalignedSlice, Assert.Throws<SafetensorsException>(() => TensorSource.Create<Float4E2M1FN>("a", [3], new Float4E2M1FN[3])).Error);
    }
}
