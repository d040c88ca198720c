using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class MetadataEditTests
{
    const string Entry = "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}";

    static readonly byte[] s_four = [1, 2, 3, 4];
    static readonly Dictionary<string, string> s_new = new() { ["k"] = "v" };

    static void Edit(string path, IReadOnlyDictionary<string, string> metadata) =>
        SafetensorsWriter.EditMetadata(path, metadata, TestContext.Current.CancellationToken);

    /// <summary>The header's text and the data of a file.</summary>
    static (string Header, byte[] Data) Parts(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        return (Encoding.UTF8.GetString(file, 8, length), file[(8 + length)..]);
    }

    public static TheoryData<string, string> Layouts => new()
    {
        // What is there, and what becomes of it: blanks stay blanks, everything else keeps its bytes.
        { $$"""{"__metadata__":{"format":"pt"},{{Entry}}}""", $$"""{"__metadata__":{"k":"v"},      {{Entry}}}""" },
        { $$"""{ {{Entry}} , "__metadata__" : { "format" : "pt" } }  """, $$"""{ {{Entry}} ,"__metadata__":{"k":"v"}              }  """ },
        { $$"""{"__metadata__":{"x":"y"} ,{{Entry}}}""", $$"""{"__metadata__":{"k":"v"}, {{Entry}}}""" },
        { $$"""{"\u005f_metadata__":null,{{Entry}}}""", $$"""{"__metadata__":{"k":"v"},{{Entry}}}""" },
        { $$"""{                          {{Entry}}}""", $$"""{"__metadata__":{"k":"v"}, {{Entry}}}""" },
        { $$"""{{{Entry}}}                                   """, $$"""{"__metadata__":{"k":"v"},{{Entry}}}          """ },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void What_fits_is_written_into_the_header_and_nothing_moves(string before, string after)
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        File.WriteAllBytes(path, Bytes.File(before, s_four));

        Edit(path, s_new);

        (string header, byte[] data) = Parts(path);
        Assert.Equal(after, header);
        Assert.Equal(before.Length, header.Length);
        Assert.Equal(s_four, data);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(s_new, file.Metadata);
        Assert.Equal(s_four, file["a"].Bytes.ToArray());
    }

    [Theory]
    [InlineData("""{"__metadata__":{"format":"pt"},"e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", """{"e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""")]
    [InlineData("""{"e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"__metadata__":{"format":"pt"}}""", """{"e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""")]
    [InlineData("""{"__metadata__":{"format":"pt"}}  """, "{}")]
    public void Removed_metadata_leaves_blanks(string before, string after)
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        File.WriteAllBytes(path, Bytes.File(before));

        Edit(path, new Dictionary<string, string>());

        Assert.Equal(after, Parts(path).Header.Replace(" ", ""));
        Assert.Equal(before.Length, Parts(path).Header.Length);
        Assert.Empty(SafetensorsFile.Open(path).Metadata);
    }

    [Theory]
    [InlineData("""{ "a" : {"dtype":"U8", "shape":[4],"x":1, "data_offsets":[0,4]}}""", """{"__metadata__":{"k":"v"}, "a" : {"dtype":"U8", "shape":[4],"x":1, "data_offsets":[0,4]}}""")]
    [InlineData("""{"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"data_offsets":[0,4],"shape":[4],"dtype":"U8"}}""", """{"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"data_offsets":[0,4],"shape":[4],"dtype":"U8"}}""")]
    public void What_does_not_fit_is_written_anew_with_the_entries_as_they_stood(string before, string after)
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        File.WriteAllBytes(path, Bytes.File(before, s_four));

        Edit(path, s_new);

        (string header, byte[] data) = Parts(path);
        Assert.Equal(after.Replace(", \"a\" :", ",\"a\" :"), header.TrimEnd(' '));
        Assert.Equal(0, (8 + header.Length) % 8);
        Assert.Equal(s_four, data);
        Assert.Equal(["a.safetensors"], directory.FileNames);
    }

    [Fact]
    public void A_value_that_is_null_is_refused_and_changes_nothing()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a");
        SafetensorsWriter.Write(path, [new TensorSource("t", DataType.UInt8, [1], stream => stream.WriteByte(7))]);
        byte[] before = File.ReadAllBytes(path);

        ArgumentException error = Assert.Throws<ArgumentException>(
            () => SafetensorsWriter.EditMetadata(path, new Dictionary<string, string> { ["k"] = null! }, TestContext.Current.CancellationToken));

        Assert.Equal("metadata", error.ParamName);
        Assert.Contains("'k' is null", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void The_data_keeps_its_bytes_and_its_alignment_whatever_the_metadata()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        byte[] data = new byte[(3 << 20) + 5];
        new Random(1).NextBytes(data);
        TensorSource[] tensors = [new("b", DataType.UInt8, [data.Length], data), new("a", DataType.Float32, [2], new byte[8])];
        SafetensorsWriter.Write(path, tensors, new SafetensorsWriterOptions { Alignment = 4096 }, TestContext.Current.CancellationToken);
        byte[] hash = SHA256.HashData(Parts(path).Data);

        // Grows within its page, beyond it, shrinks again, goes, and comes back.
        foreach (int length in (int[])[1, 3000, 3900, 200_000, 7, 0, 100])
        {
            Dictionary<string, string> metadata = length == 0 ? [] : new() { ["é\n"] = new string('x', length) };

            Edit(path, metadata);

            using SafetensorsFile file = SafetensorsFile.Open(path);
            Assert.Equal(metadata, file.Metadata);
            Assert.Equal(0, file.DataOffset % 4096);
            Assert.Equal(["a", "b"], file.Tensors.Select(tensor => tensor.Name));
            Assert.Equal(hash, SHA256.HashData(Parts(path).Data));
            Assert.Equal(["a.safetensors"], directory.FileNames);
        }
    }

    [Fact]
    public void A_change_across_blocks_is_not_made_in_place()
    {
        // 4,096 bytes and more change: a crash between two blocks would leave neither header.
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Dictionary<string, string> long1 = new() { ["k"] = new string('x', 9000) };
        SafetensorsWriter.Write(path, [new TensorSource("a", DataType.UInt8, [4], s_four)], new SafetensorsWriterOptions { Metadata = long1 }, TestContext.Current.CancellationToken);
        using SafetensorsFile before = SafetensorsFile.Open(path);

        Edit(path, new Dictionary<string, string> { ["k"] = new string('y', 9000) });

        using SafetensorsFile after = SafetensorsFile.Open(path);
        Assert.Equal(before.DataOffset, after.DataOffset);
        Assert.Equal(new string('y', 9000), after.Metadata["k"]);

        // The mapping opened before still shows the old file, header and all: the new one is another.
        Assert.Equal((byte)'x', ReadMapped(before, 40));
        Assert.Equal((byte)'y', ReadMapped(after, 40));
    }

    static unsafe byte ReadMapped(SafetensorsFile file, long offset) => *(file["a"].DangerousGetPointer() - file["a"].DataOffset - file.DataOffset + offset);

    [Fact]
    public void A_file_that_is_mapped_can_be_edited()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Bytes.Save(path, new TensorSource("a", DataType.UInt8, [4], s_four));
        using SafetensorsFile mapped = SafetensorsFile.Open(path);

        Edit(path, s_new);
        Assert.Equal(s_four, mapped["a"].Bytes.ToArray());
        if (!OperatingSystem.IsWindows())
        {
            // Windows refuses to rename over a mapped file.
            Edit(path, new Dictionary<string, string> { ["k"] = new string('v', 5000) });
            Assert.Equal(s_four, mapped["a"].Bytes.ToArray());
        }
    }

    [Fact]
    public void Metadata_that_is_too_large_or_no_text_leaves_the_file()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Bytes.Save(path, new TensorSource("a", DataType.UInt8, [4], s_four));
        byte[] before = File.ReadAllBytes(path);

        SafetensorsException large = Assert.Throws<SafetensorsException>(() => Edit(path, new Dictionary<string, string> { ["a"] = new('a', 99_999_990) }));
        SafetensorsException text = Assert.Throws<SafetensorsException>(() => Edit(path, new Dictionary<string, string> { ["a"] = "\ud800" }));

        Assert.Equal(SafetensorsError.HeaderTooLarge, large.Error);
        Assert.Equal(SafetensorsError.InvalidMetadata, text.Error);
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal(["a.safetensors"], directory.FileNames);
    }

    [Fact]
    public void A_damaged_or_missing_file_is_not_touched()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        byte[] damaged = Bytes.File($$"""{{{Entry}}}""", 1, 2, 3);
        File.WriteAllBytes(path, damaged);

        Assert.Equal(SafetensorsError.MetadataIncompleteBuffer, Assert.Throws<SafetensorsException>(() => Edit(path, s_new)).Error);
        Assert.Equal(SafetensorsError.FileNotFound, Assert.Throws<SafetensorsException>(() => Edit(directory.At("b"), s_new)).Error);

        Assert.Equal(damaged, File.ReadAllBytes(path));
        Assert.Equal(["a.safetensors"], directory.FileNames);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5000)]
    public void A_read_only_file_is_refused_and_cancellation_leaves_the_file(int length)
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Bytes.Save(path, new TensorSource("a", DataType.UInt8, [4], s_four));
        byte[] before = File.ReadAllBytes(path);
        Dictionary<string, string> metadata = new() { ["k"] = new string('x', length) };

        Assert.Throws<OperationCanceledException>(() => SafetensorsWriter.EditMetadata(path, metadata, new CancellationToken(canceled: true)));
        File.SetAttributes(path, FileAttributes.ReadOnly);
        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Edit(path, metadata));
        File.SetAttributes(path, FileAttributes.Normal);

        Assert.Equal(SafetensorsError.IoError, refused.Error);
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal(["a.safetensors"], directory.FileNames);
    }

    [Fact]
    public void A_link_is_replaced_and_what_it_led_to_stays()
    {
        using TemporaryDirectory directory = new();
        string target = directory.At("blob");
        string link = directory.At("a.safetensors");
        Bytes.Save(target, new TensorSource("a", DataType.UInt8, [4], s_four));
        byte[] before = File.ReadAllBytes(target);
        try
        {
            File.CreateSymbolicLink(link, target);
        }
        catch (IOException e)
        {
            Assert.Skip($"no symbolic links here: {e.Message}");
        }

        Edit(link, s_new);

        Assert.Equal(before, File.ReadAllBytes(target));
        Assert.Equal(s_new, SafetensorsFile.Open(link).Metadata);
        Assert.Null(new FileInfo(link).LinkTarget);
    }
}
