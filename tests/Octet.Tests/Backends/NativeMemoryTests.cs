using Octet.Backends;
using Octet.Backends.Cpu;

namespace Octet.Tests.Backends;

public unsafe class NativeMemoryTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void A_row_that_is_not_there_is_not_read(int row)
    {
        using var activations = new CpuActivations(3, 10, MemoryLedger.Host);
        Assert.Throws<ArgumentOutOfRangeException>(() => activations.CopyRow(row, new float[10]));
        activations.CopyRow(2, new float[10]);
    }

    [Fact]
    public void A_row_of_what_is_disposed_of_is_not_read()
    {
        var activations = new CpuActivations(3, 10, MemoryLedger.Host);
        activations.Dispose();
        Assert.Throws<ObjectDisposedException>(() => activations.CopyRow(0, new float[10]));
    }

    [Fact]
    public void Memory_that_cannot_grow_stays_as_it_was()
    {
        var ledger = new Limited(10_000);
        using var memory = new GrowingMemory(ledger);
        byte* before = memory.Reserve(1000);
        new Span<byte>(before, 1000).Fill(7);
        var error = Assert.Throws<ModelException>(() => Grow(memory, 100_000));
        Assert.Equal(ModelError.Full, error.Error);
        Assert.True(before == memory.Reserve(1000));
        Assert.Equal(1000, new Span<byte>(before, 1000).Count((byte)7));
        Assert.Throws<ModelException>(() => Grow(memory, 100_000));
        Assert.Equal(1000, ledger.Taken);
        memory.Reserve(5000);
        Assert.Equal(5000, ledger.Taken);
    }

    [Fact]
    public void Workers_keep_their_parts_where_these_cannot_grow()
    {
        var ledger = new Limited(10_000);
        using var memory = new WorkerMemory(ledger, 3);
        memory.Reserve(130);
        nint distance = (nint)(memory.Of(2) - memory.Of(1));
        Assert.Equal(256, distance);
        Assert.Throws<ModelException>(() => memory.Reserve(100_000));
        Assert.Equal(distance, (nint)(memory.Of(2) - memory.Of(1)));
        Assert.Throws<ModelException>(() => memory.Reserve(100_000));
    }

    [Fact]
    public void What_the_system_does_not_have_is_an_error_that_says_so()
    {
        var ledger = new MemoryLedger(long.MaxValue);
        var error = Assert.Throws<ModelException>(() => NativeBlock.Allocate(ledger, 1L << 60));
        Assert.Equal(ModelError.Full, error.Error);
        Assert.Contains("1099511627776 MiB", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, ledger.Taken);
    }

    static void Grow(GrowingMemory memory, long bytes) => memory.Reserve(bytes);

    sealed class Limited(long bytes) : MemoryLedger(bytes)
    {
        internal override void Take(long bytes)
        {
            if (Taken + bytes > Capacity)
            {
                throw new InsufficientMemoryException();
            }

            base.Take(bytes);
        }
    }
}
