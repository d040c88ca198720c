using System.Numerics.Tensors;
using System.Text;
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
    public void A_type_that_is_not_the_elements_is_refused()
    {
        using SafetensorsFile file = Sample();

        InvalidOperationException wide = Assert.Throws<InvalidOperationException>(() => file["e4m3"].AsSpan<ushort>());
        InvalidOperationException small = Assert.Throws<InvalidOperationException>(() => file["f4"].AsSpan<byte>());
        Assert.Throws<InvalidOperationException>(() => file["e4m3"].AsSpan<Float8E5M2>());
        Assert.Throws<InvalidOperationException>(() => file["e4m3"].AsSpan<sbyte>());
        Assert.Throws<InvalidOperationException>(() => file["f"].AsSpan<int>());
        Assert.Throws<InvalidOperationException>(() => file["f"].AsSpan<Guid>());
        Assert.Throws<InvalidOperationException>(() => file["f"].AsSpan<Rune>());
        Assert.Throws<InvalidOperationException>(() => file["f"].AsTensorSpan<int>());

        Assert.Equal("tensor 'e4m3' is F8_E4M3: UInt16 is not its element type; Byte reads its bits", wide.Message);
        Assert.Equal("tensor 'f4' is F4: Byte is not its element type; its elements are smaller than a byte, read Bytes", small.Message);
    }

    [Fact]
    public void Every_type_is_read_as_itself_and_as_its_bits()
    {
        RequireReads<bool, byte>(DataType.Bool, 1, true);
        RequireReads<byte, byte>(DataType.UInt8, 200, 200);
        RequireReads<sbyte, byte>(DataType.Int8, 200, -56);
        RequireReads<Float8E5M2, byte>(DataType.Float8E5M2, 0x3C, (Float8E5M2)1f);
        RequireReads<Float8E4M3FN, byte>(DataType.Float8E4M3FN, 0x38, (Float8E4M3FN)1f);
        RequireReads<byte, byte>(DataType.Float8E8M0FNU, 127, 127);
        RequireReads<byte, byte>(DataType.Float8E4M3FNUZ, 0x40, 0x40);
        RequireReads<byte, byte>(DataType.Float8E5M2FNUZ, 0x40, 0x40);
        RequireReads<short, ushort>(DataType.Int16, 0xFFFF, -1);
        RequireReads<ushort, ushort>(DataType.UInt16, 0xFFFF, 0xFFFF);
        RequireReads<Half, ushort>(DataType.Float16, 0x3C00, (Half)1);
        RequireReads<BFloat16, ushort>(DataType.BFloat16, 0x3F80, (BFloat16)1f);
        RequireReads<int, uint>(DataType.Int32, uint.MaxValue, -1);
        RequireReads<uint, uint>(DataType.UInt32, 7, 7);
        RequireReads<float, uint>(DataType.Float32, 0x3F800000, 1);
        RequireReads<ulong, ulong>(DataType.Complex64, 0x3F800000_40000000, 0x3F800000_40000000);
        RequireReads<double, ulong>(DataType.Float64, 0x3FF00000_00000000, 1);
        RequireReads<long, ulong>(DataType.Int64, ulong.MaxValue, -1);
        RequireReads<ulong, ulong>(DataType.UInt64, 9, 9);
    }

    static unsafe void RequireReads<T, TBits>(DataType type, TBits bits, T value)
        where T : unmanaged
        where TBits : unmanaged
    {
        byte[] data = new ReadOnlySpan<byte>(&bits, sizeof(TBits)).ToArray();
        TensorView tensor = SafetensorsFile.Parse(Bytes.Write([new TensorSource("t", type, [1], data)]), "f")["t"];

        Assert.Equal([value], tensor.AsSpan<T>().ToArray());
        Assert.Equal([bits], tensor.AsSpan<TBits>().ToArray());
        Assert.Equal(value, tensor.AsTensorSpan<T>()[0]);
        Assert.Equal(bits, tensor.AsTensorSpan<TBits>()[0]);
    }

    [Fact]
    public void A_tensor_span_has_the_tensors_shape()
    {
        string header = """{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},"n":{"dtype":"F32","shape":[2,0,3],"data_offsets":[28,28]}}""";
        using SafetensorsFile file = SafetensorsFile.Parse(Bytes.File(header, Bytes.Of(9, 0, 1, 2, 3, 4, 5)), "f");

        ReadOnlyTensorSpan<float> matrix = file["a"].AsTensorSpan<float>();
        ReadOnlyTensorSpan<float> scalar = file["s"].AsTensorSpan<float>();
        ReadOnlyTensorSpan<float> none = file["n"].AsTensorSpan<float>();

        Assert.Equal([2, 3], matrix.Lengths.ToArray());
        Assert.Equal((2f, 3f), (matrix[0, 2], matrix[1, 0]));
        Assert.Equal(15, Tensor.Sum(matrix));
        Assert.Equal([1], scalar.Lengths.ToArray());
        Assert.Equal(9, scalar[0]);
        Assert.Equal([2, 0, 3], none.Lengths.ToArray());
        Assert.Equal(0, none.FlattenedLength);
    }

    [Fact]
    public void A_tensor_longer_than_a_span_is_seen_by_a_tensor_span()
    {
        const long Rows = 3L << 20;
        using TemporaryDirectory directory = new();
        string path = directory.At("a");
        byte[] header = Bytes.File($$"""{"t":{"dtype":"U8","shape":[{{Rows}},1024],"data_offsets":[0,{{Rows * 1024}}]} }""");
        SparseFile.Create(path, header, header.Length + (Rows * 1024), last: 42);
        using SafetensorsFile file = SafetensorsFile.Open(path);

        ReadOnlyTensorSpan<byte> tensor = file["t"].AsTensorSpan<byte>();

        Assert.Equal(Rows * 1024, tensor.FlattenedLength);
        Assert.Equal(42, tensor[(nint)Rows - 1, 1023]);
        Assert.Throws<InvalidOperationException>(() => file["t"].Bytes.Length);
        byte[] last = new byte[1];
        file["t"][^1, ^1].CopyTo(last);
        Assert.Equal(42, last[0]);
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
