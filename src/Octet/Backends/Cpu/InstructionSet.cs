using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Octet.Backends.Cpu.MachineCode;

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
        ? new VectorKernels<Simd256, Vector256<float>, RawE4M3Weights>("avx2", () => FourDotsFunctions.Shared, () => E2M1DotsFunctions.Avx2)
        : new VectorKernels<Simd256, Vector256<float>, E4M3Weights<Simd256, Vector256<float>>>("avx2", () => FourDotsFunctions.Shared, () => E2M1DotsFunctions.Avx2);

    internal static CpuKernels Avx512 { get; } = new VectorKernels<Simd512, Vector512<float>, E4M3Weights<Simd512, Vector512<float>>>("avx512", null, () => E2M1DotsFunctions.Avx512);

    internal static CpuKernels Vbmi { get; } = new VectorKernels<Simd512, Vector512<float>, VbmiE4M3Weights>("vbmi", () => VbmiDotsFunctions.Shared, () => E2M1DotsFunctions.Avx512);

    /// <summary>Those that compute in float32: name, whether this machine has it, kernels.</summary>
    internal static IReadOnlyList<(string Name, bool IsSupported, CpuKernels Kernels)> Float32 { get; } =
    [
        ("vbmi", VbmiE4M3Weights.IsSupported && System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated, Vbmi),
        ("avx512", Avx512BW.IsSupported && System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated, Avx512),
        ("avx2", System.Runtime.Intrinsics.X86.Avx2.IsSupported && Fma.IsSupported, Avx2),
        ("vector128", System.Runtime.Intrinsics.Vector128.IsHardwareAccelerated, Vector128),
        ("scalar", true, Scalar),
    ];

    /// <summary>Every one: name, kernels, or why this machine cannot use it. Looking at it asks the system for what generated code needs.</summary>
    internal static IReadOnlyList<(string Name, CpuKernels? Kernels, string? Refusal)> All => Everything.Sets;

    /// <exception cref="ModelException">The forced set is unknown or not there.</exception>
    internal static CpuKernels Choose(string? forced)
    {
        if (string.IsNullOrEmpty(forced))
        {
            return All.First(set => set.Kernels is not null).Kernels!;
        }

        // Who asks for a set that computes in float32 asks the system for no tiles.
        if (Float32.FirstOrDefault(set => set.Name == forced && set.IsSupported).Kernels is { } plain)
        {
            return plain;
        }

        foreach ((string name, CpuKernels? kernels, string? refusal) in All)
        {
            if (name == forced)
            {
                return kernels ?? throw new ModelException(ModelError.Unsupported, $"{Variable}={forced}: this machine does not have that instruction set: {refusal}; it has {Names(true)}");
            }
        }

        throw new ModelException(ModelError.InvalidInput, $"{Variable}={forced} is not an instruction set: expected one of {Names(false)}");
    }

    static string Names(bool supported) => string.Join(", ", All.Where(set => set.Kernels is not null || !supported).Select(set => set.Name));

    // A class of its own, so that it is made when it is first needed.
    static class Everything
    {
        internal static IReadOnlyList<(string Name, CpuKernels? Kernels, string? Refusal)> Sets { get; } = Make();

        // A program that is compiled ahead has only the sets that its compiler was told of.
        static string Missing => RuntimeFeature.IsDynamicCodeCompiled
            ? "the processor does not have it"
            : "the processor does not have it, or this program was compiled for those that do not";

        static List<(string Name, CpuKernels? Kernels, string? Refusal)> Make()
        {
            CpuKernels best = Float32.First(set => set.IsSupported).Kernels;
            CpuKernels? tiles = ProductCode.TryCreateTiles(out ProductCode? code, out string? noTiles)
                ? new BFloat16Kernels("amx", BFloat16Kernels.FewestTokensForTiles, code, best)
                : null;
            CpuKernels? dotProducts = ProductCode.TryCreateDotProducts(out code, out string? noDotProducts)
                ? new BFloat16Kernels("avx512bf16", BFloat16Kernels.FewestTokensForDotProducts, code, best)
                : null;

            // AMD's start VDPBF16PS as often as a float32 multiplication, which is half as much: on a Zen 5 prefill was twice as fast as with vbmi. On a Sapphire
            // Rapids processor vbmi was half as fast again as dot products, and it is exact.
            List<(string Name, CpuKernels? Kernels, string? Refusal)> sets =
                [.. Float32.Select(set => (set.Name, set.IsSupported ? set.Kernels : null, set.IsSupported ? null : Missing))];
            sets.Insert(ProcessorVendor.IsAmd ? 0 : 1, ("avx512bf16", dotProducts, noDotProducts));
            sets.Insert(0, ("amx", tiles, noTiles));
            return sets;
        }
    }
}
