using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class WriterTests
{
    static readonly byte[] s_four = [1, 2, 3, 4];

    static TensorSource Tensor(string name, byte[]? data = null) => new(name, DataType.UInt8, [(data ?? s_four).Length], data ?? s_four);

    static TensorSource Calling(Action<Stream> write, long length = 4) => new("called", DataType.UInt8, [length], write);

    [Fact]
    public void The_default_metadata_is_what_transformers_asks_for()
    {
        byte[] file = Bytes.Write([Tensor("a")]);

        string header = """{"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""";
        Assert.Equal(Bytes.File(header.PadRight((header.Length + 7) / 8 * 8), s_four), file);
    }

    [Fact]
    public void Metadata_is_written_with_sorted_keys_and_the_escapes_of_serde_json()
    {
        SafetensorsWriterOptions options = new()
        {
            Metadata = new Dictionary<string, string> { ["b"] = "\u0000\u001f\u007f\b\f\n\r\t\"\\/<>&'+", ["a"] = "é漢\U0001F600\u2028" },
        };

        byte[] file = Bytes.Write([], options);

        string expected = "{\"__metadata__\":{\"a\":\"é漢\U0001F600\u2028\",\"b\":\"\\u0000\\u001f\u007f\\b\\f\\n\\r\\t\\\"\\\\/<>&'+\"}}";
        Assert.Equal(expected, Encoding.UTF8.GetString(file.AsSpan(8)).TrimEnd(' '));
        Assert.Equal(options.Metadata, SafetensorsFile.Parse(file, "f").Metadata);
    }

    [Fact]
    public void Data_begins_at_the_alignment_asked_for()
    {
        byte[] file = Bytes.Write([Tensor("a")], new SafetensorsWriterOptions { Alignment = 4096 });

        using SafetensorsFile read = SafetensorsFile.Parse(file, "f");
        Assert.Equal(4096, read.DataOffset);
        Assert.Equal(s_four, read["a"].Bytes.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => new SafetensorsWriterOptions { Alignment = 4 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SafetensorsWriterOptions { Alignment = 24 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SafetensorsWriterOptions { MaxShardSize = 0 });
    }

    [Theory]
    [InlineData("")]
    [InlineData("__metadata__")]
    [InlineData("a\0b")]
    public void Names_that_readers_would_not_find_are_refused(string name)
    {
        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Tensor(name));

        Assert.Equal(SafetensorsError.InvalidTensorName, refused.Error);
        Assert.Equal(name, refused.TensorName);
    }

    [Fact]
    public void Names_that_are_not_unicode_are_refused()
    {
        Assert.Equal(SafetensorsError.InvalidTensorName, Assert.Throws<SafetensorsException>(() => Tensor("a\ud800")).Error);
        Assert.Equal(SafetensorsError.InvalidTensorName, Assert.Throws<SafetensorsException>(() => Tensor("\udc00a")).Error);
    }

    [Fact]
    public void Equal_names_are_refused()
    {
        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Bytes.Write([Tensor("a"), Tensor("b"), Tensor("a")]));

        Assert.Equal((SafetensorsError.DuplicateName, "a"), (refused.Error, refused.TensorName));
    }

    [Fact]
    public void Impossible_shapes_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new TensorSource("a", DataType.UInt8, [-1], s_four));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TensorSource("a", DataType.Float8E3M4, [1], s_four));
        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => new TensorSource("a", DataType.UInt8, [long.MaxValue, 3], s_four));
        Assert.Equal(SafetensorsError.ValidationOverflow, refused.Error);
    }

    [Fact]
    public void Metadata_that_is_not_unicode_is_refused()
    {
        SafetensorsWriterOptions options = new() { Metadata = new Dictionary<string, string> { ["a"] = "\ud800" } };

        Assert.Equal(SafetensorsError.InvalidMetadata, Assert.Throws<SafetensorsException>(() => Bytes.Write([], options)).Error);
    }

    public static TheoryData<string, Action<Stream>> BadWriters => new()
    {
        { "throws before it writes", _ => throw new InvalidTimeZoneException() },
        { "throws in the middle", stream => { stream.Write(s_four.AsSpan(2)); throw new InvalidTimeZoneException(); } },
        { "writes too little", stream => stream.Write(s_four.AsSpan(1)) },
        { "writes nothing", _ => { } },
        { "writes too much", stream => { stream.Write(s_four); stream.WriteByte(5); } },
    };

    [Theory]
    [MemberData(nameof(BadWriters))]
    public void A_callback_that_fails_leaves_the_old_file_and_no_other(string what, Action<Stream> write)
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Bytes.Save(path, Tensor("old"));
        byte[] before = File.ReadAllBytes(path);

        Exception? failure = Record.Exception(() => Bytes.Save(path, Tensor("zz", new byte[2 << 20]), Calling(write)));

        Assert.True(failure is InvalidTimeZoneException or SafetensorsException { Error: SafetensorsError.InvalidTensorView, TensorName: "called" }, what);
        Assert.Equal(["a.safetensors"], directory.FileNames);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_wrong_number_of_bytes_is_said()
    {
        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Bytes.Write([Calling(stream => stream.Write(s_four.AsSpan(1)))]));

        Assert.Equal("tensor 'called', U8 [4], needs 4 bytes, 3 were written", refused.Message);
    }

    [Fact]
    public void Cancellation_within_a_tensor_leaves_nothing_behind()
    {
        using TemporaryDirectory directory = new();
        using CancellationTokenSource cancellation = new();
        int written = 0;
        TensorSource endless = Calling(
            stream =>
            {
                while (true)
                {
                    stream.WriteByte(0);
                    if (++written == 1000)
                    {
                        cancellation.Cancel();
                    }
                }
            },
            long.MaxValue >> 40);

        Assert.Throws<OperationCanceledException>(() => SafetensorsWriter.Write(directory.At("a"), [endless], null, cancellation.Token));

        Assert.Equal(1000, written);
        Assert.Empty(directory.FileNames);
    }

    [Fact]
    public void Tensors_are_asked_for_one_at_a_time_in_the_order_of_the_file()
    {
        List<string> calls = [];
        TensorSource Asked(string name, DataType type, int size) => new(name, type, [1], stream =>
        {
            calls.Add(name);
            stream.Write(new byte[size]);
        });

        Bytes.Write([Asked("b", DataType.UInt8, 1), Asked("a", DataType.UInt8, 1), Asked("z", DataType.Float32, 4), Asked("y", DataType.BFloat16, 2)]);

        Assert.Equal(["z", "y", "a", "b"], calls);
    }

    [Fact]
    public void A_directory_that_is_not_there_or_in_the_way_is_said_before_any_tensor_is_made()
    {
        using TemporaryDirectory directory = new();
        TensorSource untouched = Calling(_ => throw new InvalidTimeZoneException());

        SafetensorsException absent = Assert.Throws<SafetensorsException>(() => Bytes.Save(directory.At("no/a"), untouched));
        SafetensorsException inTheWay = Assert.Throws<SafetensorsException>(() => Bytes.Save(directory.Path, untouched));

        Assert.Equal(SafetensorsError.FileNotFound, absent.Error);
        Assert.Equal(SafetensorsError.IoError, inTheWay.Error);
    }

    [Fact]
    public void A_file_larger_than_the_disk_is_refused_before_any_tensor_is_made()
    {
        // An exabyte cannot be reserved: refused before the callback runs.
        using TemporaryDirectory directory = new();
        TensorSource huge = Calling(_ => throw new InvalidTimeZoneException(), 1L << 60);
        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Bytes.Save(directory.At("a"), huge));
        Assert.Equal(SafetensorsError.IoError, refused.Error);
        Assert.Empty(directory.FileNames);
    }

    [Fact]
    public void A_written_file_has_the_permissions_of_any_new_file()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Unix modes only");
        }
        else
        {
            using TemporaryDirectory directory = new();
            File.WriteAllBytes(directory.At("plain"), []);
            Bytes.Save(directory.At("a"), Tensor("a"));

            Assert.Equal(File.GetUnixFileMode(directory.At("plain")), File.GetUnixFileMode(directory.At("a")));
        }
    }

    [Fact]
    public void A_file_that_replaces_another_has_its_permissions()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Unix modes only");
        }
        else
        {
            using TemporaryDirectory directory = new();
            const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
            Bytes.Save(directory.At("a"), Tensor("a"));
            File.SetUnixFileMode(directory.At("a"), Mode);

            Bytes.Save(directory.At("a"), Tensor("b"));
            Assert.Equal(Mode, File.GetUnixFileMode(directory.At("a")));

            SafetensorsWriter.EditMetadata(directory.At("a"), new Dictionary<string, string> { ["k"] = new('x', 5000) }, TestContext.Current.CancellationToken);
            Assert.Equal(Mode, File.GetUnixFileMode(directory.At("a")));

            // Of a link, those of the file that it leads to: every link has all permissions.
            File.CreateSymbolicLink(directory.At("link"), directory.At("a"));
            Bytes.Save(directory.At("link"), Tensor("c"));
            Assert.Equal(Mode, File.GetUnixFileMode(directory.At("link")));
        }
    }

    [Fact]
    public void A_directory_is_flushed_where_the_system_can()
    {
        using TemporaryDirectory directory = new();

        Assert.Equal(!OperatingSystem.IsWindows(), DirectoryEntry.TryFlush(directory.Path));
        Assert.False(DirectoryEntry.TryFlush(directory.At("absent")));
    }

    [Fact]
    public void A_tensor_of_an_open_file_is_copied_in_any_size()
    {
        byte[] data = new byte[(3 << 20) + 5];
        new Random(1).NextBytes(data);
        using SafetensorsFile file = SafetensorsFile.Parse(Bytes.Write([Tensor("big", data)]), "f");

        byte[] copy = Bytes.Write([new TensorSource(file["big"])]);

        Assert.Equal(data, SafetensorsFile.Parse(copy, "copy")["big"].Bytes.ToArray());
    }
}
