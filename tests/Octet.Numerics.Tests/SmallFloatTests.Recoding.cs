using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Numerics.Tests;

// From and to floats other than float32, in bulk.
public abstract partial class SmallFloatTests<T>
{
    T[] CodesTwiceOver => [.. Enumerable.Range(0, (2 * Math.Max(Format.Codes, 64)) + 5).Select(i => At(i % Format.Codes))];

    [Fact]
    public void Every_code_becomes_its_nearest_value_in_every_other_format()
    {
        To<Float8E4M3FN>(ExactFormat.Float8E4M3FN);
        To<Float8E5M2>(ExactFormat.Float8E5M2);
        To<Float8E4M3FNUZ>(ExactFormat.Float8E4M3FNUZ);
        To<Float8E5M2FNUZ>(ExactFormat.Float8E5M2FNUZ);
        To<Float8E4M3B11FNUZ>(ExactFormat.Float8E4M3B11FNUZ);
        To<Float8E4M3>(ExactFormat.Float8E4M3);
        To<Float8E3M4>(ExactFormat.Float8E3M4);
        To<Float6E2M3FN>(ExactFormat.Float6E2M3FN);
        To<Float6E3M2FN>(ExactFormat.Float6E3M2FN);
        To<Float4E2M1FN>(ExactFormat.Float4E2M1FN);
        To<BFloat16>(ExactFormat.BFloat16);

        void To<TTo>(ExactFormat other)
            where TTo : unmanaged, ISmallFloat<TTo>
        {
            T[] codes = CodesTwiceOver;
            foreach (OverflowMode mode in s_modes)
            {
                int[] nearest = [.. Enumerable.Range(0, Format.Codes).Select(code => Format.Value(code) is var value && double.IsNaN(value) ? other.Round(double.CopySign(value, code < Format.SignBit ? 1 : -1), mode) : other.Round(value, mode))];
                Check((source, destination) => BulkConversion.Convert(source, destination, mode));
                Check((source, destination) => new Recoding<T, TTo>(source, destination, mode).Run<Lane, uint>());
                Check((source, destination) => new Recoding<T, TTo>(source, destination, mode).Run<Lanes128, Vector128<uint>>());
                Check((source, destination) => new Recoding<T, TTo>(source, destination, mode).Run<Lanes256, Vector256<uint>>());
                Check((source, destination) => new Recoding<T, TTo>(source, destination, mode).Run<Lanes512, Vector512<uint>>());

                void Check(Conversion<T, TTo> convert)
                {
                    var results = new TTo[codes.Length];
                    convert(codes, results);
                    for (int i = 0; i < codes.Length; i++)
                    {
                        int code = i % Format.Codes;
                        int expected = typeof(T) == typeof(TTo) && typeof(T) == typeof(BFloat16) && double.IsNaN(Format.Value(code)) ? SmallFloatTests<TTo>.Code(results[i]) : nearest[code];
                        if (expected != SmallFloatTests<TTo>.Code(results[i]))
                        {
                            Assert.Fail($"{typeof(T).Name} {i % Format.Codes:X2} to {typeof(TTo).Name}, {mode}: {SmallFloatTests<TTo>.Code(results[i]):X2}, expected {expected:X2}");
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Every_code_of_a_byte_becomes_its_bfloat16_in_every_width()
    {
        if (!ByteWidening<T>.IsSupported)
        {
            Assert.Skip("only formats of 8 bits or less, on processors with byte permutations");
        }

        T[] codes = CodesTwiceOver;
        ushort[] expected = [.. codes.Select(code => SmallFloat.FromSingle<BFloat16>(float.CreateTruncating(code), OverflowMode.NonSaturating).ToBits())];
        Check(ByteWidening<T>.ToBFloat16<ByteLanes128, Vector128<byte>>);
        Check(ByteWidening<T>.TableToBFloat16);
        if (Avx2.IsSupported)
        {
            Check(ByteWidening<T>.ToBFloat16<ByteLanes256, Vector256<byte>>);
        }

        void Check(Conversion<T, BFloat16> convert)
        {
            var results = new BFloat16[codes.Length];
            convert(codes, results);
            Assert.Equal(expected, results.Select(result => result.ToBits()));
        }
    }

    [Fact]
    public void Results_that_go_past_the_caches_are_the_same_and_stay_inside()
    {
        if (!ByteWidening<T>.IsSupported)
        {
            Assert.Skip("only formats of 8 bits or less are written past the caches");
        }

        // One element beyond the limit, from an address that is aligned to nothing but an element.
        int length = (int)(ByteWidening<T>.PastCaches / sizeof(float)) + 1;
        var random = new Random(32);
        T[] codes = new T[length];
        for (int i = 0; i < length; i++)
        {
            codes[i] = At(random.Next(Format.Codes));
        }

        float[] table = [.. AllCodes.Select(code => (float)Format.Value(code))];
        float[] values = new float[length + 8];
        values.AsSpan().Fill(42);
        BulkConversion.ConvertToSingle<T>(codes, values.AsSpan(3, length));
        Assert.Equal([42, 42, 42], values[..3]);
        Assert.Equal([42, 42, 42, 42, 42], values[^5..]);
        for (int i = 0; i < length; i++)
        {
            if (!values[i + 3].Equals(table[Code(codes[i])]))
            {
                Assert.Fail($"element {i}: {values[i + 3]}");
            }
        }
    }

    [Fact]
    public void Every_half_and_every_bfloat16_rounds_as_the_definition_says()
    {
        Half[] halves = [.. Enumerable.Range(0, 65_536).Select(bits => BitConverter.UInt16BitsToHalf((ushort)bits))];
        BFloat16[] brains = [.. Enumerable.Range(0, 65_536).Select(bits => BFloat16.FromBits((ushort)bits))];
        T[] fromHalf = new T[65_536];
        T[] fromBrain = new T[65_536];
        BulkConversion.ConvertFromHalf(halves, fromHalf.AsSpan());
        BulkConversion.Convert<BFloat16, T>(brains, fromBrain);
        for (int bits = 0; bits < 65_536; bits++)
        {
            int half = Format.Round((double)halves[bits]);
            bool same = typeof(T) == typeof(BFloat16);
            int brain = same && BFloat16.IsNaN(brains[bits]) ? Code(fromBrain[bits]) : Format.Round((float)brains[bits]);
            if (half != Code(fromHalf[bits]) || half != Code(T.CreateTruncating(halves[bits])) || brain != Code(fromBrain[bits]))
            {
                Assert.Fail($"bits {bits:X4}: Half gave {Code(fromHalf[bits]):X2}, expected {half:X2}; BFloat16 {Code(fromBrain[bits]):X2}, expected {brain:X2}");
            }
        }
    }

    [Fact]
    public void Float64_and_half_are_rounded_once_and_back_exactly_in_bulk()
    {
        var random = new Random(64);
        double[] values =
        [
            .. Enumerable.Range(0, Format.MaxFinite + 1).Select(Format.Midpoint).SelectMany(x => new[] { double.BitDecrement(x), x, double.BitIncrement(x), -x, -double.BitIncrement(x) }),
            .. Enumerable.Range(0, 3_000).Select(_ => (random.NextDouble() - 0.5) * Math.ScaleB(1, random.Next(-150, 130))),
            0.0, -0.0, double.Epsilon, double.MaxValue, double.MinValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e39, 3.4028235677973366e38,
        ];
        Half[] halves = [.. values.Select(value => (Half)value)];
        foreach (OverflowMode mode in s_modes)
        {
            T[] codes = new T[values.Length];
            BulkConversion.ConvertFromDouble(values, codes.AsSpan(), mode);
            Assert.Equal(values.Select(value => Format.Round(value, mode)), codes.Select(Code));
            BulkConversion.ConvertFromHalf(halves, codes.AsSpan(), mode);
            Assert.Equal(halves.Select(half => Format.Round((double)half, mode)), codes.Select(Code));
        }

        T[] all = CodesTwiceOver;
        double[] wide = new double[all.Length];
        Half[] half = new Half[all.Length];
        BulkConversion.ConvertToDouble<T>(all, wide);
        BulkConversion.ConvertToHalf<T>(all, half);
        for (int i = 0; i < all.Length; i++)
        {
            Assert.Equal(Format.Value(i % Format.Codes), wide[i]);
            Assert.Equal((Half)Format.Value(i % Format.Codes), half[i]);
        }
    }

    delegate void Conversion<TFrom, TTo>(ReadOnlySpan<TFrom> source, Span<TTo> destination);
}
