using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Driver;

public class TensorMapTests
{
    [Theory]
    [InlineData(1, 384, 7, 128, 128, PtxEmulator.TensorMapSwizzle.Bytes128)]
    [InlineData(1, 384, 7, 64, 128, PtxEmulator.TensorMapSwizzle.None)]
    [InlineData(2, 128, 1, 128, 256, PtxEmulator.TensorMapSwizzle.Bytes128)]
    public unsafe void A_map_says_where_rows_lie_and_what_is_copied_of_them(int elementBytes, long columns, long rows, int boxBytes, int boxRows, PtxEmulator.TensorMapSwizzle swizzle)
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Context.Allocate(columns * rows * elementBytes);

        var map = TensorMap.OfRows(card.Context, block.Address, elementBytes, columns, rows, boxBytes, boxRows);

        PtxEmulator.TensorMap read = PtxEmulator.TensorMap.Read(new ReadOnlySpan<byte>(&map, sizeof(TensorMap)))!;
        Assert.Equal((block.Address, elementBytes, swizzle), (read.Address, read.ElementBytes, read.Swizzle));
        Assert.Equal([(ulong)columns, (ulong)rows], read.Dimensions);
        Assert.Equal([(ulong)(columns * elementBytes)], read.Strides);
        Assert.Equal([boxBytes / elementBytes, boxRows], read.Box);
    }

    [Theory]
    [InlineData(8, 128, 128, 128)]
    [InlineData(0, 130, 128, 128)]
    [InlineData(0, 128, 128, 257)]
    [InlineData(0, 128, 24, 128)]
    public void A_map_that_the_accelerator_does_not_take_is_told(int offset, long columns, int boxBytes, int boxRows)
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Context.Allocate(1 << 16);

        var error = Assert.Throws<CudaException>(() => TensorMap.OfRows(card.Context, block.Address + (ulong)offset, 1, columns, 4, boxBytes, boxRows));

        Assert.Equal(Code.InvalidValue, error.Code);
        Assert.Contains("cuTensorMapEncodeTiled", error.Message, StringComparison.Ordinal);
    }
}
