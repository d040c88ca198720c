using Octet.Cuda.Driver;

namespace Octet.Cuda.Diagnosis;

/// <summary>How fast a card copies, in bytes per second.</summary>
/// <param name="ToDevice">From pinned memory of the host.</param>
/// <param name="ToHost">To pinned memory of the host.</param>
/// <param name="OnDevice">On the card, bytes read and bytes written together: what a decoded token's weights can come with.</param>
sealed unsafe record CopyBandwidth(double ToDevice, double ToHost, double OnDevice)
{
    const long HostBytes = 64 << 20;

    // Several times a card's cache.
    const long DeviceBytes = 256 << 20;

    const int Repetitions = 8;

    /// <summary>The best of a few copies each, after one that is not counted, timed by the card.</summary>
    /// <exception cref="CudaException">The card has too little memory left, or failed.</exception>
    internal static CopyBandwidth Measure(CudaContext context, CancellationToken cancellationToken)
    {
        long device = Math.Clamp(context.MemoryInfo().Free / 4, 1 << 16, DeviceBytes) & -256;
        long host = Math.Min(HostBytes, device);
        using CudaStream stream = context.CreateStream();
        using CudaEvent begin = context.CreateEvent(timed: true);
        using CudaEvent end = context.CreateEvent(timed: true);
        using PinnedBlock pinned = context.AllocatePinned(host);
        using DeviceBlock first = context.Allocate(device);
        using DeviceBlock second = context.Allocate(device);
        new Span<byte>(pinned.Pointer, (int)host).Clear();
        stream.Zero(first.Address, device);
        return new CopyBandwidth(
            Best(host, () => stream.CopyToDevice(first.Address, pinned.Pointer, host)),
            Best(host, () => stream.CopyToHost(pinned.Pointer, first.Address, host)),
            Best(2 * device, () => stream.CopyOnDevice(second.Address, first.Address, device)));

        double Best(long bytes, Action copy)
        {
            double best = 0;
            for (int i = 0; i <= Repetitions; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                begin.Record(stream);
                copy();
                end.Record(stream);
                end.Synchronize();
                double seconds = end.SecondsSince(begin);
                best = i == 0 || seconds <= 0 ? best : Math.Max(best, bytes / seconds);
            }

            return best;
        }
    }
}
