namespace Octet.Cuda.Tests.Emulator;

public class FloatInstructionTests
{
    static readonly float[] s_special =
    [
        0f, -0f, 1f, -1f, 0.5f, 3f, 1.5f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon,
        1.17549421e-38f, 1.17549435e-38f, float.MaxValue, -float.MaxValue, 0.1f, 1f / 3, 16777216f, 16777217f, -8388608.5f, 2147483648f, 1e10f, 1.0000001f,
    ];

    [Theory]
    [InlineData("rn")]
    [InlineData("rz")]
    [InlineData("rm")]
    [InlineData("rp")]
    public void Sums_products_and_quotients_are_rounded_once_from_the_exact_result(string mode)
    {
        (float[] a, float[] b, float[] c) = Operands(3);
        Check($"add.{mode}.f32 %f3, %f0, %f1;", a, b, c, (x, y, z) => Finite(x, y) ? Nonzero((Rational.Of(x) + Rational.Of(y)).ToSingle(mode), mode, x, y) : x + y);
        Check($"sub.{mode}.f32 %f3, %f0, %f1;", a, b, c, (x, y, z) => Finite(x, y) ? Nonzero((Rational.Of(x) + Rational.Of(-y)).ToSingle(mode), mode, x, -y) : x - y);
        Check($"mul.{mode}.f32 %f3, %f0, %f1;", a, b, c, (x, y, z) => Finite(x, y) ? Signed((Rational.Of(x) * Rational.Of(y)).ToSingle(mode), x, y) : x * y);
        Check($"fma.{mode}.f32 %f3, %f0, %f1, %f2;", a, b, c, (x, y, z) =>
            Finite(x, y) && float.IsFinite(z) && (double)x * y + z is not 0 ? ((Rational.Of(x) * Rational.Of(y)) + Rational.Of(z)).ToSingle(mode) : Special(x, y, z, mode));
        Check($"div.{mode}.f32 %f3, %f0, %f1;", a, b, c, (x, y, z) => Finite(x, y) && y != 0 ? Signed((Rational.Of(x) / Rational.Of(y)).ToSingle(mode), x, y) : x / y);
    }

    [Fact]
    public void Square_roots_are_correctly_rounded()
    {
        (float[] a, _, _) = Operands(4);
        Check("sqrt.rn.f32 %f3, %f0;", a, a, a, (x, _, _) => (float)Math.Sqrt(x));
        Check("sqrt.rz.f32 %f3, %f0;", a, a, a, (x, _, _) => TowardsZero(x));

        static float TowardsZero(float x)
        {
            if (x < 0 || float.IsNaN(x) || float.IsInfinity(x) || x == 0)
            {
                return (float)Math.Sqrt(x);
            }

            float root = (float)Math.Sqrt(x);
            return (double)root * root > x ? MathF.BitDecrement(root) : root;
        }
    }

    [Fact]
    public void Minimum_and_maximum_prefer_numbers_unless_NaN_is_asked_for()
    {
        (float[] a, float[] b, float[] c) = Operands(5);
        Check("min.f32 %f3, %f0, %f1;", a, b, c, (x, y, _) => float.IsNaN(x) ? y : float.IsNaN(y) ? x : x < y || (x == y && float.IsNegative(x)) ? x : y);
        Check("max.f32 %f3, %f0, %f1;", a, b, c, (x, y, _) => float.IsNaN(x) ? y : float.IsNaN(y) ? x : x > y || (x == y && !float.IsNegative(x)) ? x : y);
        Check("min.NaN.f32 %f3, %f0, %f1;", a, b, c, (x, y, _) => float.IsNaN(x) || float.IsNaN(y) ? float.NaN : x < y || (x == y && float.IsNegative(x)) ? x : y);
        Check("max.NaN.f32 %f3, %f0, %f1;", a, b, c, (x, y, _) => float.IsNaN(x) || float.IsNaN(y) ? float.NaN : x > y || (x == y && !float.IsNegative(x)) ? x : y);
        Check("abs.f32 %f3, %f0;", a, b, c, (x, _, _) => x < 0 || (x == 0 && float.IsNegative(x)) ? -x : x);
        Check("neg.f32 %f3, %f0;", a, b, c, (x, _, _) => MathF.CopySign(x, float.IsNegative(x) ? 1 : -1));
    }

