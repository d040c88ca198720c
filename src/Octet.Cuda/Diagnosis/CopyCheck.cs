using Octet.Cuda.Driver;

namespace Octet.Cuda.Diagnosis;

/// <summary>Whether bytes come back from a card as they were sent.</summary>
static unsafe class CopyCheck
{
    const int Bytes = 1 << 20;

    internal static CardCheck Run(CudaContext context)
    {
        try
        {
            using CudaStream stream = context.CreateStream();
            using PinnedBlock sent = context.AllocatePinned(Bytes);
            using PinnedBlock received = context.AllocatePinned(Bytes);
            using DeviceBlock first = context.Allocate(Bytes);
            using DeviceBlock second = context.Allocate(Bytes);
            new Random(1).NextBytes(sent.Span(0, Bytes));
            received.Span(0, Bytes).Clear();
            stream.CopyToDevice(first.Address, sent.Pointer, Bytes);
            stream.CopyOnDevice(second.Address, first.Address, Bytes);
            stream.CopyToHost(received.Pointer, second.Address, Bytes);
            stream.Synchronize();
            int same = sent.Span(0, Bytes).CommonPrefixLength(received.Span(0, Bytes));
            return new CardCheck("copies", same == Bytes ? null : $"of {Bytes} bytes that were sent and copied on the card, byte {same} came back as another one");
        }
        catch (CudaException error)
        {
            return new CardCheck("copies", error.Message);
        }
    }
}
