using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using CsCheck;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class RoundTripTests
{
    const string Seed = "0000KOIE6wa2";

    static readonly Gen<string> s_name = Gen.String[Gen.Char["abAB01._-\"\\/\n\t\u0001\u007fé漢\uE000\uFFFD"], 1, 8];

    static readonly Gen<TensorSource> s_tensor = Gen.Select(s_name, Gen.Enum<DataType>().Where(type => type.IsSafetensors()), Gen.Long[0, 5].Array[0, 4], Gen.Int, (name, type, shape, seed) =>
    {
        // Sub-byte types fill whole bytes when the last dimension is a multiple of eight.
        long[] whole = BitSize(type) < 8 ? [.. shape, 8] : shape;
        byte[] data = new byte[whole.Aggregate(1L, (product, dimension) => product * dimension) * BitSize(type) / 8];
        new Random(seed).NextBytes(data);
        return new TensorSource(name, type, whole, data);
    });

    static readonly Gen<TensorSource[]> s_tensors = s_tensor.Array[0, 12].Select(tensors => tensors.DistinctBy(tensor => tensor.Name).ToArray());

    [Fact]
    public void What_is_written_is_read()
    {
        s_tensors.Sample(
            tensors =>
            {
                using SafetensorsFile file = SafetensorsFile.Parse(Bytes.Write(tensors), "round trip");
                Assert.Equal(tensors.Length, file.Tensors.Count);
                foreach (TensorSource source in tensors)
                {
                    TensorView view = file[source.Name];
                    using MemoryStream data = new();
                    source.WriteTo(data);
                    Assert.Equal(source.DataType, view.DataType);
                    Assert.Equal(source.Shape.ToArray(), view.Shape.ToArray());
                    Assert.Equal(data.ToArray(), view.Bytes.ToArray());
                }
            },
            seed: Seed,
            iter: 500);
    }

    [Fact]
    public void The_order_given_does_not_change_the_bytes()
    {
        Gen.Select(s_tensors, Gen.Int).Sample(
            (tensors, seed) =>
            {
                TensorSource[] shuffled = [.. tensors];
                new Random(seed).Shuffle(shuffled);
                Assert.Equal(Bytes.Write(tensors), Bytes.Write(shuffled));
            },
            seed: Seed,
            iter: 300);
    }

    [Fact]
    public void Any_json_reader_finds_larger_types_first_names_in_byte_order_and_every_tensor_aligned()
    {
        s_tensors.Sample(
            tensors =>
            {
                byte[] file = Bytes.Write(tensors);
                int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
                Assert.Equal(0, length % 8);
                using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, length));
                var written = header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__").ToArray();
                long expected = 0;
                (int Type, byte[] Name) before = (int.MaxValue, []);
                foreach (JsonProperty entry in written)
                {
                    TensorSource source = tensors.Single(tensor => tensor.Name == entry.Name);
                    (int Type, byte[] Name) key = ((int)source.DataType, Encoding.UTF8.GetBytes(entry.Name));
                    Assert.True(key.Type < before.Type || (key.Type == before.Type && key.Name.AsSpan().SequenceCompareTo(before.Name) > 0));
                    before = key;
                    long begin = entry.Value.GetProperty("data_offsets")[0].GetInt64();
                    Assert.Equal(expected, begin);
                    Assert.Equal(0, begin % Math.Max(1, BitSize(source.DataType) / 8));
                    expected = entry.Value.GetProperty("data_offsets")[1].GetInt64();
                }

                Assert.Equal(tensors.Length, written.Length);
                Assert.Equal(file.Length, 8 + length + expected);
            },
            seed: Seed,
            iter: 300);
    }

    [Fact]
    public void Names_above_the_basic_plane_sort_by_their_utf8_bytes()
    {
        // In UTF-16 the surrogates of U+1F600 sort below U+FF21; in UTF-8 the character sorts above.
        byte[] one = [1];
        byte[] file = Bytes.Write(
        [
            new TensorSource("\U0001F600", DataType.UInt8, [1], one),
            new TensorSource("\uFF21", DataType.UInt8, [1], one),
            new TensorSource("\U0001F600a", DataType.UInt8, [1], one),
        ]);

        Assert.Equal(["\uFF21", "\U0001F600", "\U0001F600a"], SafetensorsFile.Parse(file, "f").Tensors.Select(tensor => tensor.Name));
    }

    // As the format's description lists them.
    static int BitSize(DataType type) => type switch
    {
        DataType.Float4E2M1FN => 4,
        DataType.Float6E2M3FN or DataType.Float6E3M2FN => 6,
        DataType.Int16 or DataType.UInt16 or DataType.Float16 or DataType.BFloat16 => 16,
        DataType.Int32 or DataType.UInt32 or DataType.Float32 => 32,
        DataType.Complex64 or DataType.Float64 or DataType.Int64 or DataType.UInt64 => 64,
        _ => 8,
    };
}