    [Fact]
    public void Flushing_takes_subnormal_operands_and_results_for_zero_and_saturation_bounds_to_one()
    {
        (float[] a, float[] b, float[] c) = Operands(6);
        Check("add.ftz.f32 %f3, %f0, %f1;", a, b, c, (x, y, _) => Flush(Flush(x) + Flush(y)));
        Check("mul.ftz.f32 %f3, %f0, %f1;", a, b, c, (x, y, _) => Flush(Flush(x) * Flush(y)));
        Check("fma.rn.ftz.f32 %f3, %f0, %f1, %f2;", a, b, c, (x, y, z) => Flush(MathF.FusedMultiplyAdd(Flush(x), Flush(y), Flush(z))));
        Check("add.sat.f32 %f3, %f0, %f1;", a, b, c, (x, y, _) => x + y is var sum && sum > 0 ? Math.Min(sum, 1) : 0);
    }

    [Fact]
    public void Approximations_are_within_the_error_that_the_hardware_has()
    {
        float[] a = [.. Enumerable.Range(0, 256).Select(i => (float)((i - 100) * 0.37 + 0.01))];
        Near("ex2.approx.f32 %f3, %f0;", a, x => Math.Pow(2, x), 1e-7);
        Near("ex2.approx.ftz.f32 %f3, %f0;", a, x => Math.Pow(2, x), 1e-7);
        float[] positive = [.. a.Select(MathF.Abs)];
        Near("lg2.approx.f32 %f3, %f0;", positive, x => Math.Log2(x), 1e-6);
        Near("rcp.approx.ftz.f32 %f3, %f0;", a, x => 1 / x, 1e-7);
        Near("rcp.rn.f32 %f3, %f0;", a, x => 1 / x, 1e-7);
        Near("rsqrt.approx.f32 %f3, %f0;", positive, x => 1 / Math.Sqrt(x), 1e-7);
        Near("sqrt.approx.f32 %f3, %f0;", positive, Math.Sqrt, 1e-7);
        Near("sin.approx.f32 %f3, %f0;", a, Math.Sin, 1e-6);
        Near("cos.approx.f32 %f3, %f0;", a, Math.Cos, 1e-6);
        Near("tanh.approx.f32 %f3, %f0;", a, Math.Tanh, 1e-6);
        Near("div.full.f32 %f3, %f0, %f0;", positive, _ => 1, 1e-7);
        Near("div.approx.f32 %f3, %f0, %f0;", positive, _ => 1, 1e-7);
    }

    [Fact]
    public void Powers_of_two_are_exact_and_their_ends_are_zero_and_infinity()
    {
        uint[] a = [.. new float[] { 0, 1, -1, 10, -126, 127, 128, -149, -151, float.NegativeInfinity, float.PositiveInfinity, float.NaN }.Select(BitConverter.SingleToUInt32Bits)];
        uint[] results = LaneProgram.Run32("mov.b32 %f0, %a; ex2.approx.f32 %f1, %f0; mov.b32 %d, %f1;", a);
        float[] expected = [1, 2, 0.5f, 1024, 1.17549435e-38f, 1.7014118e38f, float.PositiveInfinity, float.Epsilon, 0, 0, float.PositiveInfinity, float.NaN];
        Assert.Equal(expected, results.Select(BitConverter.UInt32BitsToSingle));
        Assert.Equal(0x7fffffffu, results[^1]);
    }

