using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>What holds for a file by whatever way its bytes come.</summary>
public class SourceTests
{
    const string Valid = """{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}""";

    // The last three: elixir-nx/safetensors, test/safetensors_test.exs. The others: safetensors/src/tensor.rs.
    static readonly (string Header, DataType Type, long[] Shape, byte[] Data)[] s_golden =
    [
        ("""{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}""", DataType.Float32, [1, 2, 3], Bytes.Of(0, 1, 2, 3, 4, 5)),
        ("""{"attn.0":{"dtype":"F4","shape":[1,2],"data_offsets":[0,1]}}    """, DataType.Float4E2M1FN, [1, 2], [0]),
        ("""{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       """, DataType.Float32, [1, 1, 2, 3], Bytes.Of(0, 1, 2, 3, 4, 5)),
        (Valid, DataType.Int32, [2, 2], new byte[16]),
        ("""{"test":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}""", DataType.Int32, [], new byte[4]),
        ("""{"test":{"dtype":"I32","shape":[2,0],"data_offsets":[0, 0]}}""", DataType.Int32, [2, 0], []),
        ("""{"test":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]}}""", DataType.Float8E4M3FN, [2, 2], [0x38, 0x40, 0x44, 0x48]),
        ("""{"test":{"dtype":"F8_E5M2","shape":[2,2],"data_offsets":[0,4]}}""", DataType.Float8E5M2, [2, 2], [0x3C, 0x40, 0x44, 0x48]),
        ("""{"__metadata__":{"framework":"pt"},"test1":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}       """, DataType.Int32, [2, 2], new byte[16]),
    ];

