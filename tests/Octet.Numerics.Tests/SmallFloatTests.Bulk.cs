using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Numerics.Tests;

public abstract partial class SmallFloatTests<T>
{
    [Fact]
    public void Every_vector_width_widens_every_code_as_one_lane_does()
    {
        // Twice over, and a few more: every width has whole vectors and a rest, whatever the number of codes.
        T[] codes = [.. Enumerable.Range(0, (2 * Math.Max(Format.Codes, 64)) + 5).Select(i => At(i % Format.Codes))];
        uint[] expected = [.. codes.Select(code => BitConverter.SingleToUInt32Bits(float.CreateTruncating(code)))];

        Check((source, destination) => new LaneWidening<T>(source, destination).Run<Lane, uint>());
        Check((source, destination) => new LaneWidening<T>(source, destination).Run<Lanes128, Vector128<uint>>());
        Check((source, destination) => new LaneWidening<T>(source, destination).Run<Lanes256, Vector256<uint>>());
        Check((source, destination) => new LaneWidening<T>(source, destination).Run<Lanes512, Vector512<uint>>());
        if (ByteWidening<T>.IsSupported)
        {
            Check(ByteWidening<T>.ToSingle<ByteLanes128, Vector128<byte>>);
            Check(ByteWidening<T>.TableToSingle);
            if (Avx2.IsSupported)
            {
                Check(ByteWidening<T>.ToSingle<ByteLanes256, Vector256<byte>>);
            }
        }

        Check(BulkConversion.ConvertToSingle);

        void Check(Widening widen)
        {
            float[] values = new float[codes.Length];
            widen(codes, values);
            for (int i = 0; i < codes.Length; i++)
            {
                int code = i % Format.Codes;
                Assert.Equal(Format.Value(code), values[i]);
                Assert.Equal(expected[i], BitConverter.SingleToUInt32Bits(values[i]));
                if (float.IsNaN(values[i]))
                {
                    Assert.Equal(code >= Format.SignBit, float.IsNegative(values[i]));
                }
            }
        }
    }

    [Fact]
    public void Every_vector_width_rounds_floats_of_all_exponents_as_the_definition_says()
    {
        float[] values = FloatsOfAllExponents();
        foreach (OverflowMode mode in s_modes)
        {
            int[] expected = [.. values.Select(value => Format.Round(value, mode))];
            Check((source, destination, rule) => new NearestNarrowing<T>(source, destination, rule).Run<Lane, uint>());
            Check((source, destination, rule) => new NearestNarrowing<T>(source, destination, rule).Run<Lanes128, Vector128<uint>>());
            Check((source, destination, rule) => new NearestNarrowing<T>(source, destination, rule).Run<Lanes256, Vector256<uint>>());
            Check((source, destination, rule) => new NearestNarrowing<T>(source, destination, rule).Run<Lanes512, Vector512<uint>>());
            Check(BulkConversion.ConvertFromSingle);

            void Check(Narrowing narrow)
            {
                T[] codes = new T[values.Length];
                narrow(values, codes, mode);
                for (int i = 0; i < values.Length; i++)
                {
                    if (expected[i] != Code(codes[i]))
                    {
                        Assert.Fail($"{mode}: {values[i]:R} gave {Code(codes[i]):X2}, expected {expected[i]:X2}");
                    }
                }
            }
        }
    }

    [Fact]
    public void Length_and_alignment_do_not_matter()
    {
        float[] values = FloatsOfAllExponents();
        T[] codes = [.. values.Select(value => At(Format.Round(value)))];
        for (int offset = 0; offset < 5; offset++)
        {
            for (int length = 0; length < 70; length++)
            {
                T[] narrow = new T[length + 1];
                float[] wide = new float[length + 1];
                (narrow[length], wide[length]) = (T.One, 42);
                BulkConversion.ConvertFromSingle<T>(values.AsSpan(offset * 97, length), narrow.AsSpan());
                BulkConversion.ConvertToSingle<T>(codes.AsSpan(offset * 97 + offset, length), wide.AsSpan());
                for (int i = 0; i < length; i++)
                {
                    Assert.Equal(codes[(offset * 97) + i], narrow[i]);
                    Assert.Equal((float)Format.Value(Code(codes[(offset * 98) + i])), wide[i]);
                }

                Assert.Equal((T.One, 42f), (narrow[length], wide[length]));
            }
        }
    }

    [Fact]
    public void A_destination_that_is_too_short_is_refused()
    {
        Assert.Contains("3 elements", Assert.Throws<ArgumentException>(() => BulkConversion.ConvertToSingle<T>(new T[4], new float[3])).Message, StringComparison.Ordinal);
        Assert.Contains("3 elements", Assert.Throws<ArgumentException>(() => BulkConversion.ConvertFromSingle(new float[4], new T[3].AsSpan())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stride_through_all_floats_rounds_as_the_definition_says()
    {
        // 65,521 is prime: every exponent, and low bits of every kind.
        float[] values = [.. Enumerable.Range(0, (int)((1L << 32) / 65_521)).Select(i => BitConverter.UInt32BitsToSingle((uint)(i * 65_521L)))];
        T[] codes = new T[values.Length];
        BulkConversion.ConvertFromSingle<T>(values, codes);
        for (int i = 0; i < values.Length; i++)
        {
            int expected = Format.Round(values[i]);
            if (Code(codes[i]) != expected || Code(Rounded(values[i])) != expected)
            {
                Assert.Fail($"{values[i]:R} gave {Code(codes[i]):X2} in bulk, {Code(Rounded(values[i])):X2} alone, expected {expected:X2}");
            }
        }
    }

    /// <summary>For each of the 512 signs and exponents, zero and full mantissas and some at random.</summary>
    static float[] FloatsOfAllExponents()
    {
        var random = new Random(8);
        return
        [
            .. Enumerable.Range(0, 512).SelectMany(top => Enumerable.Range(0, 9).Select(i =>
                BitConverter.Int32BitsToSingle((top << 23) | (i switch { 0 => 0, 1 => 0x7FFFFF, 2 => 0x400000, _ => random.Next(1 << 23) })))),
        ];
    }

    delegate void Widening(ReadOnlySpan<T> source, Span<float> destination);

    delegate void Narrowing(ReadOnlySpan<float> source, Span<T> destination, OverflowMode mode);
}