    [Fact]
    public void Comparisons_know_unordered_operands()
    {
        (string Name, Func<float, float, bool> Holds)[] comparisons =
        [
            ("eq", (x, y) => x == y), ("ne", (x, y) => !Unordered(x, y) && x != y), ("lt", (x, y) => x < y), ("le", (x, y) => x <= y),
            ("gt", (x, y) => x > y), ("ge", (x, y) => x >= y), ("equ", (x, y) => Unordered(x, y) || x == y), ("neu", (x, y) => Unordered(x, y) || x != y),
            ("ltu", (x, y) => Unordered(x, y) || x < y), ("leu", (x, y) => Unordered(x, y) || x <= y), ("gtu", (x, y) => Unordered(x, y) || x > y),
            ("geu", (x, y) => Unordered(x, y) || x >= y), ("num", (x, y) => !Unordered(x, y)), ("nan", Unordered),
        ];
        (float[] a, float[] b, float[] c) = Operands(7);
        foreach ((string name, Func<float, float, bool> holds) in comparisons)
        {
            Check($"setp.{name}.f32 %p0, %f0, %f1; selp.f32 %f3, 0f3F800000, 0f00000000, %p0;", a, b, c, (x, y, _) => holds(x, y) ? 1 : 0);
            Check($"set.{name}.f32.f32 %f3, %f0, %f1;", a, b, c, (x, y, _) => holds(x, y) ? 1 : 0);
        }

        static bool Unordered(float x, float y) => float.IsNaN(x) || float.IsNaN(y);
    }

    [Fact]
    public void A_comparison_combines_with_a_predicate_and_gives_its_opposite()
    {
        (ulong[] a, ulong[] b, ulong[] c) = LaneProgram.Patterns(8);
        foreach ((string name, Func<bool, bool, bool> combine) in new (string, Func<bool, bool, bool>)[] { ("and", (x, y) => x && y), ("or", (x, y) => x || y), ("xor", (x, y) => x != y) })
        {
            string code = $"setp.gt.u32 %p0, %c, 100; setp.lt.{name}.s32 %p1|%p2, %a, %b, !%p0; selp.u32 %t0, 1, 0, %p1; selp.u32 %t1, 2, 0, %p2; or.b32 %d, %t0, %t1;";
            ulong[] results = LaneProgram.Run(code, 32, a, b, c);
            Assert.Equal(
                a.Select((_, i) => ((int)a[i] < (int)b[i], (uint)c[i] <= 100)).Select(pair => (combine(pair.Item1, pair.Item2) ? 1UL : 0) | (combine(!pair.Item1, pair.Item2) ? 2UL : 0)),
                results);
        }
    }

    [Fact]
    public void Doubles_are_computed_in_double_precision()
    {
        double[] a = [0, -0.0, 1, 1e300, -1e-300, double.NaN, double.PositiveInfinity, 0.1, 3, 7.5];
        double[] b = [.. a.Reverse()];
        double[] c = [.. a.Select((_, i) => i - 4.25)];
        (string Code, Func<double, double, double, double> Definition)[] all =
        [
            ("add.rn.f64 %g3, %g0, %g1;", (x, y, z) => x + y), ("sub.f64 %g3, %g0, %g1;", (x, y, z) => x - y), ("mul.f64 %g3, %g0, %g1;", (x, y, z) => x * y),
            ("fma.rn.f64 %g3, %g0, %g1, %g2;", Math.FusedMultiplyAdd), ("div.rn.f64 %g3, %g0, %g1;", (x, y, z) => x / y), ("sqrt.rn.f64 %g3, %g0;", (x, y, z) => Math.Sqrt(x)),
            ("min.f64 %g3, %g0, %g1;", (x, y, z) => double.MinNumber(x, y)), ("max.f64 %g3, %g0, %g1;", (x, y, z) => double.MaxNumber(x, y)), ("neg.f64 %g3, %g0;", (x, y, z) => -x), ("abs.f64 %g3, %g0;", (x, y, z) => Math.Abs(x)),
            ("setp.ltu.f64 %p0, %g0, %g1; selp.f64 %g3, 0d3FF0000000000000, 0d0000000000000000, %p0;", (x, y, z) => !(x >= y) ? 1 : 0),
        ];
        foreach ((string code, Func<double, double, double, double> definition) in all)
        {
            ulong[] results = LaneProgram.Run($"mov.b64 %g0, %la; mov.b64 %g1, %lb; mov.b64 %g2, %lc; {code} mov.b64 %ld, %g3;", 64, Bits(a), Bits(b), Bits(c));
            Assert.Equal(a.Select((x, i) => definition(x, b[i], c[i])), results.Select(BitConverter.UInt64BitsToDouble));
        }

        static ulong[] Bits(double[] values) => [.. values.Select(BitConverter.DoubleToUInt64Bits)];
    }

