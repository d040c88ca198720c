using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class LifetimeTests
{
    static void Write(string path, params float[] values) =>
        Bytes.Save(path, new TensorSource("t", DataType.Float32, [values.Length], Bytes.Of(values)));

    public static TheoryData<Source> Sources => SourceFile.All;

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task After_disposal_every_access_throws_and_what_was_known_of_a_tensor_stays(Source source)
    {
        using SourceFile opened = new(source, Bytes.Write([new TensorSource("t", DataType.Float32, [1, 2], Bytes.Of(1, 2))]));
        SafetensorsFile file = opened.Opened;
        TensorView tensor = file["t"];
        TensorSlice slice = tensor[0];
        IEnumerable<(long, long)> ranges = slice.ByteRanges();

        file.Dispose();
        file.Dispose();

        Action[] accesses =
        [
            () => _ = file.Length,
            () => _ = file.DataOffset,
            () => _ = file.Metadata,
            () => _ = file.Tensors,
            () => _ = file["t"],
            () => file.TryGetTensor("t", out _),
            () => _ = tensor.Bytes.Length,
            () => _ = tensor.Slice(0, 0).Length,
            () => _ = tensor.AsSpan<float>().Length,
            () => _ = tensor.AsTensorSpan<float>().Rank,
            () => tensor.Read(0, new byte[1]),
            () => tensor.CopyTo(new byte[8]),
            () => tensor.CopyTo(Stream.Null),
            () => tensor.Narrow(0, 0, 1),
            () => tensor.Select(0, 0),
            () => _ = tensor[0],
            () => slice.CopyTo(new byte[8]),
            () => slice.CopyTo(Stream.Null),
            () => slice.ByteRanges(),
            () => slice.Narrow(0, 0, 1),
            () => slice.Select(0, 0),
            () => _ = slice[0],
        ];
        Assert.All(accesses, access => Assert.Throws<ObjectDisposedException>(access));
        unsafe
        {
            Assert.Throws<ObjectDisposedException>(() => (nint)tensor.DangerousGetPointer());
        }

        Func<ValueTask>[] reads =
        [
            () => tensor.ReadAsync(0, new byte[1]),
            () => tensor.CopyToAsync(new byte[8]),
            () => tensor.CopyToAsync(Stream.Null),
            () => slice.CopyToAsync(new byte[8]),
            () => slice.CopyToAsync(Stream.Null),
        ];
        foreach (Func<ValueTask> read in reads)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await read());
        }

        Assert.Equal(("t", 8L, 2L, file), (tensor.Name, tensor.ByteLength, tensor.Shape[1], tensor.File));
        Assert.Equal([(0L, 8L)], ranges);
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Copying_while_another_thread_disposes_gives_the_bytes_or_throws(Source source)
    {
        byte[] data = new byte[1 << 16];
        Array.Fill(data, (byte)7);
        byte[] bytes = Bytes.Write([new TensorSource("t", DataType.UInt8, [256, 256], data)]);
        int rounds = source == Source.Http ? 5 : 20;
        for (int i = 0; i < rounds; i++)
        {
            using SourceFile opened = new(source, bytes);
            TensorView tensor = opened.Opened["t"];
            Thread[] copying = [.. Enumerable.Range(0, 4).Select(way => new Thread(() => CopyUntilDisposed(tensor, way)))];
            Array.ForEach(copying, thread => thread.Start());
            Thread.Sleep(i % 5);
            opened.Opened.Dispose();
            Array.ForEach(copying, thread => thread.Join());
        }
    }

    static void CopyUntilDisposed(TensorView tensor, int way)
    {
        byte[] copy = new byte[tensor.ByteLength];
        try
        {
            while (true)
            {
                using MemoryStream stream = new(copy);
                Array.Clear(copy);
                switch (way)
                {
                    case 0:
                        tensor.CopyTo(copy);
                        break;
                    case 1:
                        tensor.CopyTo(stream);
                        break;
                    case 2:
                        tensor.CopyToAsync(stream).AsTask().GetAwaiter().GetResult();
                        break;
                    default:
                        tensor[128..].CopyTo(copy);
                        break;
                }

                Assert.Equal(7, copy[way < 3 ? ^1 : 32767]);
            }
        }
        catch (ObjectDisposedException)
        {
        }
    }

    [Fact]
    public void Replacing_a_mapped_file_leaves_the_mapping_as_it_was()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows does not rename over a mapped file");
        }

        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Write(path, 1, 2, 3);
        using SafetensorsFile old = SafetensorsFile.Open(path);

        Write(path, 4);

        Assert.Equal([1, 2, 3], old["t"].AsSpan<float>().ToArray());
        using SafetensorsFile replaced = SafetensorsFile.Open(path);
        Assert.Equal([4], replaced["t"].AsSpan<float>().ToArray());
    }

    [Fact]
    public void A_file_can_be_rewritten_from_its_own_tensors()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Write(path, 1, 2, 3);
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            Bytes.Save(path, new TensorSource(file["t"], "renamed"));
        }

        using SafetensorsFile rewritten = SafetensorsFile.Open(path);
        Assert.Equal([1, 2, 3], rewritten["renamed"].AsSpan<float>().ToArray());
    }

    [Fact]
    public void The_same_file_opens_twice_and_each_is_disposed_for_itself()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Write(path, 1, 2);
        SafetensorsFile first = SafetensorsFile.Open(path);
        using SafetensorsFile second = SafetensorsFile.Open(path);

        first.Dispose();

        Assert.Equal([1, 2], second["t"].AsSpan<float>().ToArray());
    }

    [Fact]
    public void After_disposal_the_file_can_be_deleted_and_written_in_place()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Write(path, 1);
        SafetensorsFile.Open(path).Dispose();

        using FileStream exclusive = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        Assert.True(exclusive.CanWrite);
    }
}
