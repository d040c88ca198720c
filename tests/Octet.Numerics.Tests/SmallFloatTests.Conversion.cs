using System.Numerics;
using System.Runtime.InteropServices;

namespace Octet.Numerics.Tests;

public abstract partial class SmallFloatTests<T>
{
    [Fact]
    public void Conversions_from_every_number_of_the_framework_round_once()
    {
        From<byte>(); From<sbyte>(); From<short>(); From<ushort>(); From<char>(); From<int>(); From<uint>(); From<long>(); From<ulong>();
        From<nint>(); From<nuint>(); From<Int128>(); From<UInt128>(); From<BigInteger>(); From<decimal>();
        From<Half>(); From<float>(); From<double>(); From<NFloat>(); From<Complex>();

        // Whole numbers up to 2^15 or the end of the source's range: exact in every type that holds them.
        void From<TOther>()
            where TOther : INumberBase<TOther>
        {
            for (int i = -300; i < 33_000; i += i < 600 ? 1 : 97)
            {
                TOther source = TOther.CreateSaturating(i);
                double value = double.CreateChecked(source);
                Assert.Equal(Format.Round(value), Code(T.CreateTruncating(source)));
                Assert.Equal(
                    Format.Round(value, Format.HasInfinity ? OverflowMode.SaturateFinite : OverflowMode.Saturate), Code(T.CreateSaturating(source)));
                if (!Format.HasInfinity && Math.Abs(value) > Format.Value(Format.MaxFinite) && Format.Round(value) == (Format.Overflow | (value < 0 ? Format.SignBit : 0)))
                {
                    Assert.Throws<OverflowException>(() => T.CreateChecked(source));
                }
                else
                {
                    Assert.Equal(Format.Round(value), Code(T.CreateChecked(source)));
                }
            }
        }
    }

    [Fact]
    public void Conversions_to_every_number_of_the_framework_are_those_of_the_value()
    {
        To<byte>(); To<sbyte>(); To<short>(); To<ushort>(); To<char>(); To<int>(); To<uint>(); To<long>(); To<ulong>();
        To<nint>(); To<nuint>(); To<Int128>(); To<UInt128>(); To<BigInteger>(); To<Half>(); To<float>(); To<double>(); To<NFloat>(); To<Complex>();

        void To<TOther>()
            where TOther : INumberBase<TOther>
        {
            foreach (int code in AllCodes.Where(code => code % Math.Max(1, Format.Codes / 256) == 0))
            {
                double value = Format.Value(code);
                Same(() => TOther.CreateChecked(value), () => TOther.CreateChecked(At(code)));
                Same(() => TOther.CreateSaturating(value), () => TOther.CreateSaturating(At(code)));
                Same(() => TOther.CreateTruncating(value), () => TOther.CreateTruncating(At(code)));
            }
        }

        static void Same<TOther>(Func<TOther> expected, Func<TOther> actual)
        {
            TOther value;
            try
            {
                value = expected();
            }
            catch (OverflowException)
            {
                Assert.ThrowsAny<OverflowException>(() => actual());
                return;
            }

            Assert.Equal(value, actual());
        }
    }

    [Fact]
    public void Large_whole_numbers_and_decimals_are_rounded_from_their_exact_value()
    {
        // 2^k + 2^(k-M-1) is a tie; one more, far below float64's last bit, is not.
        int one = T.MantissaBits + 1;
        foreach (int shift in new[] { 60, 62 })
        {
            long tie = (1L << shift) + (1L << (shift - one));
            Assert.Equal(Format.Round(tie), Code(T.CreateTruncating(tie)));
            Assert.Equal(Format.Round(Math.BitIncrement((double)tie)), Code(T.CreateTruncating(tie + 1)));
            Assert.Equal(Format.Round(Math.BitIncrement((double)tie)), Code(T.CreateTruncating((ulong)tie + 1)));
            Assert.Equal(Format.Round(Math.BitIncrement((double)tie)), Code(T.CreateTruncating((Int128)tie + 1)));
            Assert.Equal(Format.Round(-Math.BitIncrement((double)tie)), Code(T.CreateTruncating(-tie - 1)));
        }

        decimal exact = 1 + (1m / (1 << one));
        const decimal Least = 0.0000000000000000000000000001m;
        Assert.Equal(Format.Round((double)exact), Code(T.CreateTruncating(exact)));
        Assert.Equal(Format.Round(Math.BitIncrement((double)exact)), Code(T.CreateTruncating(exact + Least)));
        Assert.Equal(Format.Round(Math.BitDecrement((double)exact)), Code(T.CreateTruncating(exact - Least)));
        Assert.Equal(Format.Round(-Math.BitIncrement((double)exact)), Code(T.CreateTruncating(-exact - Least)));
    }

    [Fact]
    public void Decimal_holds_the_value_to_its_28_places()
    {
        foreach (int code in Numbers)
        {
            double value = Format.Value(code);
            if (!(Math.Abs(value) < Math.Pow(2, 96)))
            {
                Assert.Throws<OverflowException>(() => decimal.CreateChecked(At(code)));
                continue;
            }

            // |value - decimal| <= 0.5e-28, in whole numbers: value = units / 2^150.
            BigInteger units = (BigInteger)Math.ScaleB(value, 150);
            decimal converted = decimal.CreateChecked(At(code));
            BigInteger scaled = Scaled(converted);
            BigInteger error = BigInteger.Abs((units * BigInteger.Pow(10, 28)) - (scaled << 150));
            Assert.True(error * 2 <= BigInteger.One << 150, $"{value:R} gave {converted}");
            Assert.Equal(converted, decimal.CreateSaturating(At(code)));
        }

        static BigInteger Scaled(decimal value)
        {
            int[] parts = decimal.GetBits(value);
            BigInteger digits = ((BigInteger)(uint)parts[2] << 64) + ((BigInteger)(uint)parts[1] << 32) + (uint)parts[0];
            return (parts[3] < 0 ? -digits : digits) * BigInteger.Pow(10, 28 - (parts[3] >> 16 & 0xFF));
        }
    }

    [Fact]
    public void Members_of_the_family_convert_to_each_other()
    {
        foreach (int code in Sample)
        {
            double value = Format.Value(code);
            Assert.Equal(ExactFormat.Float8E4M3FN.Round(value), Float8E4M3FN.CreateTruncating(At(code)).ToBits());
            Assert.Equal(ExactFormat.BFloat16.Round(value), BFloat16.CreateChecked(At(code)).ToBits());
        }
    }
}
