using System.Numerics;

namespace Octet.Cuda.Tests.Emulator;

public class ConversionTests
{
    [Theory]
    [InlineData("rn")]
    [InlineData("rz")]
    [InlineData("rm")]
    [InlineData("rp")]
    public void Integers_become_floats_with_one_rounding(string mode)
    {
        (ulong[] a, _, _) = LaneProgram.Patterns(11);
        Check(a, $"cvt.{mode}.f32.s32 %f0, %a; mov.b32 %d, %f0;", x => Single(Rational.Of((int)x), mode));
        Check(a, $"cvt.{mode}.f32.u32 %f0, %a; mov.b32 %d, %f0;", x => Single(new((uint)x, 1), mode));
        Check(a, $"cvt.{mode}.f32.s64 %f0, %la; mov.b32 %d, %f0;", x => Single(new((long)x, 1), mode));
        Check(a, $"cvt.{mode}.f32.u64 %f0, %la; mov.b32 %d, %f0;", x => Single(new(x, 1), mode));
        Check(a, $"cvt.{mode}.f32.f64 %f0, %la; mov.b32 %d, %f0;", x => BitConverter.UInt64BitsToDouble(x) is var value && double.IsFinite(value) && value != 0 ? Single(Rational.Of(value), mode) : Bits((float)value));
        Check(a, $"cvt.{mode}.f16.s32 %ht0, %a; cvt.u32.u16 %d, %ht0;", x => HalfBits(new((int)x, 1), mode));
        Check(a, $"cvt.{mode}.f16.f32 %ht0, %a; cvt.u32.u16 %d, %ht0;", x => Of32(x) is var value && float.IsFinite(value) && value != 0 ? HalfBits(Rational.Of(value), mode) : float.IsNaN(value) ? 0x7fffu : BitConverter.HalfToUInt16Bits((Half)value));
    }

    [Theory]
    [InlineData("rni", MidpointRounding.ToEven)]
    [InlineData("rzi", MidpointRounding.ToZero)]
    [InlineData("rmi", MidpointRounding.ToNegativeInfinity)]
    [InlineData("rpi", MidpointRounding.ToPositiveInfinity)]
    public void Floats_become_integers_within_range_and_NaN_becomes_zero_or_the_top_bit(string mode, MidpointRounding rounding)
    {
        (ulong[] a, _, _) = LaneProgram.Patterns(12);
        Check(a, $"cvt.{mode}.s32.f32 %d, %a;", x => Whole(Of32(x), rounding, -(BigInteger.One << 31), (BigInteger.One << 31) - 1, 0));
        Check(a, $"cvt.{mode}.u32.f32 %d, %a;", x => Whole(Of32(x), rounding, 0, uint.MaxValue, 0));
        Check(a, $"cvt.{mode}.s64.f32 %lt0, %a; mov.b64 {{%d, %t0}}, %lt0;", x => Whole(Of32(x), rounding, long.MinValue, long.MaxValue, 1UL << 63));
        Check(a, $"cvt.{mode}.u64.f64 %lt0, %la; mov.b64 {{%t0, %d}}, %lt0;", x => Upper(BitConverter.UInt64BitsToDouble(x), rounding, 0, ulong.MaxValue));
        Check(a, $"cvt.{mode}.s64.f64 %lt0, %la; mov.b64 {{%t0, %d}}, %lt0;", x => Upper(BitConverter.UInt64BitsToDouble(x), rounding, long.MinValue, long.MaxValue));
        Check(a, $"cvt.{mode}.s8.f32 %d, %a;", x => (uint)(int)(sbyte)Whole(Of32(x), rounding, sbyte.MinValue, sbyte.MaxValue, 0));
        Check(a, $"cvt.{mode}.u16.f32 %ht0, %a; cvt.u32.u16 %d, %ht0;", x => Whole(Of32(x), rounding, 0, ushort.MaxValue, 0));
        Check(a, $"cvt.{mode}.f32.f32 %f0, %a; mov.b32 %d, %f0;", x => float.IsNaN(Of32(x)) ? 0x7fffffff : Bits(MathF.Round(Of32(x), rounding)));
    }

