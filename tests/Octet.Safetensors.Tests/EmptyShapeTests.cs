using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>Shapes with a dimension of 0 may have others of any size: no product of them may wrap, end in an exception that is not documented, or reach a byte.</summary>
public class EmptyShapeTests
{
    public static TheoryData<long[]> Shapes => new((long[][])[[0, 1L << 62, 4], [0, long.MaxValue], [0, 3, long.MaxValue, 2], [0], [2, 0, 3], [0, 0, 0]]);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Every_member_holds_on_an_empty_tensor(long[] shape)
    {
        using SafetensorsFile file = Open(shape);
        TensorView tensor = file["t"];

        Assert.Equal((0, 0), (tensor.ElementCount, tensor.ByteLength));
        Assert.True(tensor.AsSpan<float>().IsEmpty);
        Assert.True(tensor.Bytes.IsEmpty);
        tensor.CopyTo(Span<byte>.Empty);

        TensorSlice whole = tensor[..];
        Assert.Equal(0, whole.ElementCount);
        Assert.Empty(whole.ByteRanges());
        whole.CopyTo(Span<byte>.Empty);
        Assert.Equal(shape, tensor[default(TensorRange)].Shape.ToArray());
        if (shape.Length > 1 && shape[1] > 0)
        {
            TensorSlice half = tensor.Narrow(1, 0, (shape[1] / 2) + 1);
            Assert.Equal(0, half.ElementCount);
            Assert.Equal(0, half.ByteLength);
            half.CopyTo(Span<byte>.Empty);
            Assert.Equal(0, tensor.Select(1, shape[1] - 1).ElementCount);
        }

        using var copy = SafetensorsFile.Parse(Written(new TensorSource(tensor)), "copy");
        Assert.Equal(shape, copy["t"].Shape.ToArray());
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_tensor_span_has_the_shape_or_a_documented_refusal(long[] shape)
    {
        using SafetensorsFile file = Open(shape);
        UInt128 product = shape.Aggregate((UInt128)1, (all, dimension) => all * (UInt128)Math.Max(1, dimension));
        if (product <= (UInt128)(ulong)nint.MaxValue)
        {
            Assert.Equal(shape, file["t"].AsTensorSpan<float>().Lengths.ToArray().Select(length => (long)length));
            return;
        }

        string message = Assert.Throws<InvalidOperationException>(() => file["t"].AsTensorSpan<float>().FlattenedLength).Message;
        Assert.Contains("'t'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(-1)]
    [InlineData((int)DataType.Float8E3M4)]
    public void An_element_type_that_safetensors_does_not_have_is_refused(int type)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new TensorSource("t", (DataType)type, [0]));

    [Theory]
    [InlineData(2)]
    [InlineData(-1)]
    public void A_way_of_reading_that_there_is_not_is_refused_before_the_file_is_looked_for(int mode)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SafetensorsFile.Open("nowhere", (SafetensorsReadMode)mode));
        Assert.Throws<ArgumentOutOfRangeException>(() => SafetensorsCheckpoint.Open("nowhere", (SafetensorsReadMode)mode));
    }

    [Fact]
    public void The_default_range_is_written_as_what_it_means()
        => Assert.Equal("..", default(TensorRange).ToString());

    static SafetensorsFile Open(long[] shape) => SafetensorsFile.Parse(Written(new TensorSource("t", DataType.Float32, shape, ReadOnlyMemory<byte>.Empty)), "memory");

    static byte[] Written(TensorSource tensor)
    {
        var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, [tensor], cancellationToken: TestContext.Current.CancellationToken);
        return stream.ToArray();
    }
}
