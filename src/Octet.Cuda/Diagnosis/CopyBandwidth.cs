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
        long host = Math.Min(HostBytes, Fitting(context));
        using var copies = new TimedCopies(context, cancellationToken);
        using PinnedBlock pinned = context.AllocatePinned(host);
        using DeviceBlock device = context.Allocate(host);
        new Span<byte>(pinned.Pointer, (int)host).Clear();
        return new CopyBandwidth(
            copies.Measure(host, stream => stream.CopyToDevice(device.Address, pinned.Pointer, host)).Fastest,
            copies.Measure(host, stream => stream.CopyToHost(pinned.Pointer, device.Address, host)).Fastest,
            MeasureOnDevice(context, cancellationToken).Fastest);
    }

    /// <summary>Of copies on the card alone the fastest, and the median.</summary>
    /// <exception cref="CudaException">The card has too little memory left, or failed.</exception>
    internal static (double Fastest, double Median) MeasureOnDevice(CudaContext context, CancellationToken cancellationToken)
    {
        long bytes = Fitting(context);
        using var copies = new TimedCopies(context, cancellationToken);
        using DeviceBlock from = context.Allocate(bytes);
        using DeviceBlock to = context.Allocate(bytes);
        copies.Stream.Zero(from.Address, bytes);
        return copies.Measure(2 * bytes, stream => stream.CopyOnDevice(to.Address, from.Address, bytes));
    }

    static long Fitting(CudaContext context) => Math.Clamp(context.MemoryInfo().Free / 4, 1 << 16, DeviceBytes) & -256;

    sealed class TimedCopies(CudaContext context, CancellationToken cancellationToken) : IDisposable
    {
        readonly CudaEvent _begin = context.CreateEvent(timed: true);
        readonly CudaEvent _end = context.CreateEvent(timed: true);

        internal CudaStream Stream { get; } = context.CreateStream();

        internal (double Fastest, double Median) Measure(long bytes, Action<CudaStream> copy)
        {
            double[] rates = new double[Repetitions];
            for (int i = -1; i < Repetitions; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                _begin.Record(Stream);
                copy(Stream);
                _end.Record(Stream);
                _end.Synchronize();
                double seconds = _end.SecondsSince(_begin);
                if (i >= 0)
                {
                    rates[i] = seconds <= 0 ? 0 : bytes / seconds;
                }
            }

            Array.Sort(rates);
            return (rates[^1], rates[Repetitions / 2]);
        }

        public void Dispose()
        {
            _begin.Dispose();
            _end.Dispose();
            Stream.Dispose();
        }
    }
}