    [Fact]
    public void Halves_and_bfloats_widen_exactly()
    {
        // All exponents and signs, with mantissas of every kind.
        uint[] all = [.. Enumerable.Range(0, 65536).Where(i => i % 16 is 0 or 1 or 15 || i % 7 == 0).Select(i => (uint)i)];
        foreach (uint[] part in all.Chunk(1024))
        {
            uint[] halves = LaneProgram.Run32("cvt.f32.f16 %f0, %ha; mov.b32 %d, %f0;", part);
            uint[] bfloats = LaneProgram.Run32("cvt.f32.bf16 %f0, %ha; mov.b32 %d, %f0;", part);
            for (int i = 0; i < part.Length; i++)
            {
                int exponent = (int)(part[i] >> 10 & 31);
                uint mantissa = part[i] & 1023;
                double magnitude = exponent == 31 ? (mantissa == 0 ? double.PositiveInfinity : double.NaN) : exponent == 0 ? mantissa * Math.Pow(2, -24) : (1024 + mantissa) * Math.Pow(2, exponent - 25);
                Assert.Equal(double.IsNaN(magnitude) ? 0x7fffffff : Bits((float)magnitude) | ((part[i] & 0x8000) << 16), halves[i]);
                Assert.Equal((part[i] & 0x7fff) > 0x7f80 ? 0x7fffffff : part[i] << 16, bfloats[i]);
            }
        }
    }

    [Theory]
    [InlineData("e4m3x2", 3, 7, false)]
    [InlineData("e5m2x2", 2, 15, true)]
    public void Bytes_of_floats_hold_the_nearest_value_and_the_even_code_at_a_tie(string format, int mantissaBits, int bias, bool hasInfinity)
    {
        double?[] values = [.. Enumerable.Range(0, 128).Select(code => Value(code, mantissaBits, bias, hasInfinity))];
        double largest = values.Max()!.Value;
        float[] inputs = [.. Inputs(values), .. Inputs(values).Select(x => -x)];
        inputs = [.. inputs, .. new float[(1024 - (inputs.Length % 1024)) % 1024]];
        foreach (float[] part in inputs.Chunk(1024))
        {
            uint[] results = LaneProgram.Run32($"mov.b32 %f0, %a; mov.b32 %f1, %b; cvt.rn.satfinite.{format}.f32 %ht0, %f0, %f1; cvt.u32.u16 %d, %ht0;", [.. part.Select(Bits)], [.. part.Select(x => Bits(-x))]);
            for (int i = 0; i < part.Length; i++)
            {
                uint expected = ((uint)Nearest(part[i], values, largest) << 8) | (uint)Nearest(-part[i], values, largest);
                Assert.True(expected == results[i], $"{format} of {part[i]:r} is 0x{expected:x4}, not 0x{results[i]:x4}");
            }
        }
    }

    [Fact]
    public void Pairs_of_bytes_become_pairs_of_halves()
    {
        uint[] codes = [.. Enumerable.Range(0, 256).Select(i => (uint)(i | ((255 - i) << 8)))];
        foreach ((string format, int mantissaBits, int bias, bool infinite) in new[] { ("e4m3x2", 3, 7, false), ("e5m2x2", 2, 15, true) })
        {
            uint[] results = LaneProgram.Run32($"cvt.rn.f16x2.{format} %d, %ha;", codes);
            for (int i = 0; i < codes.Length; i++)
            {
                Assert.Equal(Half(codes[i] & 0xff) | (Half(codes[i] >> 8) << 16), results[i]);
            }

            uint Half(uint code)
            {
                double? value = Value((int)(code & 127), mantissaBits, bias, infinite);
                bool isInfinity = infinite && (code & 127) == 0x7c;
                uint bits = isInfinity ? 0x7c00 : value is { } known ? BitConverter.HalfToUInt16Bits((System.Half)known) : 0x7fffu;
                return value is null && !isInfinity ? bits : bits | ((code & 128) << 8);
            }
        }
    }

