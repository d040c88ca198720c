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

    /// <summary>Vectors whose writers do not pad: of the reference's own tests, and of the Elixir library's (<c>test/safetensors_test.exs</c>).</summary>
    public static TheoryData<int, string, DataType, long[], byte[]> Unpadded => new()
    {
        { 60, """{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}""", DataType.Int32, [2, 2], new byte[16] },
        { 56, """{"test":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}""", DataType.Int32, [], new byte[4] },
        { 59, """{"test":{"dtype":"I32","shape":[2,0],"data_offsets":[0,0]}}""", DataType.Int32, [2, 0], [] },
        { 60, """{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}""", DataType.Int32, [2, 2], [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0] },
        { '?', """{"test":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]}}""", DataType.Float8E4M3FN, [2, 2], [0x38, 0x40, 0x44, 0x48] },
        { '?', """{"test":{"dtype":"F8_E5M2","shape":[2,2],"data_offsets":[0,4]}}""", DataType.Float8E5M2, [2, 2], [0x3C, 0x40, 0x44, 0x48] },
    };

    [Theory]
    [MemberData(nameof(Unpadded))]
    public void Vectors_that_are_not_padded_are_read_and_written_with_padding_to_eight(int headerLength, string header, DataType type, long[] shape, byte[] data)
    {
        byte[] vector = Bytes.File(header, data);
        Assert.Equal(headerLength, vector[0]);
        using SafetensorsFile file = SafetensorsFile.Parse(vector, "golden");
        Assert.Equal(type, file["test"].DataType);
        Assert.Equal(shape, file["test"].Shape.ToArray());
        Assert.Equal(data, file["test"].Bytes.ToArray());

        byte[] written = Bytes.Write([new TensorSource(file["test"])], s_bare);

        Assert.Equal(Bytes.File(header.PadRight((headerLength + 7) / 8 * 8), data), written);
    }

    [Fact]
    public void The_vector_with_metadata_and_seven_spaces_is_read_and_written_with_its_own_bytes()
    {
        const string Text = """{"__metadata__":{"framework":"pt"},"test1":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}""";
        byte[] vector = Bytes.File(Text + new string(' ', 7), new byte[16]);
        Assert.Equal((byte)'f', vector[0]);
        using SafetensorsFile file = SafetensorsFile.Parse(vector, "golden");

        byte[] written = Bytes.Write(file.Tensors.Select(tensor => new TensorSource(tensor)), new SafetensorsWriterOptions { Metadata = file.Metadata });

        Assert.Equal(Bytes.File(Text.PadRight(96), new byte[16]), written);
    }

    [Fact]
    public void All_dtypes_in_one_file_stand_in_the_references_order()
    {
        // The enumeration of tensor.rs, from the largest alignment down; and the bits of an element.
        (string Name, int Bits)[] order =
        [
            ("U64", 64), ("I64", 64), ("F64", 64), ("C64", 64), ("F32", 32), ("U32", 32), ("I32", 32), ("BF16", 16), ("F16", 16), ("U16", 16), ("I16", 16),
            ("F8_E5M2FNUZ", 8), ("F8_E4M3FNUZ", 8), ("F8_E8M0", 8), ("F8_E4M3", 8), ("F8_E5M2", 8), ("I8", 8), ("U8", 8),
            ("F6_E3M2", 6), ("F6_E2M3", 6), ("F4", 4), ("BOOL", 8),
        ];
        string[] entries = new string[order.Length];
        byte[] data = [];
        List<TensorSource> tensors = [];
        for (int i = 0; i < order.Length; i++)
        {
            // Four elements fill whole bytes whatever the type.
            byte[] bytes = [.. Enumerable.Range(0, order[i].Bits / 2).Select(at => (byte)(16 * i + at))];
            entries[i] = $$"""
                "{{(char)('a' + i)}}":{"dtype":"{{order[i].Name}}","shape":[4],"data_offsets":[{{data.Length}},{{data.Length + bytes.Length}}]}
                """;
            data = [.. data, .. bytes];
            tensors.Insert(i / 2, new TensorSource(((char)('a' + i)).ToString(), DataTypes.Parse(order[i].Name), [4], bytes));
        }

        byte[] written = Bytes.Write(tensors, s_bare);

        string header = "{" + string.Join(",", entries) + "}";
        Assert.Equal(Bytes.File(header.PadRight((header.Length + 7) / 8 * 8), data), written);
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