    static readonly (byte[] File, SafetensorsError Error)[] s_refused =
    [
        ([], SafetensorsError.HeaderTooSmall),
        ([1, 2, 3, 4, 5, 6, 7], SafetensorsError.HeaderTooSmall),
        ([0x3C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, .. Encoding.UTF8.GetBytes(Valid)], SafetensorsError.HeaderTooLarge),
        ([0x01, 0xE1, 0xF5, 0x05, 0, 0, 0, 0], SafetensorsError.HeaderTooLarge),
        ([0x00, 0xE1, 0xF5, 0x05, 0, 0, 0, 0], SafetensorsError.InvalidHeaderLength),
        ([0x3C, 0, 0, 0, 0, 0, 0, 0], SafetensorsError.InvalidHeaderLength),
        ([1, 0, 0, 0, 0, 0, 0, 0, 0xFF], SafetensorsError.InvalidHeader),
        ([1, 0, 0, 0, 0, 0, 0, 0, (byte)'{'], SafetensorsError.InvalidHeaderDeserialization),
        (Bytes.File(Valid, [.. new byte[16], .. "extra_bogus_data_for_polyglot_file"u8]), SafetensorsError.MetadataIncompleteBuffer),
        (Bytes.File(Valid, new byte[14]), SafetensorsError.MetadataIncompleteBuffer),
        (Bytes.File(Valid.Replace("[0,16]", "[0, 4]", StringComparison.Ordinal), new byte[16]), SafetensorsError.TensorInvalidInfo),
        (Bytes.File(Valid.Replace("[2,2]", "[2,18446744073709551614]", StringComparison.Ordinal), new byte[16]), SafetensorsError.ValidationOverflow),
        (Bytes.File(Valid.Replace("[2,2]", "[2,9223372036854775807]", StringComparison.Ordinal), new byte[16]), SafetensorsError.ValidationOverflow),
        (Bytes.File(
            "{" + string.Join(',', Enumerable.Range(0, 10).Select(i => $"\"w{i}\":" + """{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}""")) + "}",
            new byte[16]), SafetensorsError.InvalidOffset),
        (Bytes.File("""{"a":{"dtype":"F4","shape":[1,3],"data_offsets":[0,2]}}""", new byte[2]), SafetensorsError.MisalignedSlice),
        (Bytes.File("""{"a":{"dtype":"F4","shape":[1,2],"data_offsets":[0,2]}}""", new byte[2]), SafetensorsError.TensorInvalidInfo),
        (Bytes.File("{}\0\0\0\0\0\0"), SafetensorsError.InvalidHeaderDeserialization),
        (Bytes.File("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 1, 2), SafetensorsError.DuplicateName),
        (Bytes.File("""{"a\u0000b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1), SafetensorsError.InvalidTensorName),
        (Bytes.File("""{"__metadata__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1), SafetensorsError.InvalidHeaderDeserialization),
    ];

    public static TheoryData<Source> Sources => SourceFile.All;

    static byte[] Sample() => Bytes.Write(
    [
        new TensorSource("f", DataType.Float32, [2, 3], Bytes.Of(0, 1, 2, 3, 4, 5)),
        new TensorSource("none", DataType.Float32, [0, 4], ReadOnlyMemory<byte>.Empty),
        new TensorSource("bytes", DataType.UInt8, [200_000], Ramp(200_000)),
    ]);

    static byte[] Ramp(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];

    [Theory]
    [MemberData(nameof(Sources))]
    public void The_golden_files_are_read(Source source)
    {
        foreach ((string header, DataType type, long[] shape, byte[] data) in s_golden)
        {
            using SourceFile file = new(source, Bytes.File(header, data));

            TensorView tensor = Assert.Single(file.Opened.Tensors);
            Assert.Equal(type, tensor.DataType);
            Assert.Equal(shape, tensor.Shape.ToArray());
            Assert.Equal(data, Copy(tensor));
            Assert.Equal((8 + header.Length, 8 + header.Length + data.Length), (file.Opened.DataOffset, file.Opened.Length));
        }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Files_without_tensors_are_read(Source source)
    {
        foreach (string header in new[] { "{}      ", """{"__metadata__":{"framework":"pt"}}     """, "{}\r \t\n", "\t\n{}\r " })
        {
            using SourceFile file = new(source, Bytes.File(header));

            Assert.Empty(file.Opened.Tensors);
            Assert.Equal(header.Contains("pt", StringComparison.Ordinal) ? "pt" : null, file.Opened.Metadata.GetValueOrDefault("framework"));
        }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void The_same_files_are_refused_with_the_same_errors(Source source)
    {
        foreach ((byte[] bytes, SafetensorsError error) in s_refused)
        {
            SafetensorsException refused = Assert.Throws<SafetensorsException>(() => new SourceFile(source, bytes));

            Assert.Equal(error, refused.Error);
            Assert.DoesNotContain('\n', refused.Message);
        }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void A_download_that_was_cut_says_how_much_is_missing(Source source)
    {
        byte[] whole = Sample();

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => new SourceFile(source, whole[..^1234]));

        Assert.Equal(SafetensorsError.MetadataIncompleteBuffer, refused.Error);
        Assert.Contains($"the file is 1234 bytes short (the header promises {whole.Length}", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Tensors_are_copied_whole_in_part_and_in_blocks(Source source)
    {
        using SourceFile file = new(source, Sample());
        TensorView tensor = file.Opened["f"];
        TensorView bytes = file.Opened["bytes"];
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        byte[] expected = Bytes.Of(0, 1, 2, 3, 4, 5);
        byte[] column = Bytes.Of(1, 4);
        using MemoryStream stream = new();

        Assert.Equal(expected, Copy(tensor));
        Assert.Equal(Ramp(200_000), Copy(bytes));
        byte[] whole = new byte[24];
        await tensor.CopyToAsync(whole, cancellation);
        Assert.Equal(expected, whole);
        byte[] part = new byte[8];
        tensor.Read(12, part);
        Assert.Equal(Bytes.Of(3, 4), part);
        await tensor.ReadAsync(4, part, cancellation);
        Assert.Equal(Bytes.Of(1, 2), part);
        tensor[.., 1].CopyTo(part);
        Assert.Equal(column, part);
        Array.Clear(part);
        await tensor[.., 1].CopyToAsync(part, cancellation);
        Assert.Equal(column, part);

        tensor.CopyTo(stream);
        await tensor.CopyToAsync(stream, cancellation);
        tensor[.., 1].CopyTo(stream);
        await tensor[.., 1].CopyToAsync(stream, cancellation);
        file.Opened["none"].CopyTo(stream);
        await file.Opened["none"].CopyToAsync(stream, cancellation);
        Assert.Equal([.. expected, .. expected, .. column, .. column], stream.ToArray());
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Bytes_are_in_place_or_the_error_tells_what_to_call(Source source)
    {
        using SourceFile file = new(source, Sample());
        TensorView tensor = file.Opened["f"];

        Assert.Equal(SourceFile.IsInPlace(source), tensor.IsInPlace);
        if (tensor.IsInPlace)
        {
            Assert.Equal([0, 1, 2, 3, 4, 5], tensor.AsSpan<float>().ToArray());
            Assert.Equal(4, tensor.AsTensorSpan<float>()[1, 1]);
            return;
        }

        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => tensor.Bytes.Length);
        Assert.Equal($"tensor 'f' of {file.Opened.Path} is not in memory: use CopyTo, or open the file mapped", refused.Message);
        Assert.Throws<InvalidOperationException>(() => tensor.AsSpan<float>().Length);
        Assert.Throws<InvalidOperationException>(() => tensor.AsTensorSpan<float>().Rank);
        Assert.Throws<InvalidOperationException>(() => tensor.Slice(0, 1).Length);
        unsafe
        {
            Assert.Throws<InvalidOperationException>(() => (nint)tensor.DangerousGetPointer());
        }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Reads_outside_the_tensor_are_refused(Source source)
    {
        using SourceFile file = new(source, Sample());
        TensorView tensor = file.Opened["f"];

        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Read(-1, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Read(20, new byte[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Read(long.MaxValue, new byte[1]));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await tensor.ReadAsync(24, new byte[1]));
        Assert.Throws<ArgumentException>(() => tensor.CopyTo(new byte[23]));
        await Assert.ThrowsAsync<ArgumentException>(async () => await tensor.CopyToAsync(new byte[23]));
        await Assert.ThrowsAsync<ArgumentException>(async () => await tensor[0].CopyToAsync(new byte[11]));
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task A_cancelled_copy_ends(Source source)
    {
        using SourceFile file = new(source, Sample());
        CancellationToken cancelled = new(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await file.Opened["bytes"].CopyToAsync(new byte[200_000], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await file.Opened["bytes"].CopyToAsync(Stream.Null, cancelled));
    }

    static byte[] Copy(TensorView tensor)
    {
        byte[] copy = new byte[tensor.ByteLength];
        tensor.CopyTo(copy);
        return copy;
    }
}
