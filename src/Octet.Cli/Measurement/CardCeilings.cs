using Octet.Backends;
using Octet.Cli.IO;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Driver;

namespace Octet.Cli.Measurement;

/// <summary>A card's memory. Its products are of several kinds, of which none bounds a model alone: there is no peak of arithmetic.</summary>
sealed class CardCeilings(int ordinal, CancellationToken cancellationToken) : Ceilings
{
    const string Kind = "cuda";

    internal override string Source => $"{Kind}:{ordinal}, bytes read and written by copies on it";

    /// <summary>The card that a device's description (<see cref="LanguageModel.Device"/>) begins with; null: it is none.</summary>
    internal static int? Ordinal(string device)
        => DeviceName.TryParse(device.Split(' ')[0], out DeviceName name) && name.Kind == Kind ? name.Ordinal : null;

    internal override string? Memory()
    {
        using CudaContext context = Open();
        (long free, long total) = context.MemoryInfo();
        return $"{ByteCount.Text(total - free)} of {ByteCount.Text(total)} of the card are taken";
    }

    protected override double? ArithmeticPeak() => null;

    protected override ReadRate Read()
    {
        using CudaContext context = Open();
        (double fastest, double median) = CopyBandwidth.MeasureOnDevice(context, cancellationToken);
        return new ReadRate(fastest, median);
    }

    CudaContext Open() => CudaContext.Open(DriverProbe.Machine.Driver!, ordinal);
}
