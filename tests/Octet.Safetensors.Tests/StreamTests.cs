using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>Files in streams, those that seek and those that do not.</summary>
public class StreamTests
{
    static byte[] Sample() => Bytes.Write([new TensorSource("t", DataType.UInt8, [4], new byte[] { 1, 2, 3, 4 })]);

    static byte[] Copy(SafetensorsFile file)
    {
        byte[] copy = new byte[4];
        file["t"].CopyTo(copy);
        return copy;
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void The_stream_is_disposed_of_with_the_file_unless_it_is_to_stay(bool seeks, bool leaveOpen)
    {
        MemoryStream inner = new(Sample());
        using Stream stream = seeks ? inner : new ForwardStream(inner);

        SafetensorsFile.Open(stream, "f", leaveOpen).Dispose();

        Assert.Equal(leaveOpen, inner.CanRead);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Where_opening_fails_the_stream_is_disposed_of(bool seeks)
    {
        MemoryStream inner = new([1, 2, 3]);
        using Stream stream = seeks ? inner : new ForwardStream(inner);

        Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(stream, "f"));

        Assert.False(inner.CanRead);
    }

    [Fact]
    public void A_stream_that_seeks_is_the_file_from_its_first_byte()
    {
        MemoryStream stream = new(Sample()) { Position = 5 };

        using SafetensorsFile file = SafetensorsFile.Open(stream, "f");
        stream.Position = 0;

        Assert.Equal([1, 2, 3, 4], Copy(file));
    }

    [Fact]
    public void A_stream_that_does_not_seek_is_the_file_from_where_it_stands()
    {
        using ForwardStream stream = new(new MemoryStream([9, 9, .. Sample()]));
        stream.ReadExactly(new byte[2]);

        using SafetensorsFile file = SafetensorsFile.Open(stream, "f");

        Assert.Equal([1, 2, 3, 4], file["t"].Bytes.ToArray());
    }

    [Fact]
    public void A_claimed_header_takes_no_memory_before_it_has_come()
    {
        byte[] claim = [0x00, 0xE1, 0xF5, 0x05, 0, 0, 0, 0, .. "{\"a\""u8];
        GC.Collect();
        long allocated = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(new ForwardStream(new MemoryStream(claim)), "f"));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 1_000_000);
    }

    [Fact]
    public void Memory_grows_with_what_is_read()
    {
        byte[] content = new byte[3_000_000];
        long allocated = GC.GetAllocatedBytesForCurrentThread();

        ReadOnlyMemory<byte> read = StreamContent.ReadAll(new ForwardStream(new MemoryStream(content)), "f", int.MaxValue);

        Assert.Equal(content.Length, read.Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, content.Length, 4 * content.Length);
    }

    [Theory]
    [InlineData(100_000, false)]
    [InlineData(100_001, true)]
    public void More_than_an_array_holds_is_said(int length, bool refused)
    {
        using ForwardStream stream = new(new MemoryStream(new byte[length]));

        if (!refused)
        {
            Assert.Equal(length, StreamContent.ReadAll(stream, "f", 100_000).Length);
            return;
        }

        SafetensorsException error = Assert.Throws<SafetensorsException>(() => StreamContent.ReadAll(stream, "f", 100_000));
        Assert.Equal(SafetensorsError.IoError, error.Error);
        Assert.Equal("f: the stream cannot seek and has more than 100000 bytes, which do not fit in memory in one piece: save it to a file and open that", error.Message);
    }

    [Fact]
    public void A_stream_that_was_cut_after_opening_is_said()
    {
        MemoryStream stream = new();
        stream.Write(Sample());
        using SafetensorsFile file = SafetensorsFile.Open(stream, "f");
        stream.SetLength(stream.Length - 1);

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Copy(file));

        Assert.Equal($"f: 4 bytes were expected at byte {file["t"].FileOffset}, 3 came: the file was cut short while it was open", refused.Message);
    }

    [Fact]
    public void A_file_that_was_cut_after_opening_is_said()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows does not cut an open file");
        }

        using TemporaryDirectory directory = new();
        string path = directory.At("a");
        File.WriteAllBytes(path, Sample());
        using SafetensorsFile file = SafetensorsFile.Open(path, SafetensorsReadMode.Positional);
        using (FileStream cut = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            cut.SetLength(cut.Length - 4);
        }

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Copy(file));

        Assert.Equal(SafetensorsError.IoError, refused.Error);
        Assert.Contains("4 bytes were expected", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Readers_take_turns_at_a_stream()
    {
        byte[] ramp = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i % 251))];
        byte[] bytes = Bytes.Write([new TensorSource("t", DataType.UInt8, [ramp.Length], ramp)]);
        using SafetensorsFile file = SafetensorsFile.Open(new PausingStream(bytes), "f");

        await Parallel.ForAsync(0, 80, async (i, cancellation) =>
        {
            byte[] part = new byte[1_000];
            if (i % 2 == 0)
            {
                file["t"].Read(i * 400, part);
            }
            else
            {
                await file["t"].ReadAsync(i * 400, part, cancellation);
            }

            Assert.Equal(ramp.AsSpan(i * 400, 1_000).ToArray(), part);
        });
    }

    // Gives other threads the time to move the position before the read.
    sealed class PausingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override long Position
        {
            get => base.Position;
            set
            {
                base.Position = value;
                Thread.Sleep(1);
            }
        }
    }

    [Fact]
    public void A_stream_that_cannot_be_read_is_refused()
    {
        using TemporaryDirectory directory = new();
        using FileStream write = new(directory.At("a"), FileMode.Create, FileAccess.Write);

        Assert.Throws<ArgumentException>(() => SafetensorsFile.Open(write, "f"));
        Assert.Throws<ArgumentNullException>(() => SafetensorsFile.Open((Stream)null!, "f"));
        Assert.Throws<ArgumentNullException>(() => SafetensorsFile.Open(new MemoryStream(), null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => SafetensorsFile.Open("a", (SafetensorsReadMode)2));
    }
}
