using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>A file that was cut, wherever, is refused with a typed error. Other damage is left to the fuzzer.</summary>
public class DamageTests
{
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

    static byte[] Sample() => Bytes.Write(
    [
        new TensorSource("model.weight", DataType.Float8E4M3FN, [4, 6], Encoding.ASCII.GetBytes("0123456789abcdefghijklmn")),
        new TensorSource("model.weight_scale_inv", DataType.BFloat16, [1, 1], new byte[2]),
        new TensorSource("scalar", DataType.Float32, [], new byte[4]),
        new TensorSource("empty", DataType.Int64, [0, 3], ReadOnlyMemory<byte>.Empty),
        new TensorSource("packed", DataType.Float6E2M3FN, [4], new byte[3]),
    ]);
}
