using System.Runtime.InteropServices;
using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests;

/// <summary>A card of a fake driver that is open, with a queue.</summary>
sealed unsafe class OpenCard : IDisposable
{
    internal OpenCard(FakeCuda? fake = null)
    {
        Fake = fake ?? new FakeCuda();
        Context = CudaContext.Open(Fake.Table, 0);
        Stream = Context.CreateStream();
    }

    internal FakeCuda Fake { get; }

    internal CudaContext Context { get; }

    internal CudaStream Stream { get; }

    /// <summary>Memory of the card with these numbers.</summary>
    internal DeviceBlock Block(params int[] numbers)
    {
        DeviceBlock block = Context.Allocate(4 * numbers.Length);
        fixed (int* first = numbers)
        {
            Stream.CopyToDevice(block.Address, first, block.Bytes);
        }

        return block;
    }

    /// <summary>Numbers of the card's memory, once all that is queued is done.</summary>
    internal int[] Read(DeviceSpan span)
    {
        int[] numbers = new int[span.Bytes / 4];
        fixed (int* first = numbers)
        {
            Stream.CopyToHost(first, span.Address, span.Bytes);
        }

        Stream.Synchronize();
        return numbers;
    }

    internal static int[] Numbers(PinnedBlock block) => MemoryMarshal.Cast<byte, int>(block.Span(0, (int)block.Bytes)).ToArray();

    public void Dispose()
    {
        Stream.Dispose();
        Context.Dispose();
        Fake.Dispose();
    }
}
