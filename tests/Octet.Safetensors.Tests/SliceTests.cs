using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class SliceTests
{
    const int Seed = 768;

    static TensorView Tensor(DataType type, long[] shape, byte[] data) =>
        SafetensorsFile.Parse(Bytes.Write([new TensorSource("t", type, shape, data)]), "slices")["t"];

    static byte[] Copy(TensorSlice slice)
    {
        byte[] copy = new byte[slice.ByteLength];
        slice.CopyTo(copy);
        return copy;
    }

    // slice.rs, test_slice_variety: [:, :, 0:1] of [1, 2, 3] F32 is bytes 0..4 and 12..16.
    [Fact]
    public void The_references_slice_takes_the_same_bytes()
    {
        TensorView tensor = Tensor(DataType.Float32, [1, 2, 3], Bytes.Of(0, 1, 2, 3, 4, 5));

        TensorSlice slice = tensor.Narrow(2, 0, 1);

        Assert.Equal([(0, 4), (12, 4)], slice.ByteRanges());
        Assert.Equal(Bytes.Of(0, 3), Copy(slice));
    }

    // slice.rs, test_fp4_simple and test_fp4_misaligned.
    [Fact]
    public void Four_bit_slices_end_on_whole_bytes_or_are_refused()
    {
        TensorSlice simple = Tensor(DataType.Float4E2M1FN, [1, 2, 2], [0x21, 0x43]).Narrow(1, 0, 1);
        TensorSlice misaligned = Tensor(DataType.Float4E2M1FN, [1, 2], [0x21]).Narrow(1, 0, 1);

        Assert.Equal([0x21], Copy(simple));
        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => misaligned.CopyTo(new byte[8]));
        Assert.Equal((SafetensorsError.MisalignedSlice, "t"), (refused.Error, refused.TensorName));
        Assert.Throws<SafetensorsException>(() => misaligned.CopyTo(Stream.Null));
        Assert.Throws<SafetensorsException>(() => new TensorSource(misaligned, "s"));
    }

    [Fact]
    public void A_four_bit_slice_that_begins_within_a_byte_is_refused()
    {
        TensorView tensor = Tensor(DataType.Float4E2M1FN, [2, 4], [0x21, 0x43, 0x65, 0x87]);

        Assert.Throws<SafetensorsException>(() => tensor.Narrow(1, 1, 2).ByteLength);
        Assert.Equal([0x43, 0x87], Copy(tensor.Narrow(1, 2, 2)));
        Assert.Equal(0, tensor.Narrow(1, 1, 0).ByteLength);
    }

    [Fact]
    public void Any_block_is_what_indexing_gives()
    {
        Random random = new(Seed);
        for (int n = 0; n < 500; n++)
        {
            long[] shape = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => (long)random.Next(0, 6))];
            ushort[] values = [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => (ushort)i)];
            TensorView tensor = Tensor(DataType.UInt16, shape, [.. values.SelectMany(BitConverter.GetBytes)]);
            long[] starts = new long[shape.Length];
            long[] lengths = [.. shape];
            TensorSlice slice = new(tensor);
            for (int cut = 0; cut < 3; cut++)
            {
                int dimension = random.Next(shape.Length);
                long start = random.NextInt64(lengths[dimension] + 1);
                long length = random.NextInt64(lengths[dimension] - start + 1);
                slice = slice.Narrow(dimension, start, length);
                starts[dimension] += start;
                lengths[dimension] = length;
            }

            IEnumerable<ushort> expected = values.Where((_, i) => Inside(i, shape, starts, lengths));

            Assert.Equal(lengths, slice.Shape.ToArray());
            Assert.Equal(expected.SelectMany(BitConverter.GetBytes), Copy(slice));
            using MemoryStream stream = new();
            slice.CopyTo(stream);
            Assert.Equal(Copy(slice), stream.ToArray());
        }
    }

    [Fact]
    public void Rows_are_one_piece()
    {
        TensorView tensor = Tensor(DataType.UInt8, [4, 3, 2], [.. Enumerable.Range(0, 24).Select(i => (byte)i)]);

        Assert.Equal([(6, 12)], tensor.Narrow(0, 1, 2).ByteRanges());
        Assert.Equal([(0, 24)], tensor.Narrow(0, 0, 4).ByteRanges());
        Assert.Equal([(8, 4), (14, 4)], tensor.Narrow(0, 1, 2).Narrow(1, 1, 2).ByteRanges());
    }

    [Theory]
    [InlineData(-1, 0, 1)]
    [InlineData(2, 0, 1)]
    [InlineData(0, -1, 1)]
    [InlineData(0, 3, 0)]
    [InlineData(0, 1, 2)]
    [InlineData(0, 0, -1)]
    [InlineData(0, 1, long.MaxValue)]
    public void A_range_outside_the_dimension_is_refused(int dimension, long start, long length)
    {
        TensorView tensor = Tensor(DataType.UInt8, [2, 1], [1, 2]);

        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Narrow(dimension, start, length));
    }

    [Fact]
    public void A_slice_is_written_as_a_tensor_of_its_own()
    {
        TensorView tensor = Tensor(DataType.UInt8, [2, 2], [1, 2, 3, 4]);

        byte[] file = Bytes.Write([new TensorSource(tensor.Narrow(1, 1, 1), "column")]);

        TensorView column = SafetensorsFile.Parse(file, "column")["column"];
        Assert.Equal([2, 1], column.Shape.ToArray());
        Assert.Equal([2, 4], column.Bytes.ToArray());
        Assert.Throws<ArgumentException>(() => tensor.Narrow(1, 1, 1).CopyTo(new byte[1]));
    }

    static bool Inside(int flat, long[] shape, long[] starts, long[] lengths)
    {
        long rest = flat;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            long index = rest % shape[i];
            rest /= shape[i];
            if (index < starts[i] || index >= starts[i] + lengths[i])
            {
                return false;
            }
        }

        return true;
    }
}
