using System.Buffers.Binary;
using Octet.Numerics;
using Octet.Testing;

namespace Octet.Safetensors.Tests;

public class PublishedHeaderTests
{
    // Tensor bytes of the published files, from the last data_offsets of their headers.
    [Theory]
    [InlineData("Qwen3-4B-Instruct-2507-FP8", 651, 5189976192)]
    [InlineData("Qwen3-0.6B-FP8", 0, 0)]
    public void A_published_header_opens_in_a_file_of_the_published_size(string model, int tensors, long dataLength)
    {
        byte[] header = File.ReadAllBytes(Fixtures.Path("qwen3", model, "model.safetensors.header.json"));
        using TemporaryDirectory directory = new();
        string path = directory.At("model.safetensors");
        WriteSparse(path, header, dataLength);

        using SafetensorsFile file = SafetensorsFile.Open(path);

        Assert.Equal(tensors, file.Tensors.Count);
        Assert.Equal(dataLength, file.Tensors.Sum(tensor => tensor.ByteLength));
    }

    static void WriteSparse(string path, byte[] header, long dataLength)
    {
        using FileStream stream = File.Create(path);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        stream.SetLength(8 + header.Length + dataLength);
    }
}
