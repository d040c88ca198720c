using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>
/// The instruction sets with kernels of their own, best first, and the choice among them: the best that the machine has, or the one
/// that <c>OCTET_CPU</c> names.
/// </summary>
static class InstructionSet
{
    internal const string Variable = "OCTET_CPU";

    internal static CpuKernels Scalar => ScalarKernels.Instance;

    internal static CpuKernels Vector128 { get; } = new VectorKernels<Simd128, Vector128<float>, E4M3Weights<Simd128, Vector128<float>>>("vector128");

    internal static CpuKernels Avx2 { get; } = RawE4M3Weights.IsFast
        ? new VectorKernels<Simd256, Vector256<float>, RawE4M3Weights>("avx2")
        : new VectorKernels<Simd256, Vector256<float>, E4M3Weights<Simd256, Vector256<float>>>("avx2");

    internal static CpuKernels Avx512 { get; } = new VectorKernels<Simd512, Vector512<float>, E4M3Weights<Simd512, Vector512<float>>>("avx512");

    internal static CpuKernels Vbmi { get; } = new VectorKernels<Simd512, Vector512<float>, VbmiE4M3Weights>("vbmi");

    /// <summary>Name, whether this machine has it, kernels.</summary>
    internal static IReadOnlyList<(string Name, bool IsSupported, CpuKernels Kernels)> All { get; } =
    [
        ("vbmi", VbmiE4M3Weights.IsSupported && System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated, Vbmi),
        ("avx512", Avx512BW.IsSupported && System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated, Avx512),
        ("avx2", System.Runtime.Intrinsics.X86.Avx2.IsSupported && Fma.IsSupported, Avx2),
        ("vector128", System.Runtime.Intrinsics.Vector128.IsHardwareAccelerated, Vector128),
        ("scalar", true, Scalar),
    ];

    /// <exception cref="ModelException">The forced set is unknown or not there.</exception>
    internal static CpuKernels Choose(string? forced)
    {
        if (string.IsNullOrEmpty(forced))
        {
            return All.First(set => set.IsSupported).Kernels;
        }

        foreach ((string name, bool supported, CpuKernels kernels) in All)
        {
            if (name == forced)
            {
                return supported ? kernels : throw new ModelException($"{Variable}={forced}: this machine does not have that instruction set; it has {Names(true)}");
            }
        }

        throw new ModelException($"{Variable}={forced} is not an instruction set: expected one of {Names(false)}");
    }

    static string Names(bool supported) => string.Join(", ", All.Where(set => set.IsSupported || !supported).Select(set => set.Name));
}