    static void Check(string code, float[] a, float[] b, float[] c, Func<float, float, float, float> definition)
    {
        uint[] results = LaneProgram.Run32($"mov.b32 %f0, %a; mov.b32 %f1, %b; mov.b32 %f2, %c; {code} mov.b32 %d, %f3;", Bits(a), Bits(b), Bits(c));
        for (int i = 0; i < a.Length; i++)
        {
            float expected = definition(a[i], b[i], c[i]);
            uint bits = float.IsNaN(expected) ? 0x7fffffff : BitConverter.SingleToUInt32Bits(expected);
            Assert.True(bits == results[i], $"{code} of {a[i]:r}, {b[i]:r}, {c[i]:r} gave {BitConverter.UInt32BitsToSingle(results[i]):r} (0x{results[i]:x8}), not {expected:r} (0x{bits:x8})");
        }
    }

    static void Near(string code, float[] a, Func<double, double> function, double tolerance)
    {
        uint[] results = LaneProgram.Run32($"mov.b32 %f0, %a; {code} mov.b32 %d, %f3;", Bits(a));
        for (int i = 0; i < a.Length; i++)
        {
            double expected = function(a[i]);
            Assert.Equal(expected, BitConverter.UInt32BitsToSingle(results[i]), Math.Max(1e-37, Math.Abs(expected) * tolerance));
        }
    }

    static (float[] A, float[] B, float[] C) Operands(int seed)
    {
        var random = new Random(seed);
        float Next() => random.Next(3) switch
        {
            0 => s_special[random.Next(s_special.Length)],
            1 => BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32)),
            _ => (float)((random.NextDouble() - 0.5) * 100),
        };
        float[] Many() => [.. Enumerable.Range(0, 512).Select(_ => Next())];
        return (Many(), Many(), Many());
    }

    static uint[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToUInt32Bits)];

    static bool Finite(float x, float y) => float.IsFinite(x) && float.IsFinite(y);

    /// <summary>An exact sum of zero is negative when both addends are, or when rounding down and they differ.</summary>
    static float Nonzero(float sum, string mode, float x, float y)
    {
        if (sum != 0 || (x != -y && (x != 0 || y != 0)))
        {
            return sum == 0 && (double)x + y < 0 ? -0f : sum;
        }

        bool bothNegative = float.IsNegative(x) && float.IsNegative(y);
        bool bothPositive = !float.IsNegative(x) && !float.IsNegative(y);
        return bothNegative || (mode == "rm" && !bothPositive) ? -0f : 0f;
    }

    static float Signed(float product, float x, float y) => product == 0 && float.IsNegative(x) != float.IsNegative(y) ? -0f : product;

    static float Special(float x, float y, float z, string mode)
    {
        float result = MathF.FusedMultiplyAdd(x, y, z);
        bool productNegative = float.IsNegative(x) != float.IsNegative(y);
        return result == 0 && mode == "rm" && productNegative != float.IsNegative(z) ? -0f : result;
    }

    static float Flush(float x) => float.IsSubnormal(x) ? (float.IsNegative(x) ? -0f : 0f) : x;
}
