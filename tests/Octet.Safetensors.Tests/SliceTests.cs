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

    // By slice.rs, test_slice_variety2 and test_slice_select: ranges and indices of [2, 3] F32.
    [Fact]
    public void Ranges_and_indices_take_the_bytes_that_they_name()
    {
        TensorView tensor = Tensor(DataType.Float32, [2, 3], Bytes.Of(0, 1, 2, 3, 4, 5));

        Assert.Equal([(4, 8), (16, 8)], tensor[.., 1..3].ByteRanges());
        Assert.Equal([(0, 24)], tensor[..].ByteRanges());
        Assert.Equal([(0, 24)], tensor[[]].ByteRanges());
        Assert.Equal([(16, 8)], tensor[1, 1..3].ByteRanges());
        Assert.Equal([(12, 12)], tensor[1].ByteRanges());
        Assert.Equal([(0, 4), (12, 4)], tensor[.., 0].ByteRanges());
        Assert.Equal([(20, 4)], tensor[^1, ^1].ByteRanges());
        Assert.Equal([(8, 4), (20, 4)], tensor[..^0, ^1..].ByteRanges());
        Assert.Equal([(0, 4), (8, 8), (20, 4)], tensor[.., new TensorRange(.., 2)].ByteRanges());
        Assert.Equal([(12, 4), (20, 4)], tensor[1L, new TensorRange(0, 3, 2)].ByteRanges());
        Assert.Empty(tensor[1..1].ByteRanges());
    }

    [Fact]
    public void An_index_drops_its_dimension_and_a_range_keeps_it()
    {
        TensorView tensor = Tensor(DataType.UInt8, [2, 3, 4], new byte[24]);

        Assert.Equal([3, 4], tensor[1].Shape.ToArray());
        Assert.Equal([1, 3, 4], tensor[1..2].Shape.ToArray());
        Assert.Equal([2, 4], tensor[.., 0].Shape.ToArray());
        Assert.Equal([2, 2], tensor[.., 0, new TensorRange(.., 3)].Shape.ToArray());
        Assert.Equal([], tensor[1, 1, 1].Shape.ToArray());
        Assert.Equal(1, tensor[1, 1, 1].ByteLength);
        Assert.Equal([4], tensor.Select(1, 2).Select(0, 1).Shape.ToArray());
        Assert.Equal([0, 3, 4], tensor[2..].Shape.ToArray());
        Assert.Equal("t U8 [3, 4] of U8 [2, 3, 4]", tensor[1].ToString());
    }

    [Fact]
    public void Slices_of_slices_are_slices()
    {
        TensorView tensor = Tensor(DataType.UInt8, [10, 2], [.. Enumerable.Range(0, 20).Select(i => (byte)i)]);

        TensorSlice odd = tensor.Narrow(0, 1, 5, 2);

        Assert.Equal([2, 3, 6, 7, 10, 11, 14, 15, 18, 19], Copy(odd));
        Assert.Equal([6, 14], Copy(odd.Narrow(0, 1, 2, 2)[.., 0]));
        Assert.Equal([7, 11], Copy(odd.Select(1, 1).Narrow(0, 1, 2)));
        Assert.Equal([19], Copy(odd[^1, 1]));
    }

    [Theory]
    [InlineData("2", "2 is not inside dimension 0 of tensor 't', which has 2")]
    [InlineData("^3", "^3 is not inside dimension 0 of tensor 't', which has 2")]
    [InlineData("^0", "^0 is not inside dimension 0 of tensor 't', which has 2")]
    [InlineData("1..3", "1..3 is not inside dimension 0 of tensor 't', which has 2")]
    [InlineData("2..1", "2..1 is not inside dimension 0 of tensor 't', which has 2")]
    [InlineData("^3..", "^3..^0 is not inside dimension 0 of tensor 't', which has 2")]
    public void A_range_that_is_not_inside_its_dimension_is_named(string text, string says)
    {
        TensorView tensor = Tensor(DataType.UInt8, [2, 1], [1, 2]);
        TensorRange range = text switch { "2" => 2, "^3" => ^3, "^0" => ^0, "1..3" => 1..3, "2..1" => 2..1, _ => ^3.. };

        ArgumentOutOfRangeException refused = Assert.Throws<ArgumentOutOfRangeException>(() => tensor[range]);

        Assert.StartsWith(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_no_dimension_has_is_refused()
    {
        TensorView tensor = Tensor(DataType.UInt8, [2, 1], [1, 2]);

        ArgumentException many = Assert.Throws<ArgumentException>(() => tensor[0, 0, 0]);
        Assert.StartsWith("3 ranges for 2 dimensions of tensor 't'", many.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => tensor[0][0, 0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Select(2, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Select(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Select(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Narrow(0, 0, 2, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Narrow(0, 0, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => (TensorRange)(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TensorRange(.., 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TensorRange(-1, 1));
        Assert.Equal(1, tensor.Narrow(0, 1, 1, long.MaxValue).ByteLength);
    }

    [Fact]
    public void Any_slice_is_what_element_by_element_gathering_gives()
    {
        DataType[] types =
        [
            DataType.UInt8, DataType.BFloat16, DataType.Float32, DataType.Complex64, DataType.Float4E2M1FN, DataType.Float6E3M2FN,
        ];
        Random random = new(Seed);
        int refusals = 0;
        for (int n = 0; n < 3_000; n++)
        {
            DataType type = types[random.Next(types.Length)];
            int bits = type.BitSize();
            long[] shape = [.. Enumerable.Range(0, random.Next(0, 5)).Select(_ => (long)random.Next(0, 7))];
            long bitLength = shape.Aggregate(1L, (a, b) => a * b) * bits;
            if (bitLength % 8 != 0)
            {
                continue;
            }

            byte[] data = new byte[bitLength / 8];
            random.NextBytes(data);
            NaiveSlice naive = new(shape);
            TensorSlice slice = new(Tensor(type, shape, data));
            for (int cut = random.Next(4); cut > 0; cut--)
            {
                slice = naive.Cut(slice, random);
            }

            Assert.Equal(naive.Shape, slice.Shape.ToArray());
            long[] elements = [.. naive.Elements()];
            (long First, long Count)[] runs = [.. NaiveSlice.Runs(elements)];
            if (runs.Any(run => run.First * bits % 8 != 0 || run.Count * bits % 8 != 0))
            {
                refusals++;
                Assert.Equal(SafetensorsError.MisalignedSlice, Assert.Throws<SafetensorsException>(() => slice.ByteRanges()).Error);
                Assert.Throws<SafetensorsException>(() => slice.CopyTo(new byte[data.Length]));
                continue;
            }

            Assert.Equal(runs.Select(run => (run.First * bits / 8, run.Count * bits / 8)), slice.ByteRanges());
            Assert.Equal(NaiveSlice.Gather(data, elements, bits), Copy(slice));
            using MemoryStream stream = new();
            slice.CopyTo(stream);
            Assert.Equal(Copy(slice), stream.ToArray());
        }

        Assert.InRange(refusals, 100, 1_500);
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
}