    [Fact]
    public void Pairs_put_the_first_operand_into_the_upper_half()
    {
        uint[] a = [Bits(1), Bits(-2), Bits(float.NaN), Bits(1e9f), Bits(-3e-8f), Bits(1.00390625f)];
        uint[] b = [Bits(0.5f), Bits(0), Bits(4), Bits(-5), Bits(65519.996f), Bits(1.01171875f)];
        uint[] halves = LaneProgram.Run32("mov.b32 %f0, %a; mov.b32 %f1, %b; cvt.rn.f16x2.f32 %d, %f0, %f1;", a, b);
        Assert.Equal(new uint[] { 0x3c003800, 0xc0000000, 0x7fff4400, 0x7c00c500, 0x80017bff, 0x3c043c0c }, halves);
        uint[] bfloats = LaneProgram.Run32("mov.b32 %f0, %a; mov.b32 %f1, %b; cvt.rn.bf16x2.f32 %d, %f0, %f1;", a, b);
        Assert.Equal(new uint[] { 0x3f803f00, 0xc0000000, 0x7fff4080, 0x4e6ec0a0, 0xb3014780, 0x3f803f82 }, bfloats);
        uint[] clamped = LaneProgram.Run32("mov.b32 %f0, %a; mov.b32 %f1, %b; cvt.rz.relu.bf16x2.f32 %d, %f0, %f1;", a, b);
        Assert.Equal(new uint[] { 0x3f803f00, 0x00000000, 0x7fff4080, 0x4e6e0000, 0x0000477f, 0x3f803f81 }, clamped);
        uint[] tf32 = LaneProgram.Run32("mov.b32 %f0, %a; cvt.rna.tf32.f32 %d, %f0;", [0x3f801000, 0x3f800fff, 0x3f803000]);
        Assert.Equal(new uint[] { 0x3f802000, 0x3f800000, 0x3f804000 }, tf32);
    }

    [Fact]
    public void Arithmetic_of_halves_rounds_once()
    {
        (ulong[] a, ulong[] b, ulong[] c) = LaneProgram.Patterns(13);
        Check3(a, b, c, "fma.rn.f16 %ht0, %ha, %hb, %hc; cvt.u32.u16 %d, %ht0;", (x, y, z) => (Rational.Of(x) * Rational.Of(y)) + Rational.Of(z), Math.FusedMultiplyAdd);
        Check3(a, b, c, "mul.rn.f16 %ht0, %ha, %hb; cvt.u32.u16 %d, %ht0;", (x, y, z) => Rational.Of(x) * Rational.Of(y), (x, y, z) => x * y);
        Check3(a, b, c, "add.f16 %ht0, %ha, %hb; cvt.u32.u16 %d, %ht0;", (x, y, z) => Rational.Of(x) + Rational.Of(y), (x, y, z) => x + y);
        ulong[] pairs = LaneProgram.Run("sub.f16x2 %d, %a, %b;", 32, a, b, c);
        ulong[] low = LaneProgram.Run("sub.f16 %ht0, %ha, %hb; cvt.u32.u16 %d, %ht0;", 32, a, b, c);
        ulong[] high = LaneProgram.Run("shr.u32 %a, %a, 16; shr.u32 %b, %b, 16; cvt.u16.u32 %ha, %a; cvt.u16.u32 %hb, %b; sub.f16 %ht0, %ha, %hb; cvt.u32.u16 %d, %ht0;", 32, a, b, c);
        Assert.Equal(low.Zip(high, (x, y) => x | (y << 16)), pairs);
    }

    static void Check3(ulong[] a, ulong[] b, ulong[] c, string code, Func<double, double, double, Rational> exact, Func<double, double, double, double> special)
    {
        ulong[] results = LaneProgram.Run(code, 32, a, b, c);
        for (int i = 0; i < a.Length; i++)
        {
            (double x, double y, double z) = (Of16(a[i]), Of16(b[i]), Of16(c[i]));
            double simple = special(x, y, z);
            bool finite = double.IsFinite(x) && double.IsFinite(y) && double.IsFinite(z) && simple != 0;
            uint expected = finite ? HalfBits(exact(x, y, z), "rn") : double.IsNaN(simple) ? 0x7fffu : BitConverter.HalfToUInt16Bits((Half)simple);
            Assert.True(expected == results[i], $"{code} of {x:r}, {y:r}, {z:r} gave 0x{results[i]:x4}, not 0x{expected:x4}");
        }
    }

