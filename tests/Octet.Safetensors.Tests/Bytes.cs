using System.Buffers.Binary;
using System.Text;

namespace Octet.Safetensors.Tests;

/// <summary>Files built by hand from the format's description: length, header, data.</summary>
static class Bytes
{
    internal static byte[] File(string header, params byte[] data) => File(Encoding.UTF8.GetBytes(header), data);

    internal static byte[] File(byte[] header, params byte[] data)
    {
        byte[] file = new byte[8 + header.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)header.Length);
        header.CopyTo(file, 8);
        data.CopyTo(file, 8 + header.Length);
        return file;
    }

    internal static byte[] Of(params float[] values)
    {
        byte[] bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        }

        return bytes;
    }

    /// <summary>The bytes that the writer gives.</summary>
    internal static byte[] Write(IEnumerable<TensorSource> tensors, SafetensorsWriterOptions? options = null)
    {
        using MemoryStream stream = new();
        SafetensorsWriter.Write(stream, tensors, options, TestContext.Current.CancellationToken);
        return stream.ToArray();
    }

    /// <summary>Writes a file with default settings.</summary>
    internal static void Save(string path, params TensorSource[] tensors) =>
        SafetensorsWriter.Write(path, tensors, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>The error that reading these bytes gives.</summary>
    internal static SafetensorsException Refusal(byte[] file) => Assert.Throws<SafetensorsException>(() => SafetensorsFile.Parse(file, "f"));
}
