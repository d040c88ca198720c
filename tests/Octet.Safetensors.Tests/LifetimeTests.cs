using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class LifetimeTests
{
    static void Write(string path, params float[] values) =>
        Bytes.Save(path, new TensorSource("t", DataType.Float32, [values.Length], Bytes.Of(values)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public unsafe void After_disposal_every_access_throws_and_what_was_known_stays(bool mapped)
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        Write(path, 1, 2);
        SafetensorsFile file = mapped ? SafetensorsFile.Open(path) : SafetensorsFile.Parse(File.ReadAllBytes(path), "a");
        TensorView tensor = file["t"];
        byte* pointer = tensor.DangerousGetPointer();
        Assert.Equal(0x3f, pointer[3]);

        file.Dispose();
        file.Dispose();

        Assert.Throws<ObjectDisposedException>(() => tensor.Bytes.Length);
        Assert.Throws<ObjectDisposedException>(() => tensor.Slice(0, 0).Length);
        Assert.Throws<ObjectDisposedException>(() => tensor.AsSpan<float>().Length);
        Assert.Throws<ObjectDisposedException>(() => tensor.CopyTo(new byte[8]));
        Assert.Throws<ObjectDisposedException>(() => tensor.CopyTo(Stream.Null));
        Assert.Throws<ObjectDisposedException>(() => (nint)tensor.DangerousGetPointer());
        Assert.Equal(("t", 8L, 2L), (tensor.Name, tensor.ByteLength, tensor.Shape[0]));
    }

    [Fact]
    public void Copying_while_another_thread_disposes_gives_the_bytes_or_throws()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("a.safetensors");
        byte[] data = new byte[1 << 16];
        Array.Fill(data, (byte)7);
        Bytes.Save(path, new TensorSource("t", DataType.UInt8, [data.Length], data));
        for (int i = 0; i < 50; i++)
        {
            SafetensorsFile file = SafetensorsFile.Open(path);
            TensorView tensor = file["t"];
            Thread copying = new(() =>
            {
                byte[] copy = new byte[data.Length];
                try
                {
                    while (true)
                    {
                        tensor.CopyTo(copy);
                        Assert.Equal(7, copy[^1]);
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            });
            copying.Start();
            Thread.SpinWait(i * 100);
            file.Dispose();
            copying.Join();
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
