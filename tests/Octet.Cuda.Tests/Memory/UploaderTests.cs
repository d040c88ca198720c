using Octet.Cuda.Driver;
using Octet.Cuda.Memory;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Memory;

public class UploaderTests
{
    const int Buffer = 1024;

    [Theory]
    [InlineData(1)]
    [InlineData(Buffer)]
    [InlineData(Buffer + 1)]
    [InlineData((5 * Buffer) + 77)]
    public void Bytes_of_any_length_arrive(int length)
    {
        using var card = new OpenCard();
        using var uploader = new Uploader(card.Context, Buffer);
        using DeviceBlock block = card.Context.Allocate(length);
        byte[] source = Random(length);

        uploader.Send(block.Span, source);
        uploader.Finish();

        Assert.Equal(source, Read(card, block.Span));
        Assert.Equal(length, uploader.BytesSent);
    }

    [Fact]
    public void Short_pieces_share_a_buffer_and_wait_for_none()
    {
        using var card = new OpenCard();
        using var uploader = new Uploader(card.Context, Buffer);
        using DeviceBlock block = card.Context.Allocate(4 * 256);
        byte[] source = Random(100);

        for (int i = 0; i < 4; i++)
        {
            uploader.Send(block.Span.Slice(256 * i, 100), source);
        }

        Assert.Equal(0, card.Fake.Faults.Calls("cuEventSynchronize") + card.Fake.Faults.Calls("cuEventRecord"));
        uploader.Finish();
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(source, Read(card, block.Span.Slice(256 * i, 100)));
        }
    }

    [Fact]
    public void A_function_is_asked_for_whole_units_from_first_to_last()
    {
        using var card = new OpenCard();
        using var uploader = new Uploader(card.Context, Buffer);
        using DeviceBlock block = card.Context.Allocate(3000);
        byte[] source = Random(3000);
        var asked = new List<(long Offset, int Length)>();

        uploader.Send(
            block.Span,
            (offset, part) =>
            {
                asked.Add((offset, part.Length));
                source.AsSpan((int)offset, part.Length).CopyTo(part);
            },
            unit: 300);
        uploader.Finish();

        Assert.Equal([(0, 900), (900, 900), (1800, 900), (2700, 300)], asked);
        Assert.Equal(source, Read(card, block.Span));
    }

    [Fact]
    public void A_tensor_of_a_file_arrives_and_so_does_a_part_of_it()
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "model.safetensors");
        byte[] source = Random(100_000);
        SafetensorsWriter.Write(path, [new TensorSource("weight", DataType.UInt8, [100, 1000], source)]);

        using SafetensorsFile file = SafetensorsFile.Open(path);
        using var card = new OpenCard();
        using var uploader = new Uploader(card.Context, 1 << 16);
        using DeviceBlock whole = card.Context.Allocate(100_000);
        using DeviceBlock part = card.Context.Allocate(2000);

        uploader.Send(whole.Span, file["weight"]);
        uploader.Send(part.Span, file["weight"], offset: 98_000);
        uploader.Finish();

        Assert.Equal(source, Read(card, whole.Span));
        Assert.Equal(source[98_000..], Read(card, part.Span));
        Assert.Throws<ArgumentOutOfRangeException>(() => uploader.Send(part.Span, file["weight"], offset: 98_001));
    }

    [Fact]
    public void Cancelling_in_the_middle_leaves_an_uploader_that_works_and_nothing_behind()
    {
        using var card = new OpenCard();
        int handles = card.Fake.LiveHandles;
        using var cancellation = new CancellationTokenSource();
        using (var uploader = new Uploader(card.Context, Buffer))
        using (DeviceBlock block = card.Context.Allocate(10 * Buffer))
        {
            int parts = 0;
            Assert.Throws<OperationCanceledException>(() => uploader.Send(
                block.Span,
                (_, part) =>
                {
                    part.Fill(1);
                    if (++parts == 3)
                    {
                        cancellation.Cancel();
                    }
                },
                cancellationToken: cancellation.Token));
            Assert.Equal((3, 3L * Buffer), (parts, uploader.BytesSent));

            byte[] source = Random(3000);
            uploader.Send(block.Span.Slice(0, 3000), source);
            uploader.Finish();
            Assert.Equal(source, Read(card, block.Span.Slice(0, 3000)));
        }

        Assert.Equal((handles, 0, 0), (card.Fake.LiveHandles, card.Fake.LivePinned, card.Fake.LiveAllocations));
    }

    [Fact]
    public void An_error_of_reading_is_thrown_on_and_nothing_of_its_part_is_sent()
    {
        using var card = new OpenCard();
        using (var uploader = new Uploader(card.Context, Buffer))
        using (DeviceBlock block = card.Context.Allocate(3 * Buffer))
        {
            var error = new IOException("the disk is gone");

            Assert.Same(error, Assert.Throws<IOException>(() => uploader.Send(block.Span, (offset, part) => part.Fill(offset < Buffer ? (byte)5 : throw error))));

            Assert.Equal(Buffer, uploader.BytesSent);
            uploader.Finish();
            Assert.All(Read(card, block.Span.Slice(0, Buffer)), value => Assert.Equal(5, value));
        }

        Assert.Equal((0, 0), (card.Fake.LivePinned, card.Fake.LiveAllocations));
    }

    [Fact]
    public void A_tensor_whose_file_is_closed_is_an_error_and_not_a_crash()
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "model.safetensors");
        SafetensorsWriter.Write(path, [new TensorSource("weight", DataType.UInt8, [9 << 20], Random(9 << 20))]);

        SafetensorsFile file = SafetensorsFile.Open(path);
        TensorView tensor = file["weight"];
        file.Dispose();
        using var card = new OpenCard();
        using var uploader = new Uploader(card.Context, 16 << 20);
        using DeviceBlock block = card.Context.Allocate(9 << 20);

        Assert.Throws<ObjectDisposedException>(() => uploader.Send(block.Span, tensor));
    }

    [Fact]
    public void A_copy_that_fails_is_told_at_the_end_at_the_latest()
    {
        using var card = new OpenCard();
        using (var uploader = new Uploader(card.Context, Buffer))
        {
            using DeviceBlock block = card.Context.Allocate(64);

            // Longer than the memory there.
            uploader.Send(new DeviceSpan(block.Address, 128), new byte[128]);

            Assert.Equal(ModelError.DeviceFailed, Assert.Throws<CudaException>(uploader.Finish).Error);
        }

        Assert.Equal((0, 0), (card.Fake.LivePinned, card.Fake.LiveAllocations));
    }

    [Theory]
    [InlineData("cuStreamCreateWithPriority", 1)]
    [InlineData("cuMemHostAlloc", 1)]
    [InlineData("cuMemHostAlloc", 2)]
    [InlineData("cuEventCreate", 2)]
    public void Buffers_that_cannot_be_made_leave_nothing(string function, int nth)
    {
        using var card = new OpenCard();
        int handles = card.Fake.LiveHandles;
        card.Fake.Faults.Fail(function, nth, Code.OutOfMemory);

        Assert.Throws<CudaException>(() => new Uploader(card.Context, Buffer));

        Assert.Equal((handles, 0), (card.Fake.LiveHandles, card.Fake.LivePinned));
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        using var card = new OpenCard();
        using var uploader = new Uploader(card.Context, Buffer);

        Assert.Throws<ArgumentException>(() => uploader.Send(new DeviceSpan(4096, 10), new byte[9]));
        Assert.Throws<ArgumentOutOfRangeException>(() => uploader.Send(new DeviceSpan(4096, 10), (_, _) => { }, unit: Buffer + 1));
    }

    static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    static unsafe byte[] Read(OpenCard card, DeviceSpan span)
    {
        byte[] bytes = new byte[span.Bytes];
        fixed (byte* first = bytes)
        {
            card.Stream.CopyToHost(first, span.Address, span.Bytes);
        }

        card.Stream.Synchronize();
        return bytes;
    }
}