    static void Check(ulong[] a, string code, Func<ulong, uint> definition)
    {
        ulong[] results = LaneProgram.Run(code, 32, a, a, a);
        for (int i = 0; i < a.Length; i++)
        {
            Assert.True(definition(a[i]) == results[i], $"{code} of 0x{a[i]:x} gave 0x{results[i]:x}, not 0x{definition(a[i]):x}");
        }
    }

    static double? Value(int code, int mantissaBits, int bias, bool hasInfinity)
    {
        int exponent = code >> mantissaBits;
        int mantissa = code & ((1 << mantissaBits) - 1);
        bool special = hasInfinity ? exponent == 31 : code == 127;
        return special ? null : (exponent == 0 ? mantissa : mantissa + (1 << mantissaBits)) * Math.Pow(2, Math.Max(exponent, 1) - bias - mantissaBits);
    }

    /// <summary>All values of the format, all midpoints, their neighbours, and what is beyond.</summary>
    static IEnumerable<float> Inputs(double?[] values)
    {
        double[] known = [.. values.OfType<double>()];
        foreach ((double low, double high) in known.Zip(known.Skip(1)))
        {
            float middle = (float)((low + high) / 2);
            yield return (float)low;
            yield return middle;
            yield return MathF.BitIncrement(middle);
            yield return MathF.BitDecrement(middle);
        }

        foreach (float value in new[] { (float)known[^1], (float)known[^1] * 1.1f, 1e30f, float.PositiveInfinity, float.NaN, float.Epsilon, 1e-20f })
        {
            yield return value;
        }
    }

    static int Nearest(float x, double?[] values, double largest)
    {
        if (float.IsNaN(x))
        {
            return 0x7f;
        }

        double magnitude = Math.Min(Math.Abs((double)x), largest);
        double least = values.Min(value => value is { } known ? Math.Abs(known - magnitude) : double.MaxValue);
        int code = Enumerable.Range(0, 128).Where(i => values[i] is { } known && Math.Abs(known - magnitude) == least).OrderBy(i => i & 1).First();
        return float.IsNegative(x) ? code | 0x80 : code;
    }

    static uint Whole(double value, MidpointRounding rounding, BigInteger least, BigInteger most, ulong nan)
    {
        if (double.IsNaN(value))
        {
            return (uint)nan;
        }

        double whole = Math.Round(value, rounding);
        BigInteger bounded = double.IsInfinity(whole) ? (whole > 0 ? most : least) : BigInteger.Max(least, BigInteger.Min(most, new BigInteger(whole)));
        return (uint)(bounded & uint.MaxValue);
    }

    static uint Upper(double value, MidpointRounding rounding, BigInteger least, BigInteger most)
    {
        if (double.IsNaN(value))
        {
            return 0x80000000;
        }

        double whole = Math.Round(value, rounding);
        BigInteger bounded = double.IsInfinity(whole) ? (whole > 0 ? most : least) : BigInteger.Max(least, BigInteger.Min(most, new BigInteger(whole)));
        return (uint)((bounded >> 32) & uint.MaxValue);
    }

    static uint Single(Rational value, string mode) => Bits(value.ToSingle(mode));

    static uint HalfBits(Rational value, string mode) => BitConverter.HalfToUInt16Bits((Half)value.Round(10, -14, 65504, mode));

    static float Of32(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    static double Of16(ulong bits) => (double)BitConverter.UInt16BitsToHalf((ushort)bits);

    static uint Bits(float value) => float.IsNaN(value) ? 0x7fffffff : BitConverter.SingleToUInt32Bits(value);
}
