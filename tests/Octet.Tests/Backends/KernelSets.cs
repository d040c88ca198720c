using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Octet.Backends.Cpu;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends;

/// <summary>Every set of kernels that this machine can compute with, natively or through .NET's software vectors, both AVX2 forms included: the second with generated code, where there can be any.</summary>
static class KernelSets
{
    static readonly Dictionary<string, CpuKernels> s_all = Make();

    internal static IReadOnlyDictionary<string, CpuKernels> All => s_all;

    /// <summary>
    /// For tests of many models, each of which has some that are like it: the set that the machine computes with and one other, by turns, so
    /// that every set meets many models. OCTET_SLOW=1: all.
    /// </summary>
    internal static IEnumerable<KeyValuePair<string, CpuKernels>> For(string model)
    {
        if (Environment.GetEnvironmentVariable("OCTET_SLOW") == "1")
        {
            return s_all;
        }

        string best = Avx2.IsSupported ? "avx2, codes as they stand" : InstructionSet.Float32.First(set => set.IsSupported).Name;
        KeyValuePair<string, CpuKernels>[] others = [.. s_all.Where(set => set.Key != best)];
        uint turn = model.Aggregate(2166136261u, (hash, letter) => (hash ^ letter) * 16777619u);
        return [KeyValuePair.Create(best, s_all[best]), others[(turn >> 8) % others.Length]];
    }

    internal static TheoryData<string> Names => [.. s_all.Keys];

    internal static CpuKernels Get(string name) => s_all[name];

    static Dictionary<string, CpuKernels> Make()
    {
        Dictionary<string, CpuKernels> sets = InstructionSet.Float32.ToDictionary(set => set.Name, set => set.Kernels);
        sets.Remove("avx2");
        if (Avx2.IsSupported)
        {
            sets["avx2, codes widened"] = new VectorKernels<Simd256, Vector256<float>, E4M3Weights<Simd256, Vector256<float>>>("avx2");
            sets["avx2, codes as they stand"] = new VectorKernels<Simd256, Vector256<float>, RawE4M3Weights>("avx2", () => FourDotsFunctions.Shared);
        }

        if (!X86Base.IsSupported)
        {
            // Software vectors of 512 bits are tried on x64, where they are faster than on an emulated processor.
            sets.Remove("vbmi");
            sets.Remove("avx512");
        }

        return sets;
    }
}
