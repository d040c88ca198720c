using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>However a file is damaged, reading it gives tensors inside the file or a typed error.</summary>
public class DamageTests
{
    const int Seed = 20260511;
    const int Mutations = 10_000;

    [Fact]
    public void A_file_cut_anywhere_is_refused_with_a_typed_error()
    {
        byte[] file = Sample();
        using TemporaryDirectory directory = new();
        string path = directory.At("cut.safetensors");
        for (int length = 0; length < file.Length; length++)
        {
            byte[] cut = file[..length];
            SafetensorsException inMemory = Bytes.Refusal(cut);
            SafetensorsError expected = length < 8
                ? SafetensorsError.HeaderTooSmall
                : length < 8 + file[0] + (file[1] << 8) ? SafetensorsError.InvalidHeaderLength : SafetensorsError.MetadataIncompleteBuffer;
            Assert.Equal(expected, inMemory.Error);
            if (length % 7 == 0)
            {
                File.WriteAllBytes(path, cut);
                Assert.Equal(expected, Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path)).Error);
            }
        }
    }

    [Fact]
    public void A_mutated_file_opens_consistently_or_is_refused_with_a_typed_error()
    {
        byte[] original = Sample();
        Random random = new(Seed);
        int opened = 0;
        HashSet<SafetensorsError> errors = [];
        for (int i = 0; i < Mutations; i++)
        {
            byte[] mutated = Mutate(original, random);
            try
            {
                using SafetensorsFile file = SafetensorsFile.Parse(mutated, "mutated");
                AssertConsistent(file);
                opened++;
            }
            catch (SafetensorsException e)
            {
                errors.Add(e.Error);
                Assert.DoesNotContain('\n', e.Message);
            }
        }

        // The mutations reach both outcomes and most kinds of error, or the test would show little.
        Assert.InRange(opened, 100, Mutations - 100);
        Assert.Superset(
            new HashSet<SafetensorsError>
            {
                SafetensorsError.HeaderTooLarge, SafetensorsError.InvalidHeaderLength, SafetensorsError.InvalidHeader,
                SafetensorsError.InvalidHeaderDeserialization, SafetensorsError.InvalidOffset, SafetensorsError.TensorInvalidInfo,
                SafetensorsError.MetadataIncompleteBuffer,
            },
            errors);
    }

    static void AssertConsistent(SafetensorsFile file)
    {
        long expected = 0;
        foreach (TensorView tensor in file.Tensors)
        {
            Assert.Equal(expected, tensor.DataOffset);
            Assert.Equal(tensor.ByteLength, tensor.Bytes.Length);
            Assert.Same(tensor, file[tensor.Name]);
            expected += tensor.ByteLength;
        }

        Assert.Equal(file.Length, file.DataOffset + expected);
    }

    static byte[] Mutate(byte[] original, Random random)
    {
        List<byte> bytes = [.. original];
        ReadOnlySpan<byte> telling = "0123456789,:[]{}\" \\-.eFUI\0"u8;
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            int at = random.Next(3) == 0 ? random.Next(8) : random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = telling[random.Next(telling.Length)];
                    break;
                case 3:
                    bytes.Insert(at, telling[random.Next(telling.Length)]);
                    break;
                case 4:
                    bytes.RemoveAt(at);
                    break;
                default:
                    // Digits for digits: the JSON stays whole, what it says does not.
                    int digit = bytes.FindIndex(random.Next(bytes.Count / 2), value => value is >= (byte)'0' and <= (byte)'9');
                    bytes[Math.Max(digit, 0)] = (byte)('0' + random.Next(10));
                    break;
            }
        }

        return [.. bytes];
    }

    static byte[] Sample() => Bytes.Write(
    [
        new TensorSource("model.weight", DataType.Float8E4M3FN, [4, 6], Encoding.ASCII.GetBytes("0123456789abcdefghijklmn")),
        new TensorSource("model.weight_scale_inv", DataType.BFloat16, [1, 1], new byte[2]),
        new TensorSource("scalar", DataType.Float32, [], new byte[4]),
        new TensorSource("empty", DataType.Int64, [0, 3], ReadOnlyMemory<byte>.Empty),
        new TensorSource("packed", DataType.Float6E2M3FN, [4], new byte[3]),
    ]);
}
