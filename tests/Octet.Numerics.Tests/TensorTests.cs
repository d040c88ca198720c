using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Octet.Numerics.Tests;

/// <summary><c>System.Numerics.Tensors</c> takes every small float as an element, and its primitives compute as the operators do: a step at a time.</summary>
public abstract class TensorTests<T>
    where T : unmanaged, ISmallFloat<T>
{
    delegate void Unary<TElement>(ReadOnlySpan<TElement> x, Span<TElement> destination);

    delegate void Binary<TElement>(ReadOnlySpan<TElement> x, ReadOnlySpan<TElement> y, Span<TElement> destination);

    static float Wide(T value) => float.CreateChecked(value);

    static T Narrow(float value) => SmallFloat.FromSingle<T>(value, OverflowMode.NonSaturating);

    // Bits of float32 tell zeros and compare NaN; its sign does not matter.
    static int Bits(float value) => float.IsNaN(value) ? -1 : BitConverter.SingleToInt32Bits(value);

    static T[] Some => [.. new[] { 1, 2, 0.5f, 4, 1, 2, 4, 2, 1, 0.25f, 1 }.Select(Narrow)];

    static T[] Others => [.. new[] { 2, 1, 1, 0.5f, 4, 4, 2, 1, 1, 1, 0.5f }.Select(Narrow)];

    [Fact]
    public void A_tensor_keeps_its_shape_and_its_bytes()
    {
        Tensor<float> numbers = Tensor.Create<float>([1, 2, 0.5f, 4, 1, 2], [3, 2]);
        Tensor<T> tensor = Tensor.ConvertTruncating<float, T>(numbers);
        Assert.Equal([3, 2], tensor.Lengths.ToArray());
        T[] flat = new T[6];
        tensor.FlattenTo(flat);
        byte[] bytes = MemoryMarshal.AsBytes(flat.AsSpan()).ToArray();
        Assert.Equal(6 * System.Runtime.CompilerServices.Unsafe.SizeOf<T>(), bytes.Length);

        Tensor<T> back = Tensor.Create(MemoryMarshal.Cast<byte, T>(bytes).ToArray(), [3, 2]);
        Assert.Equal(tensor.ToArray(), back.ToArray());
        Assert.Equal(0.5f, Wide(back[1, 0]));
    }

    [Fact]
    public void Whole_tensors_convert_with_a_choice_of_overflow()
    {
        float[] values = [1, -2, 0.3f, float.PositiveInfinity, 1e30f, float.NaN];
        Tensor<float> numbers = Tensor.Create<float>(values, [2, 3]);
        foreach (OverflowMode mode in Enum.GetValues<OverflowMode>())
        {
            Tensor<T> tensor = TensorConversion.ToSmallFloat<T>(numbers, mode);
            Assert.Equal([2, 3], tensor.Lengths.ToArray());
            Assert.Equal(values.Select(value => Bits(Wide(SmallFloat.FromSingle<T>(value, mode)))), tensor.ToArray().Select(value => Bits(Wide(value))));
            Assert.Equal(tensor.ToArray().Select(value => Bits(Wide(value))), TensorConversion.ToSingle<T>(tensor).ToArray().Select(Bits));
        }

        Tensor<T> corner = TensorConversion.ToSmallFloat<T>(numbers.AsReadOnlyTensorSpan([0..2, 0..2]));
        Assert.Equal([2, 2], corner.Lengths.ToArray());
        Assert.Equal(new[] { 1, -2, float.PositiveInfinity, 1e30f }.Select(value => Bits(Wide(Narrow(value)))), corner.ToArray().Select(value => Bits(Wide(value))));
        Assert.Empty(TensorConversion.ToSmallFloat<T>(Tensor.Create<float>([], [0, 3])).ToArray());
    }

    [Fact]
    public void It_prints_values_in_their_shape()
    {
        string text = Tensor.Create<T>([T.One, Narrow(2), Narrow(0.5f), Narrow(4)], [2, 2]).ToString([2, 2]);
        Assert.Contains("[2, 2]", text, StringComparison.Ordinal);
        Assert.Contains("[1, 2]", text, StringComparison.Ordinal);
        Assert.Contains("[0.5, 4]", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Primitives_of_one_and_two_operands_round_after_every_step()
    {
        (Unary<T> Of, Func<float, float> Exact)[] unary =
        [
            (TensorPrimitives.Abs, MathF.Abs), (TensorPrimitives.Sqrt, MathF.Sqrt), (TensorPrimitives.Floor, MathF.Floor), (TensorPrimitives.Ceiling, MathF.Ceiling),
            (TensorPrimitives.Truncate, MathF.Truncate), (TensorPrimitives.Round, MathF.Round), (TensorPrimitives.Reciprocal, x => 1 / x),
            (TensorPrimitives.Exp2, x => (float)Math.Pow(2, x)), (TensorPrimitives.Log2, x => (float)Math.Log2(x)), (TensorPrimitives.Exp, x => (float)Math.Exp(x)),
            (TensorPrimitives.Cos, x => (float)Math.Cos(x)), (TensorPrimitives.Tanh, x => (float)Math.Tanh(x)),
        ];
        foreach ((Unary<T> of, Func<float, float> exact) in unary)
        {
            T[] result = new T[Some.Length];
            of(Some, result);
            Assert.Equal(Some.Select(x => Bits(Wide(Narrow(exact(Wide(x)))))), result.Select(x => Bits(Wide(x))));
        }

        (Binary<T> Of, Func<float, float, float> Exact)[] binary =
        [
            (TensorPrimitives.Add, (x, y) => x + y), (TensorPrimitives.Subtract, (x, y) => x - y), (TensorPrimitives.Multiply, (x, y) => x * y),
            (TensorPrimitives.Divide, (x, y) => x / y), (TensorPrimitives.Max, MathF.Max), (TensorPrimitives.Min, MathF.Min),
            (TensorPrimitives.MaxMagnitude, MathF.MaxMagnitude), (TensorPrimitives.CopySign, MathF.CopySign), (TensorPrimitives.Pow, MathF.Pow),
            (TensorPrimitives.Hypot, (x, y) => (float)Math.Sqrt((x * (double)x) + (y * (double)y))), (TensorPrimitives.Remainder, (x, y) => x % y),
        ];
        foreach ((Binary<T> of, Func<float, float, float> exact) in binary)
        {
            T[] result = new T[Some.Length];
            of(Some, Others, result);
            Assert.Equal(Some.Zip(Others, (x, y) => Bits(Wide(Narrow(exact(Wide(x), Wide(y)))))), result.Select(x => Bits(Wide(x))));
        }
    }

    [Fact]
    public void Reductions_and_conversions_accept_the_type()
    {
        T[] some = [.. new[] { 1, 2, 0.5f, 0.5f }.Select(Narrow)];
        Assert.Equal(4, Wide(TensorPrimitives.Sum<T>(some)));
        Assert.Equal(2, Wide(TensorPrimitives.Max<T>(some)));
        Assert.Equal(0.5f, Wide(TensorPrimitives.Min<T>(some)));
        Assert.Equal(0.5f, Wide(TensorPrimitives.Product<T>(some)));
        Assert.Equal(1, Wide(TensorPrimitives.Average<T>(some)));
        Assert.Equal(1, TensorPrimitives.IndexOfMax<T>(some));
        Assert.Equal(2, TensorPrimitives.IndexOfMin<T>(some));
        Assert.Equal(4, Wide(TensorPrimitives.Dot<T>([T.One, T.One], [Narrow(2), Narrow(2)])));
        Assert.Equal(1, Wide(TensorPrimitives.CosineSimilarity<T>([T.One], [T.One])));
        T[] soft = new T[1];
        TensorPrimitives.SoftMax<T>([T.One], soft);
        Assert.Equal(T.One, soft[0]);

        float[] wide = new float[4];
        TensorPrimitives.ConvertTruncating<T, float>(some, wide);
        Assert.Equal([1, 2, 0.5f, 0.5f], wide);
        T[] narrow = new T[4];
        TensorPrimitives.ConvertSaturating<float, T>(wide, narrow);
        Assert.Equal(some, narrow);
        TensorPrimitives.ConvertChecked<int, T>([1, 2, 4, 2], narrow);
        Assert.Equal(new T[] { T.One, Narrow(2), Narrow(4), Narrow(2) }, narrow);
    }
}

public class Float8E4M3FNTensorTests : TensorTests<Float8E4M3FN>
{
    [Fact]
    public void Primitives_that_accumulate_stick_where_this_library_does_not()
    {
        Float8E4M3FN[] ones = [.. Enumerable.Repeat(Float8E4M3FN.One, 1000)];
        Assert.Equal(16, (float)TensorPrimitives.Sum<Float8E4M3FN>(ones));
        Assert.Equal(16, (float)TensorPrimitives.Dot<Float8E4M3FN>(ones, ones));
        Assert.Throws<OverflowException>(() => TensorPrimitives.Average<Float8E4M3FN>(ones));
        Assert.Equal(1000, SmallFloatPrimitives.Sum<Float8E4M3FN>(ones));
        Assert.Equal(1000, SmallFloatPrimitives.Dot<Float8E4M3FN, Float8E4M3FN>(ones, ones));
        Assert.Equal(1, SmallFloatPrimitives.Mean<Float8E4M3FN>(ones));

        Float8E4M3FN[] large = [(Float8E4M3FN)96f, (Float8E4M3FN)128f];
        Assert.True(Float8E4M3FN.IsNaN(TensorPrimitives.Norm<Float8E4M3FN>(large)));
        Assert.Equal(160, SmallFloatPrimitives.Norm<Float8E4M3FN>(large));
    }

    [Fact]
    public void Values_are_printed_as_they_are() =>
        Assert.Contains("[448, 0.001953125, NaN, 3.25]", Tensor.Create<Float8E4M3FN>(
            [Float8E4M3FN.MaxValue, Float8E4M3FN.Epsilon, Float8E4M3FN.NaN, Float8E4M3FN.Pi], [4]).ToString([4]), StringComparison.Ordinal);
}

public class Float8E5M2TensorTests : TensorTests<Float8E5M2>;

public class Float8E4M3FNUZTensorTests : TensorTests<Float8E4M3FNUZ>;

public class Float8E5M2FNUZTensorTests : TensorTests<Float8E5M2FNUZ>;

public class Float8E4M3B11FNUZTensorTests : TensorTests<Float8E4M3B11FNUZ>;

public class Float8E4M3TensorTests : TensorTests<Float8E4M3>;

public class Float8E3M4TensorTests : TensorTests<Float8E3M4>;

public class Float6E2M3FNTensorTests : TensorTests<Float6E2M3FN>;

public class Float6E3M2FNTensorTests : TensorTests<Float6E3M2FN>;

public class Float4E2M1FNTensorTests : TensorTests<Float4E2M1FN>;

public class BFloat16TensorTests : TensorTests<BFloat16>;

/// <summary>No zero and no sign: sums begin at NaN, so that only what takes elements one by one has a meaning.</summary>
public class Float8E8M0FNUTensorTests
{
    [Fact]
    public void Powers_of_two_convert_multiply_and_compare()
    {
        Tensor<Float8E8M0FNU> tensor = TensorConversion.ToSmallFloat<Float8E8M0FNU>(Tensor.Create<float>([0.25f, 2, 1024, 1], [2, 2]));
        Assert.Contains("[0.25, 2]", tensor.ToString([2, 2]), StringComparison.Ordinal);
        var result = new Float8E8M0FNU[4];
        TensorPrimitives.Multiply<Float8E8M0FNU>(tensor.ToArray(), tensor.ToArray(), result);
        Assert.Equal([0.0625f, 4, 1048576, 1], result.Select(value => (float)value));
        TensorPrimitives.ConvertTruncating<float, Float8E8M0FNU>([0.25f, 2, 1024, 1], result);
        Assert.Equal(tensor.ToArray(), result);
        Assert.Equal(1024, (float)TensorPrimitives.Max<Float8E8M0FNU>(result));
        Assert.Equal(0.25f, (float)TensorPrimitives.Min<Float8E8M0FNU>(result));
        Assert.Equal([0.25f, 2, 1024, 1], TensorConversion.ToSingle<Float8E8M0FNU>(tensor).ToArray());
    }
}
