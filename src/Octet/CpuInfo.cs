using Octet.Backends.Cpu;
using Octet.Backends.Cpu.MachineCode;

namespace Octet;

/// <summary>The instruction sets that the CPU backend has kernels for.</summary>
public static class CpuInfo
{
    /// <summary>Every instruction set with kernels of its own, the best first, whether this machine can use it, and if not, why.</summary>
    public static IReadOnlyList<(string Name, bool IsSupported, string? Refusal)> InstructionSets { get; } = [.. InstructionSet.All.Select(set => (set.Name, set.Kernels is not null, set.Refusal))];

    /// <summary>The instruction set that a model would run on: the one that the environment variable <c>OCTET_CPU</c> names, else the best.</summary>
    /// <exception cref="ModelException"><c>OCTET_CPU</c> names a set that does not exist or that this machine does not have.</exception>
    public static string Chosen => InstructionSet.Choose(Environment.GetEnvironmentVariable(InstructionSet.Variable)).Name;

    /// <summary>
    /// Why <c>avx2</c> decodes with what the compiler makes of its loops, which is slower, and not with generated code; null where it uses
    /// that. Both give the same bits.
    /// </summary>
    public static string? GeneratedDecodeRefusal => FourDotsFunctions.Refusal;

    /// <summary>The same for <c>vbmi</c>, with which <c>avx512bf16</c> and <c>amx</c> decode as well; where weights have scales for blocks, last bits differ.</summary>
    public static string? GeneratedVbmiDecodeRefusal => VbmiDotsFunctions.Refusal;
}
