namespace Octet.Numerics.Tests;

/// <summary>The one core, given nothing but the data of another format.</summary>
public class OtherFormatTests
{
    [Fact]
    public void An_ieee_format_of_other_widths_needs_only_its_data() => Check<OtherFormat<E4M3>>(ExactFormat.Float8E4M3);

    [Fact]
    public void A_format_without_negative_zero_needs_only_its_data() => Check<OtherFormat<E4M3FNUZ>>(ExactFormat.Float8E4M3FNUZ);

    [Fact]
    public void A_format_of_finite_numbers_only_needs_only_its_data() => Check<OtherFormat<E3M2FN>>(ExactFormat.Float6E3M2FN);

    static void Check<T>(ExactFormat format)
        where T : unmanaged, ISmallFloat<T>
    {
        T[] codes = [.. Enumerable.Range(0, format.Codes).Select(code => System.Runtime.CompilerServices.Unsafe.BitCast<byte, T>((byte)code))];
        float[] values = new float[codes.Length];
        BulkConversion.ConvertToSingle<T>(codes, values);
        for (int code = 0; code < codes.Length; code++)
        {
            Assert.Equal(format.Value(code), values[code]);
            Assert.Equal(format.Value(code), double.CreateTruncating(codes[code]));
        }

        // Ties and their neighbours, and a stride through all floats.
        float[] inputs =
        [
            .. Enumerable.Range(0, format.MaxFinite + 1).Select(code => (float)format.Midpoint(code))
                .SelectMany(middle => new[] { float.BitDecrement(middle), middle, float.BitIncrement(middle) }).SelectMany(x => new[] { x, -x }),
            .. Enumerable.Range(0, 4099).Select(i => BitConverter.UInt32BitsToSingle((uint)(i * 1_048_573L))),
            0f, -0f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, -float.NaN,
        ];
        T[] rounded = new T[inputs.Length];
        foreach (OverflowMode mode in Enum.GetValues<OverflowMode>())
        {
            BulkConversion.ConvertFromSingle(inputs, rounded.AsSpan(), mode);
            for (int i = 0; i < inputs.Length; i++)
            {
                int expected = format.Round(inputs[i], mode);
                Assert.Equal(expected, System.Runtime.CompilerServices.Unsafe.BitCast<T, byte>(rounded[i]));
                Assert.Equal(expected, System.Runtime.CompilerServices.Unsafe.BitCast<T, byte>(SmallFloat.FromDouble<T>(inputs[i], mode)));
            }
        }
    }
}
