namespace Octet.Numerics.Tests;

/// <summary>Every reduction and product against float64, for every format that has a zero and a sign.</summary>
public abstract class SmallFloatPrimitivesTests<T>
    where T : unmanaged, ISmallFloat<T>
{
    static readonly int[] s_lengths = [0, 1, 7, 31, 32, 33, 255, 256, 257, 511, 1000, 4099];

    static T[] Values(int length, int seed)
    {
        var random = new Random(seed);
        double size = Math.Min(double.CreateChecked(T.MaxValue), 1e6);
        return [.. Enumerable.Range(0, length).Select(_ => T.CreateSaturating((random.NextDouble() - 0.4) * size * Math.Exp(-6 * random.NextDouble())))];
    }

    static double[] Exact(T[] values) => [.. values.Select(double.CreateChecked)];

    static int Code(T value) =>
        System.Runtime.CompilerServices.Unsafe.SizeOf<T>() == 1
            ? System.Runtime.CompilerServices.Unsafe.BitCast<T, byte>(value)
            : System.Runtime.CompilerServices.Unsafe.BitCast<T, ushort>(value);

    // The bound of the documentation.
    static double Bound(IEnumerable<double> terms, int length) => terms.Sum(Math.Abs) * Math.ScaleB(12 + Math.Log2((length / 256) + 1), -24);

    [Fact]
    public void Sums_means_norms_and_dot_products_are_those_of_float64_to_float32_precision()
    {
        foreach (int length in s_lengths)
        {
            T[] left = Values(length, 1);
            T[] right = Values(length, 2);
            float[] wide = [.. Exact(Values(length, 3)).Select(value => (float)(value * 1.1))];
            double[] x = Exact(left);
            double[] y = Exact(right);
            Assert.Equal(x.Sum(), SmallFloatPrimitives.Sum<T>(left), Bound(x, length));
            IEnumerable<double> products = x.Zip(y, (a, b) => a * b);
            Assert.Equal(products.Sum(), SmallFloatPrimitives.Dot<T, T>(left, right), Bound(products, length));
            IEnumerable<double> mixed = x.Zip(wide, (a, b) => a * b);
            Assert.Equal(mixed.Sum(), SmallFloatPrimitives.Dot<T>(left, wide), Bound(mixed, length));
            BFloat16[] other = [.. y.Select(value => (BFloat16)value)];
            IEnumerable<double> others = x.Zip(other, (a, b) => a * (double)b);
            Assert.Equal(others.Sum(), SmallFloatPrimitives.Dot<T, BFloat16>(left, other), Bound(others, length));
            Assert.Equal((float)Math.Sqrt(x.Sum(value => value * value)), SmallFloatPrimitives.Norm<T>(left));
            if (length > 0)
            {
                Assert.Equal(x.Average(), SmallFloatPrimitives.Mean<T>(left), Bound(x, length) / length * 2);
            }
        }

        Assert.True(float.IsNaN(SmallFloatPrimitives.Mean<T>([])));
    }

    [Fact]
    public void A_result_in_the_small_format_is_rounded_once()
    {
        T[] left = Values(1000, 4);
        T[] right = Values(1000, 5);
        foreach (OverflowMode mode in Enum.GetValues<OverflowMode>())
        {
            Assert.Equal(Code(SmallFloat.FromSingle<T>(SmallFloatPrimitives.Sum<T>(left), mode)), Code(SmallFloatPrimitives.Sum(left, mode)));
            Assert.Equal(Code(SmallFloat.FromSingle<T>(SmallFloatPrimitives.Mean<T>(left), mode)), Code(SmallFloatPrimitives.Mean(left, mode)));
            Assert.Equal(Code(SmallFloat.FromSingle<T>(SmallFloatPrimitives.Norm<T>(left), mode)), Code(SmallFloatPrimitives.Norm(left, mode)));
            Assert.Equal(Code(SmallFloat.FromSingle<T>(SmallFloatPrimitives.Dot<T, T>(left, right), mode)), Code(SmallFloatPrimitives.Dot(left, right, mode)));
        }
    }

    [Fact]
    public void The_largest_and_smallest_are_found_with_their_first_place()
    {
        foreach (int length in s_lengths.Where(length => length > 0))
        {
            T[] values = Values(length, length);
            double[] x = Exact(values);
            Assert.Equal(x.Max(), double.CreateChecked(SmallFloatPrimitives.Max<T>(values)));
            Assert.Equal(x.Min(), double.CreateChecked(SmallFloatPrimitives.Min<T>(values)));
            Assert.Equal(Array.IndexOf(x, x.Max()), SmallFloatPrimitives.IndexOfMax<T>(values));
            Assert.Equal(Array.IndexOf(x, x.Min()), SmallFloatPrimitives.IndexOfMin<T>(values));
        }

        Assert.Throws<ArgumentException>(() => SmallFloatPrimitives.Max<T>([]));
        Assert.Throws<ArgumentException>(() => SmallFloatPrimitives.IndexOfMin<T>([]));
    }

    [Fact]
    public void NaN_and_signed_zeros_are_ordered_as_maximum_and_minimum_of_IEEE_754()
    {
        T[] zeros = [.. Enumerable.Repeat(T.Zero, 600)];
        zeros[300] = T.NegativeZero;
        if (Code(T.NegativeZero) != Code(T.Zero))
        {
            Assert.Equal(300, SmallFloatPrimitives.IndexOfMin<T>(zeros));
            Assert.Equal(Code(T.NegativeZero), Code(SmallFloatPrimitives.Min<T>(zeros)));
            zeros.AsSpan().Fill(T.NegativeZero);
            zeros[401] = T.Zero;
            Assert.Equal(401, SmallFloatPrimitives.IndexOfMax<T>(zeros));
        }

        if (T.IsNaN(T.NaN))
        {
            zeros[500] = T.NaN;
            zeros[520] = T.NaN;
            Assert.Equal(500, SmallFloatPrimitives.IndexOfMax<T>(zeros));
            Assert.Equal(500, SmallFloatPrimitives.IndexOfMin<T>(zeros));
            Assert.True(T.IsNaN(SmallFloatPrimitives.Max<T>(zeros)));
            Assert.True(float.IsNaN(SmallFloatPrimitives.Sum<T>(zeros)));
            Assert.True(float.IsNaN(SmallFloatPrimitives.Norm<T>(zeros)));
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 300, 5)]
    [InlineData(9, 70, 130)]
    [InlineData(17, 513, 65)]
    [InlineData(2, 0, 3)]
    [InlineData(0, 4, 3)]
    public void Matrix_products_are_those_of_float64_to_float32_precision(int m, int k, int n)
    {
        T[] left = Values(m * k, 6);
        T[] right = Values(k * n, 7);
        T[] transposed = new T[right.Length];
        for (int i = 0; i < right.Length; i++)
        {
            transposed[(i % n * k) + (i / n)] = right[i];
        }

        float[] product = new float[m * n];
        float[] byWeights = new float[m * n];
        T[] rounded = new T[m * n];
        SmallFloatPrimitives.MatMul<T, T>(left, right, m, k, n, product);
        SmallFloatPrimitives.MatMulTransposed<T, T>(left, transposed, m, k, n, byWeights);
        SmallFloatPrimitives.MatMul(left, right, m, k, n, rounded, OverflowMode.Saturate);
        double[] x = Exact(left);
        double[] y = Exact(right);
        for (int i = 0; i < product.Length; i++)
        {
            double[] terms = [.. Enumerable.Range(0, k).Select(j => x[(i / n * k) + j] * y[(j * n) + (i % n)])];
            double magnitudes = terms.Sum(Math.Abs);
            Assert.Equal(terms.Sum(), product[i], magnitudes * Math.ScaleB(258 + (k / 256), -24));
            Assert.Equal(terms.Sum(), byWeights[i], magnitudes * Math.ScaleB(12 + (k / 256), -24));
            Assert.Equal(Code(SmallFloat.FromSingle<T>(product[i], OverflowMode.Saturate)), Code(rounded[i]));
        }

        SmallFloatPrimitives.MatMulTransposed(left, transposed, m, k, n, rounded, OverflowMode.NonSaturating);
        Assert.Equal(byWeights.Select(value => Code(SmallFloat.FromSingle<T>(value, OverflowMode.NonSaturating))), rounded.Select(Code));
    }

    [Fact]
    public void Softmax_is_that_of_float64_and_may_be_rounded_in_place()
    {
        foreach (int length in s_lengths)
        {
            T[] values = Values(length, 9);
            double[] x = Exact(values);
            double[] powers = [.. x.Select(value => Math.Exp(value - x.Max()))];
            float[] result = new float[length];
            SmallFloatPrimitives.SoftMax<T>(values, result);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(powers[i] / powers.Sum(), result[i], 1e-6);
            }

            SmallFloatPrimitives.SoftMax<T>(values, values, OverflowMode.Saturate);
            Assert.Equal(result.Select(value => Code(SmallFloat.FromSingle<T>(value, OverflowMode.Saturate))), values.Select(Code));
        }
    }

    [Fact]
    public void Spans_that_do_not_fit_are_refused()
    {
        Assert.Contains("3 elements on the left and 2", Assert.Throws<ArgumentException>(() => SmallFloatPrimitives.Dot<T, T>(new T[3], new T[2])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => SmallFloatPrimitives.Dot<T>(new T[3], new float[4]));
        Assert.Throws<ArgumentException>(() => SmallFloatPrimitives.SoftMax<T>(new T[3], new float[2]));
        Assert.Contains("expected 2 x 3", Assert.Throws<ArgumentException>(() => SmallFloatPrimitives.MatMul<T, T>(new T[5], new T[3], 2, 3, 1, new float[2])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => SmallFloatPrimitives.MatMul<T, T>(new T[1], new T[1], -1, -1, -1, new float[1]));
    }
}

public class Float8E4M3FNPrimitivesTests : SmallFloatPrimitivesTests<Float8E4M3FN>
{
    [Fact]
    public void Sums_do_not_stick()
    {
        var ones = new Float8E4M3FN[(1 << 24) + 512];
        ones.AsSpan().Fill(Float8E4M3FN.One);
        Assert.Equal(1000, SmallFloatPrimitives.Sum<Float8E4M3FN>(ones.AsSpan(0, 1000)));
        Assert.Equal(ones.Length, SmallFloatPrimitives.Sum<Float8E4M3FN>(ones));
        Assert.Equal(100_000, SmallFloatPrimitives.Dot<Float8E4M3FN, Float8E4M3FN>(ones.AsSpan(0, 100_000), ones.AsSpan(0, 100_000)));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var codes = new Float8E4M3FN[4096];
        float[] wide = new float[4096];
        Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Run()
        {
            SmallFloatPrimitives.Sum<Float8E4M3FN>(codes);
            SmallFloatPrimitives.Dot<Float8E4M3FN>(codes, wide);
            SmallFloatPrimitives.Norm<Float8E4M3FN>(codes);
            SmallFloatPrimitives.IndexOfMax<Float8E4M3FN>(codes);
            SmallFloatPrimitives.SoftMax<Float8E4M3FN>(codes, wide);
            SmallFloatPrimitives.MatMul<Float8E4M3FN, Float8E4M3FN>(codes, codes, 64, 64, 64, wide);
            SmallFloatPrimitives.MatMulTransposed<Float8E4M3FN, Float8E4M3FN>(codes, codes, 64, 64, 64, wide);
        }
    }

    [Fact]
    public void A_norm_does_not_overflow_in_between()
    {
        BFloat16[] large = [(BFloat16)3e30f, (BFloat16)4e30f];
        Assert.Equal(Math.Sqrt(large.Sum(value => (double)value * (double)value)), SmallFloatPrimitives.Norm<BFloat16>(large), 1e24);
    }
}

public class Float8E5M2PrimitivesTests : SmallFloatPrimitivesTests<Float8E5M2>;

public class Float8E4M3FNUZPrimitivesTests : SmallFloatPrimitivesTests<Float8E4M3FNUZ>;

public class Float6E2M3FNPrimitivesTests : SmallFloatPrimitivesTests<Float6E2M3FN>;

public class Float4E2M1FNPrimitivesTests : SmallFloatPrimitivesTests<Float4E2M1FN>;

public class BFloat16PrimitivesTests : SmallFloatPrimitivesTests<BFloat16>;
