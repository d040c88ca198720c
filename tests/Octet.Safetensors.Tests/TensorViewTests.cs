using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class TensorViewTests
{
    static SafetensorsFile Sample() => SafetensorsFile.Parse(
        Bytes.Write(
        [
            new TensorSource("f", DataType.Float32, [2, 3], Bytes.Of(0, 1, 2, 3, 4, 5)),
            new TensorSource("e4m3", DataType.Float8E4M3FN, [3], new byte[] { 1, 2, 3 }),
            new TensorSource("f4", DataType.Float4E2M1FN, [4], new byte[] { 0x21, 0x43 }),
            new TensorSource("none", DataType.Float32, [0], ReadOnlyMemory<byte>.Empty),
        ]),
        "sample");

    [Fact]
    public void Elements_are_read_in_place_by_a_type_of_their_size()
    {
        using SafetensorsFile file = Sample();

        Assert.Equal([0, 1, 2, 3, 4, 5], file["f"].AsSpan<float>().ToArray());
        Assert.Equal([1, 2, 3], file["e4m3"].AsSpan<byte>().ToArray());
        Assert.True(file["none"].AsSpan<float>().IsEmpty);
    }

    [Fact]
    public void A_type_of_another_size_is_refused()
    {
        using SafetensorsFile file = Sample();

        InvalidOperationException wide = Assert.Throws<InvalidOperationException>(() => file["e4m3"].AsSpan<ushort>());
        Assert.Throws<InvalidOperationException>(() => file["f4"].AsSpan<byte>());

        Assert.Equal("tensor 'e4m3' is F8_E4M3: UInt16 is not its element type; Byte reads its bits", wide.Message);
    }

    [Fact]
    public void Unaligned_data_of_other_writers_is_read()
    {
        string header = """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}""";
        using SafetensorsFile file = SafetensorsFile.Parse(Bytes.File(header, [9, .. Bytes.Of(1.5f, -2)]), "unaligned");

        Assert.Equal([1.5f, -2], file["b"].AsSpan<float>().ToArray());
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(25, 0)]
    [InlineData(0, 25)]
    [InlineData(20, 5)]
    [InlineData(0, -1)]
    [InlineData(long.MaxValue, int.MaxValue)]
    public void A_slice_outside_the_tensor_is_refused(long offset, int length)
    {
        using SafetensorsFile file = Sample();

        Assert.Throws<ArgumentOutOfRangeException>(() => file["f"].Slice(offset, length).ToArray());
    }

    [Fact]
    public void A_slice_is_the_bytes_of_its_range()
    {
        using SafetensorsFile file = Sample();

        Assert.Equal(Bytes.Of(2, 3), file["f"].Slice(8, 8).ToArray());
        Assert.True(file["f"].Slice(24, 0).IsEmpty);
    }

    [Fact]
    public void Copies_are_whole()
    {
        using SafetensorsFile file = Sample();
        byte[] room = new byte[26];
        using MemoryStream stream = new();

        file["f"].CopyTo(room);
        file["f"].CopyTo(stream);

        Assert.Equal([.. Bytes.Of(0, 1, 2, 3, 4, 5), 0, 0], room);
        Assert.Equal(Bytes.Of(0, 1, 2, 3, 4, 5), stream.ToArray());
        Assert.Throws<ArgumentException>(() => file["f"].CopyTo(new byte[23]));
    }

    [Fact]
    public unsafe void The_pointer_is_that_of_the_bytes()
    {
        using SafetensorsFile file = Sample();

        fixed (byte* bytes = file["e4m3"].Bytes)
        {
            Assert.True(bytes == file["e4m3"].DangerousGetPointer());
            Assert.Equal(2, bytes[1]);
        }
    }

    [Fact]
    public void A_name_that_is_not_there_is_said()
    {
        using SafetensorsFile file = Sample();

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => file["g"]);

        Assert.Equal("sample: there is no tensor 'g' among the file's 4", refused.Message);
        Assert.Equal((SafetensorsError.TensorNotFound, "g"), (refused.Error, refused.TensorName));
        Assert.False(file.TryGetTensor("g", out _));
    }

    [Fact]
    public void A_tensor_describes_itself()
    {
        using SafetensorsFile file = Sample();

        Assert.Equal("f F32 [2, 3]", file["f"].ToString());
    }
}
