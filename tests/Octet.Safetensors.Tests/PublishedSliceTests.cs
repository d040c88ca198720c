using Octet.Numerics;
using Octet.Testing;

namespace Octet.Safetensors.Tests;

/// <summary>Slices of published FP8 checkpoints: what is read, times its scale, is what PyTorch made of it.</summary>
public class PublishedSliceTests
{
    [Theory]
    [InlineData("qwen3-4b-fine-grained-f16", "layer.weight_scale_inv", DataType.Float16, 2, 2)]
    [InlineData("llama-dynamic-per-channel", "layer.weight_scale", DataType.BFloat16, 256, 1)]
    [InlineData("ministral-per-tensor", "layer.weight_scale_inv", DataType.BFloat16, 1, 1)]
    public void Weight_times_scale_is_the_expected_tensor(string name, string scaleName, DataType scaleType, int scaleRows, int scaleColumns)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("fp8-slices", name + ".safetensors"));

        TensorView weight = file["layer.weight"];
        TensorView scale = file[scaleName];
        TensorView expected = file["expected"];

        Assert.Equal((DataType.Float8E4M3FN, scaleType, DataType.BFloat16), (weight.DataType, scale.DataType, expected.DataType));
        Assert.Equal([256, 256], weight.Shape.ToArray());
        Assert.Equal(scaleRows * scaleColumns, scale.ElementCount);
        ReadOnlySpan<ushort> scales = scale.AsSpan<ushort>();
        ReadOnlySpan<byte> codes = weight.AsSpan<byte>();
        ReadOnlySpan<ushort> values = expected.AsSpan<ushort>();
        for (int i = 0; i < codes.Length; i++)
        {
            int scaleIndex = (i / 256 * scaleRows / 256 * scaleColumns) + (i % 256 * scaleColumns / 256);
            float factor = scaleType == DataType.Float16
                ? (float)BitConverter.UInt16BitsToHalf(scales[scaleIndex])
                : BitConverter.UInt32BitsToSingle((uint)scales[scaleIndex] << 16);
            Assert.Equal(values[i], RoundToBFloat16(Decode(codes[i]) * factor));
        }
    }

    // 1-4-3, bias 7; the slices hold no NaN.
    static float Decode(byte code)
    {
        int exponent = (code >> 3) & 15;
        int mantissa = code & 7;
        float magnitude = exponent == 0 ? MathF.ScaleB(mantissa, -9) : MathF.ScaleB(8 + mantissa, exponent - 10);
        return code >= 128 ? -magnitude : magnitude;
    }

    static ushort RoundToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
