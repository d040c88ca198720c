using Octet.Cuda.CublasLt;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Diagnosis;

/// <summary>A card, and whether Octet can use it.</summary>
/// <param name="Info">What the driver says of it.</param>
/// <param name="Kernels">Those that are for it; null: there are none, see <paramref name="Refusal"/>.</param>
/// <param name="Refusal">Why it cannot be used; null: it can.</param>
/// <param name="FreeMemory">Bytes that are free; null: it was not opened.</param>
/// <param name="Bandwidth">How fast it copies; null: that was not measured.</param>
/// <param name="Checks">What was tried.</param>
sealed record CardDiagnosis(CudaDeviceInfo Info, KernelSet? Kernels, string? Refusal, long? FreeMemory, CopyBandwidth? Bandwidth, IReadOnlyList<CardCheck> Checks)
{
    /// <summary>What NVIDIA's library is used for; null: it was not tried.</summary>
    internal CublasLtUse? Library { get; init; }

    /// <summary>Whether it can be used, and all that was tried works.</summary>
    internal bool IsUsable => Refusal is null && Checks.All(check => check.Problem is null);

    /// <param name="driver">The driver.</param>
    /// <param name="ordinal">The card's number.</param>
    /// <param name="tries">Whether the card is opened, tried and measured.</param>
    /// <param name="model">The directory of a small model that it generates with; null: it is not tried that way.</param>
    /// <param name="library">NVIDIA's library, which it is tried with too.</param>
    /// <param name="cancellationToken">Looked at between measurements.</param>
    internal static CardDiagnosis Of(CudaDriver driver, int ordinal, bool tries, string? model, CublasLtProbe library, CancellationToken cancellationToken)
    {
        CudaDeviceInfo info = CudaDeviceInfo.Read(driver, ordinal);
        KernelSet? kernels = KernelSet.Choose(info.Major, info.Minor, info.CudaVersion, out string? refusal);
        var diagnosis = new CardDiagnosis(info, kernels, refusal, FreeMemory: null, Bandwidth: null, []);
        if (!tries)
        {
            return diagnosis;
        }

        try
        {
            using CudaContext context = CudaContext.Open(driver, ordinal);
            diagnosis = diagnosis with { FreeMemory = context.MemoryInfo().Free };
            var checks = new List<CardCheck> { CopyCheck.Run(context) };
            if (checks[0].Problem is null)
            {
                diagnosis = diagnosis with { Bandwidth = CopyBandwidth.Measure(context, cancellationToken) };
            }

            // What one of them breaks, the next ones cannot tell about.
            IEnumerable<Func<CardCheck>> others = refusal is not null ? [] :
            [
                () => ProductCheck.Codes(driver, ordinal),
                () => ProductCheck.Layers(driver, ordinal, cancellationToken),
                .. model is null ? (IEnumerable<Func<CardCheck>>)[] : [() => GenerationCheck.Run(driver, ordinal, model, cancellationToken)],
            ];
            foreach (Func<CardCheck> check in others)
            {
                if (checks[^1].Problem is null)
                {
                    checks.Add(check());
                }
            }

            return diagnosis with { Checks = checks, Library = checks[^1].Problem is null && refusal is null ? Try(library, context) : null };
        }
        catch (CudaException error)
        {
            return diagnosis with { Refusal = refusal ?? error.Message };
        }
    }

    static CublasLtUse? Try(CublasLtProbe library, CudaContext context)
    {
        using CudaStream stream = context.CreateStream();
        CublasLtProducts.TryOpen(library, context, stream, out CublasLtUse? use)?.Dispose();
        return use;
    }
}
