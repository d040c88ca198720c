using Octet.Cuda.Driver;

namespace Octet.Cuda.Tests.Memory;

public unsafe class StagedCopyTests
{
    [Fact]
    public void What_a_copy_reads_is_given_back_when_the_copy_is_done()
    {
        using var card = new OpenCard();
        using DeviceBlock block = card.Context.Allocate(64);
        var staged = new StagedCopy();
        card.Stream.CopyToDevice(block.Address, staged.Begin(card.Context, 64), 64);
        staged.End(card.Context, card.Stream);

        staged.Dispose();

        Assert.Equal(0, card.Fake.EarlyFrees);
        Assert.Equal(0, card.Fake.LivePinned);
    }
}
