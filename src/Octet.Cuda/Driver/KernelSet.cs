using System.Globalization;

namespace Octet.Cuda.Driver;

/// <summary>One of the compiled forms that the kernels are shipped in, and what card and driver it asks for.</summary>
/// <param name="Target">What it was compiled for, as PTX names it: <c>sm_90a</c>.</param>
/// <param name="Capability">Ten times the major plus the minor compute capability from which on it runs.</param>
/// <param name="Exact">Whether it runs on that capability alone.</param>
/// <param name="PtxVersion">Ten times the major plus the minor version of its text.</param>
/// <param name="CudaVersion">The driver's version, as <see cref="CudaDriver.Version"/> counts, from which on that text is understood.</param>
/// <param name="Driver">The driver's branch that has it.</param>
/// <param name="Reason">Why it is the right one there.</param>
sealed record KernelSet(string Target, int Capability, bool Exact, int PtxVersion, int CudaVersion, string Driver, string Reason)
{
    /// <summary>The branch that understands every set.</summary>
    internal const string OldestDriver = "R550";

    /// <summary>Best first. An old driver refuses a text that is newer than itself: PTX 8.0 is CUDA 12.0's, 8.4 is 12.4's.</summary>
    internal static IReadOnlyList<KernelSet> All { get; } =
    [
        new("sm_90a", 90, Exact: true, PtxVersion: 80, CudaVersion: 12000, "R525", "Hopper: FP8 products of whole warp groups, copies by the tensor memory accelerator"),
        new("sm_89", 89, Exact: false, PtxVersion: 84, CudaVersion: 12040, "R550", "from Ada on: FP8 products"),
        new("sm_80", 80, Exact: false, PtxVersion: 84, CudaVersion: 12040, "R550", "Ampere: FP8 codes are expanded to 16 bits in registers"),
    ];

    /// <summary>The set for a card; null: there is none, and <paramref name="refusal"/> says why.</summary>
    /// <param name="major">The card's compute capability.</param>
    /// <param name="minor">Its part behind the point.</param>
    /// <param name="cudaVersion">What the driver implements.</param>
    /// <param name="refusal">What is missing, and what to do.</param>
    internal static KernelSet? Choose(int major, int minor, int cudaVersion, out string? refusal)
    {
        int capability = (10 * major) + minor;
        KernelSet? set = All.FirstOrDefault(set => set.Exact ? capability == set.Capability : capability >= set.Capability);
        refusal = set is null
            ? string.Create(CultureInfo.InvariantCulture, $"its compute capability is {major}.{minor}: expected 8.0 (Ampere) or newer")
            : cudaVersion < set.CudaVersion
                ? $"the driver implements CUDA {VersionText(cudaVersion)}, and the kernels for {set.Target} need {VersionText(set.CudaVersion)}: install driver {set.Driver} or newer"
                : null;
        return refusal is null ? set : null;
    }

    /// <summary>12040 as 12.4.</summary>
    internal static string VersionText(int cudaVersion) => string.Create(CultureInfo.InvariantCulture, $"{cudaVersion / 1000}.{cudaVersion % 1000 / 10}");
}
