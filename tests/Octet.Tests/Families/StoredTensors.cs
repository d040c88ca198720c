using System.Buffers.Binary;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Families;

/// <summary>The tensors of a file, changed in a copy of it.</summary>
sealed class StoredTensors
{
    readonly byte[] _file;

    StoredTensors(byte[] file, IReadOnlyList<TensorView> all)
    {
        _file = file;
        All = all;
    }

    internal delegate void Change(TensorView tensor, Span<byte> bytes);

    internal IReadOnlyList<TensorView> All { get; }

    internal static void Copy(string source, string destination, Action<StoredTensors> change)
    {
        byte[] file = File.ReadAllBytes(source);
        using (SafetensorsCheckpoint layout = SafetensorsCheckpoint.Open(source))
        {
            change(new StoredTensors(file, layout.Tensors));
        }

        File.WriteAllBytes(destination, file);
    }

    internal Span<byte> Bytes(TensorView tensor) => _file.AsSpan((int)tensor.FileOffset, (int)tensor.ByteLength);

    /// <summary>Changes every tensor whose name ends so; there must be one.</summary>
    internal void Each(string ending, Change change)
    {
        TensorView[] found = [.. All.Where(tensor => tensor.Name.EndsWith(ending, StringComparison.Ordinal))];
        Assert.NotEmpty(found);
        foreach (TensorView tensor in found)
        {
            change(tensor, Bytes(tensor));
        }
    }

    internal void Fill(string ending, float value) => Each(ending, (tensor, bytes) => Fill(tensor, bytes, value));

    /// <summary>Row i becomes what row <paramref name="source"/>(i) was.</summary>
    internal void MoveRows(string ending, Func<int, int> source) => Each(ending, (tensor, bytes) => Move(bytes, (int)tensor.Shape[0], source));

    /// <summary>The same of so many equal pieces of anything.</summary>
    internal static void Move(Span<byte> bytes, int pieces, Func<int, int> source)
    {
        byte[] old = bytes.ToArray();
        int size = bytes.Length / pieces;
        for (int i = 0; i < pieces; i++)
        {
            old.AsSpan(source(i) * size, size).CopyTo(bytes[(i * size)..]);
        }
    }

    static void Fill(TensorView tensor, Span<byte> bytes, float value)
    {
        int size = tensor.DataType switch
        {
            DataType.BFloat16 => 2,
            DataType.Float32 => 4,
            _ => throw new ArgumentException($"{tensor.Name} is of type {tensor.DataType}", nameof(tensor)),
        };
        Span<byte> element = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(element, value);
        for (int at = 0; at < bytes.Length; at += size)
        {
            element[(4 - size)..].CopyTo(bytes[at..]);
        }
    }
}
