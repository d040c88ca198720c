namespace Octet.Numerics.Tests;

public class PackedBitsTests
{
    [Fact]
    public void Two_fp4_share_a_byte_with_the_even_one_below()
    {
        // The nibble order of every F4 producer: byte = odd << 4 | even.
        Float4E2M1FN[] elements = [(Float4E2M1FN)0.5f, (Float4E2M1FN)(-6f), (Float4E2M1FN)1.5f];
        byte[] packed = new byte[2];
        PackedBits.Pack<Float4E2M1FN>(elements, packed);
        Assert.Equal([0xF1, 0x03], packed);
    }

    [Fact]
    public void Four_fp6_fill_three_bytes_from_the_lowest_bit()
    {
        Float6E3M2FN[] elements = [.. new byte[] { 0x01, 0x3F, 0x20, 0x15 }.Select(Float6E3M2FN.FromBits)];
        byte[] packed = new byte[3];
        PackedBits.Pack<Float6E3M2FN>(elements, packed);
        int bits = 0x01 | (0x3F << 6) | (0x20 << 12) | (0x15 << 18);
        Assert.Equal([(byte)bits, (byte)(bits >> 8), (byte)(bits >> 16)], packed);
    }

    [Fact]
    public void Any_number_of_elements_comes_back()
    {
        for (int length = 0; length < 70; length++)
        {
            RoundTrip<Float4E2M1FN>(length, 15, Float4E2M1FN.FromBits, x => x.ToBits(), (length + 1) / 2);
            RoundTrip<Float6E2M3FN>(length, 63, Float6E2M3FN.FromBits, x => x.ToBits(), ((length * 6) + 7) / 8);
            RoundTrip<Float8E4M3FN>(length, 255, Float8E4M3FN.FromBits, x => x.ToBits(), length);
        }
    }

    [Fact]
    public void Bits_above_a_code_are_ignored()
    {
        Assert.Equal(0x0F, Float4E2M1FN.FromBits(0xFF).ToBits());
        var junk = System.Runtime.CompilerServices.Unsafe.BitCast<byte, Float4E2M1FN>(0xF2);
        Assert.Equal(1f, (float)junk);
        byte[] packed = new byte[1];
        PackedBits.Pack<Float4E2M1FN>([junk, default], packed);
        Assert.Equal([0x02], packed);
    }

    [Fact]
    public void Spans_that_are_too_short_and_wider_formats_are_refused()
    {
        Assert.Contains("2 bytes", Assert.Throws<ArgumentException>(() => PackedBits.Pack<Float4E2M1FN>(new Float4E2M1FN[3], new byte[1])).Message, StringComparison.Ordinal);
        Assert.Contains("3 bytes", Assert.Throws<ArgumentException>(() => PackedBits.Unpack<Float6E2M3FN>(new byte[2], new Float6E2M3FN[4])).Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => PackedBits.ByteCount<BFloat16>(1));
        Assert.Equal(long.MaxValue, PackedBits.ByteCount<Float8E4M3FN>(long.MaxValue));
    }

    static void RoundTrip<T>(int length, int mask, Func<byte, T> make, Func<T, byte> bits, int bytes)
        where T : unmanaged, ISmallFloat<T>
    {
        T[] elements = [.. Enumerable.Range(0, length).Select(i => make((byte)(i * 37 & mask)))];
        byte[] packed = new byte[bytes];
        Assert.Equal(bytes, PackedBits.ByteCount<T>(length));
        PackedBits.Pack<T>(elements, packed);
        T[] back = new T[length];
        PackedBits.Unpack<T>(packed, back);
        Assert.Equal(elements.Select(bits), back.Select(bits));
    }
}
