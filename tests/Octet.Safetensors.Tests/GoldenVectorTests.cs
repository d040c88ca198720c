using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>The reference implementation's own test vectors (<c>safetensors/src/tensor.rs</c>), byte for byte.</summary>
public class GoldenVectorTests
{
    static readonly SafetensorsWriterOptions s_bare = new() { Metadata = new Dictionary<string, string>() };

    public static TheoryData<string, long[], DataType, int, string> Written => new()
    {
        { "attn.0", [1, 2, 3], DataType.Float32, 64, """{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}""" },
        { "attn.0", [1, 2], DataType.Float4E2M1FN, 64, """{"attn.0":{"dtype":"F4","shape":[1,2],"data_offsets":[0,1]}}    """ },
        { "attn0", [1, 1, 2, 3], DataType.Float32, 72, """{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       """ },
    };

    [Theory]
    [MemberData(nameof(Written))]
    public void The_writer_gives_the_references_bytes(string name, long[] shape, DataType type, int headerLength, string header)
    {
        byte[] data = type == DataType.Float32 ? Bytes.Of(0, 1, 2, 3, 4, 5) : [0];

        byte[] written = Bytes.Write([new TensorSource(name, type, shape, data)], s_bare);

        Assert.Equal(headerLength, header.Length);
        Assert.Equal(Bytes.File(header, data), written);
        using SafetensorsFile file = SafetensorsFile.Parse(written, "golden");
        TensorView tensor = Assert.Single(file.Tensors);
        Assert.Equal((name, type), (tensor.Name, tensor.DataType));
        Assert.Equal(shape, tensor.Shape.ToArray());
        Assert.Equal(data, tensor.Bytes.ToArray());
    }

    [Fact]
    public void A_file_without_tensors_is_an_empty_object_padded_to_eight()
    {
        byte[] written = Bytes.Write([], s_bare);

        Assert.Equal([8, 0, 0, 0, 0, 0, 0, 0, .. "{}      "u8], written);
    }

    [Fact]
    public void A_file_of_metadata_alone_is_padded_to_forty()
    {
        SafetensorsWriterOptions options = new() { Metadata = new Dictionary<string, string> { ["framework"] = "pt" } };

        byte[] written = Bytes.Write([], options);

        Assert.Equal([40, 0, 0, 0, 0, 0, 0, 0, .. """{"__metadata__":{"framework":"pt"}}     """u8], written);
        Assert.Equal("pt", SafetensorsFile.Parse(written, "golden").Metadata["framework"]);
    }

    [Theory]
    [InlineData("""{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}""", 60, new long[] { 2, 2 }, 16)]
    [InlineData("""{"test":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}""", 56, new long[] { }, 4)]
    [InlineData("""{"test":{"dtype":"I32","shape":[2,0],"data_offsets":[0, 0]}}""", 60, new long[] { 2, 0 }, 0)]
    public void The_references_files_are_read(string header, int headerLength, long[] shape, int dataLength)
    {
        Assert.Equal(headerLength, header.Length);

        using SafetensorsFile file = SafetensorsFile.Parse(Bytes.File(header, new byte[dataLength]), "golden");

        TensorView tensor = file["test"];
        Assert.Equal(DataType.Int32, tensor.DataType);
        Assert.Equal(shape, tensor.Shape.ToArray());
        Assert.Equal(dataLength, tensor.ByteLength);
        Assert.Equal(dataLength / 4, tensor.ElementCount);
        Assert.Equal(8 + headerLength, file.DataOffset);
    }

    [Theory]
    [InlineData("{}\r \t\n")]
    [InlineData("\t\n{}\r ")]
    public void Space_before_and_after_the_header_is_accepted(string header)
    {
        using SafetensorsFile file = SafetensorsFile.Parse(Bytes.File(header), "golden");

        Assert.Empty(file.Tensors);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void The_references_refusals_are_the_same()
    {
        const string Valid = """{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}""";
        byte[] polyglot = [.. new byte[16], .. "extra_bogus_data_for_polyglot_file"u8];
        string overlapping = "{" + string.Join(",", Enumerable.Range(0, 10).Select(i => $$"""
            "weight_{{i}}":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}
            """)) + "}";
        (byte[] File, SafetensorsError Error)[] vectors =
        [
            ([], SafetensorsError.HeaderTooSmall),
            ([0x3C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, .. Encoding.UTF8.GetBytes(Valid)], SafetensorsError.HeaderTooLarge),
            ([0x3C, 0, 0, 0, 0, 0, 0, 0], SafetensorsError.InvalidHeaderLength),
            ([1, 0, 0, 0, 0, 0, 0, 0, 0xFF], SafetensorsError.InvalidHeader),
            ([1, 0, 0, 0, 0, 0, 0, 0, (byte)'{'], SafetensorsError.InvalidHeaderDeserialization),
            (Bytes.File(Valid, polyglot), SafetensorsError.MetadataIncompleteBuffer),
            (Bytes.File(Valid, new byte[14]), SafetensorsError.MetadataIncompleteBuffer),
            (Bytes.File(Valid.Replace("[0,16]", "[0, 4]"), new byte[16]), SafetensorsError.TensorInvalidInfo),
            (Bytes.File(Valid.Replace("[2,2]", "[2,18446744073709551614]"), new byte[16]), SafetensorsError.ValidationOverflow),
            (Bytes.File(Valid.Replace("[2,2]", "[2,9223372036854775807]"), new byte[16]), SafetensorsError.ValidationOverflow),
            (Bytes.File(overlapping, new byte[16]), SafetensorsError.InvalidOffset),
        ];
        Assert.All(vectors, vector => Assert.Equal(vector.Error, Bytes.Refusal(vector.File).Error));
    }

    [Theory]
    [InlineData(new long[] { 1, 3 }, SafetensorsError.MisalignedSlice)]
    [InlineData(new long[] { 1, 2 }, SafetensorsError.InvalidTensorView)]
    public void Four_bit_tensors_must_fill_exactly_their_bytes(long[] shape, SafetensorsError error)
    {
        byte[] two = new byte[2];

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => new TensorSource("a", DataType.Float4E2M1FN, shape, two));

        Assert.Equal(error, refused.Error);
    }

    [Fact]
    public void A_header_that_readers_would_refuse_is_not_written()
    {
        SafetensorsWriterOptions options = new() { Metadata = new Dictionary<string, string> { ["a"] = new('a', 100_000_000) } };

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Bytes.Write([], options));

        Assert.Equal(SafetensorsError.HeaderTooLarge, refused.Error);
    }
}
