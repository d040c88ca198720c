using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>What elixir-nx/safetensors (29df313) gets wrong or lacks, one test to a row.</summary>
public class UpstreamDefectTests
{
    [Fact]
    public void Every_type_of_the_format_is_read_and_written()
    {
        DataType[] types = [.. Enum.GetValues<DataType>().Where(type => type.IsSafetensors())];

        byte[] file = Bytes.Write(types.Select(type => new TensorSource(type.ToString(), type, [8], new byte[type.BitSize()])));

        using SafetensorsFile read = SafetensorsFile.Parse(file, "f");
        Assert.Equal(types.Order(), read.Tensors.Select(tensor => tensor.DataType).Order());
        Assert.All(read.Tensors, tensor => Assert.Equal(tensor.DataType.ToString(), tensor.Name));
    }

    [Fact]
    public void A_type_that_no_one_knows_is_refused_by_the_name_of_its_tensor()
    {
        SafetensorsException refused = Bytes.Refusal(Bytes.File("""{"good":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"odd":{"dtype":"F8_NEW","shape":[1],"data_offsets":[1,2]}}""", 1, 2));

        Assert.Equal((SafetensorsError.InvalidHeaderDeserialization, "odd"), (refused.Error, refused.TensorName));
        Assert.Contains("F8_NEW", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("F8_E4M3", DataType.Float8E4M3FN, "1,2,3,4", 0x38, 0x40, 0x44, 0x48)]
    [InlineData("F8_E5M2", DataType.Float8E5M2, "1,2,4,8", 0x3C, 0x40, 0x44, 0x48)]
    public void FP8_tensors_are_read_lazily_from_the_bytes_that_it_writes(string name, DataType type, string values, int a, int b, int c, int d)
    {
        using TemporaryDirectory directory = new();
        string header = $$$"""{"test":{"dtype":"{{{name}}}","shape":[2,2],"data_offsets":[0,4]}}""";
        File.WriteAllBytes(directory.At("f"), Bytes.File(header, (byte)a, (byte)b, (byte)c, (byte)d));

        using SafetensorsFile file = SafetensorsFile.Open(directory.At("f"));

        TensorView tensor = file["test"];
        Assert.Equal(type, tensor.DataType);
        IEnumerable<float> read = type == DataType.Float8E4M3FN
            ? tensor.AsSpan<Float8E4M3FN>().ToArray().Select(value => (float)value)
            : tensor.AsSpan<Float8E5M2>().ToArray().Select(value => (float)value);
        Assert.Equal(values, string.Join(',', read));
        byte[] row = new byte[2];
        tensor.Narrow(0, 1, 1).CopyTo(row);
        Assert.Equal([(byte)c, (byte)d], row);
    }

    [Fact]
    public void Metadata_is_kept()
    {
        SafetensorsWriterOptions options = new() { Metadata = new Dictionary<string, string> { ["framework"] = "pt", ["note"] = "x" } };

        byte[] file = Bytes.Write([new TensorSource("t", DataType.UInt8, [1], new byte[1])], options);

        Assert.Equal(options.Metadata, SafetensorsFile.Parse(file, "f").Metadata);
    }

    [Fact]
    public void Data_begins_at_a_multiple_of_eight_and_wider_types_come_first()
    {
        DataType[] types = [DataType.Bool, DataType.Float8E4M3FN, DataType.BFloat16, DataType.Float32, DataType.Int64];

        byte[] file = Bytes.Write(types.Select((type, i) => new TensorSource($"{i}", type, [3], new byte[3 * type.BitSize() / 8])));

        using SafetensorsFile read = SafetensorsFile.Parse(file, "f");
        Assert.Equal(0, read.DataOffset % 8);
        Assert.Equal(types.Reverse(), read.Tensors.Select(tensor => tensor.DataType));
        Assert.All(read.Tensors, tensor => Assert.Equal(0, tensor.DataOffset % (tensor.DataType.BitSize() / 8)));
    }

    [Fact]
    public void A_header_beyond_the_cap_is_refused_before_it_is_read() =>
        Assert.Equal(SafetensorsError.HeaderTooLarge, Bytes.Refusal([0x01, 0xE1, 0xF5, 0x05, 0, 0, 0, 0, (byte)'{']).Error);

    [Theory]
    [InlineData("[0,4]", "[4,9]", SafetensorsError.TensorInvalidInfo)]
    [InlineData("[0,4]", "[2,6]", SafetensorsError.InvalidOffset)]
    [InlineData("[0,4]", "[6,10]", SafetensorsError.InvalidOffset)]
    [InlineData("[4,8]", "[8,12]", SafetensorsError.InvalidOffset)]
    [InlineData("[0,4]", "[4,8]", SafetensorsError.MetadataIncompleteBuffer)]
    public void Offsets_that_overlap_or_leave_holes_or_lead_beyond_the_file_are_refused(string first, string second, SafetensorsError error)
    {
        string header = $$$"""{"a":{"dtype":"U8","shape":[4],"data_offsets":{{{first}}}},"b":{"dtype":"U8","shape":[4],"data_offsets":{{{second}}}}}""";

        Assert.Equal(error, Bytes.Refusal(Bytes.File(header, new byte[7])).Error);
    }

    [Fact]
    public void A_name_that_occurs_twice_is_refused()
    {
        const string Entry = """{"dtype":"U8","shape":[0],"data_offsets":[0,0]}""";

        SafetensorsException refused = Bytes.Refusal(Bytes.File($$"""{"a":{{Entry}},"a":{{Entry}}}"""));

        Assert.Equal((SafetensorsError.DuplicateName, "a"), (refused.Error, refused.TensorName));
    }

    [Fact]
    public void What_is_no_object_is_a_typed_error() =>
        Assert.Equal(SafetensorsError.InvalidHeaderDeserialization, Bytes.Refusal(Bytes.File("[]")).Error);

    [Fact]
    public void Scalars_and_empty_tensors_are_read_and_written()
    {
        byte[] file = Bytes.Write(
        [
            new TensorSource("scalar", DataType.Float8E4M3FN, [], new byte[] { 0x7E }),
            new TensorSource("empty", DataType.Float8E4M3FN, [3, 0], ReadOnlyMemory<byte>.Empty),
            new TensorSource("empty too", DataType.Float8E4M3FN, [0], ReadOnlyMemory<byte>.Empty),
        ]);

        using SafetensorsFile read = SafetensorsFile.Parse(file, "f");
        Assert.Equal(448, (float)read["scalar"].AsSpan<Float8E4M3FN>()[0]);
        Assert.Equal(1, read["scalar"].ElementCount);
        Assert.Equal([3, 0], read["empty"].Shape.ToArray());
        Assert.Equal(0, read["empty too"].ByteLength);
    }

    [Fact]
    public void Opening_does_not_depend_on_the_size_of_the_file_and_the_last_byte_is_reached()
    {
        // 5 GB of one sparse tensor: beyond what 32 bits count.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the file system may not have sparse files");
        const long Size = 5_000_000_000;
        using TemporaryDirectory directory = new();
        byte[] header = Encoding.ASCII.GetBytes($$$"""{"big":{"dtype":"F8_E4M3","shape":[{{{Size}}}],"data_offsets":[0,{{{Size}}}]}}""");
        using (FileStream stream = File.Create(directory.At("f")))
        {
            stream.Write(BitConverter.GetBytes((long)header.Length));
            stream.Write(header);
            stream.Seek(Size - 1, SeekOrigin.Current);
            stream.WriteByte(0x38);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        using SafetensorsFile file = SafetensorsFile.Open(directory.At("f"));

        Assert.Equal([0, 0x38], file["big"].Slice(Size - 2, 2).ToArray());
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }
}
