using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Memory;

public class DeviceLedgerTests
{
    [Fact]
    public void A_card_has_one_ledger_of_nearly_all_that_was_free_when_it_was_opened()
    {
        using var fake = new FakeCuda(new FakeCard { TotalBytes = 100 << 20 }, new FakeCard { TotalBytes = 20 << 20 });
        using CudaContext first = CudaContext.Open(fake.Table, 0);
        using DeviceBlock block = first.Allocate(10 << 20);
        using CudaContext again = CudaContext.Open(fake.Table, 0);
        using CudaContext other = CudaContext.Open(fake.Table, 1);

        Assert.Same(first.Memory, again.Memory);
        Assert.Equal((95L << 20, 10L << 20, 85L << 20), (again.Memory.Capacity, again.Memory.Taken, again.Memory.Room));
        Assert.Equal((19L << 20, 0L), (other.Memory.Capacity, other.Memory.Taken));
        Assert.Equal("cuda:1 (Fake H200)", other.Memory.Owner);
    }

    [Fact]
    public void Weights_count_when_they_are_copied_and_not_by_their_path()
    {
        using var card = new OpenCard();

        using (card.Context.Memory.AddWeights("model", 1 << 20))
        {
            Assert.Equal((0, 0L), (card.Context.Memory.WeightBytes, card.Context.Memory.Taken));
        }
    }
}
