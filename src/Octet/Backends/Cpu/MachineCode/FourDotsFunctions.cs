using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The functions of <see cref="FourDotsCode"/>. Tests put an interpreter of the same code in their place.</summary>
sealed unsafe class FourDotsFunctions(delegate* unmanaged<void*, void> e4M3, delegate* unmanaged<void*, void> bFloat16) : DotsFunctions
{
    const uint E4M3Mask = 0x87F00000;
    const uint BFloat16Mask = 0xFFFF0000;

    // In both pairs of a lane.
    const uint FirstOfPairs = 0x00100010;

    /// <summary>Generated when first asked for, for the life of the process; null where there can be none.</summary>
    internal static FourDotsFunctions? Shared => Generated.Functions;

    /// <summary>Why there are none, or null.</summary>
    internal static string? Refusal => Generated.Refusal;

    internal override bool LeavesLanes => false;

    /// <summary>E4M3 codes, in steps of 64, without a NaN among them.</summary>
    internal override void MultiplyE4M3(in DotsRun run)
    {
        FourDotsBlock block = Block(run, E4M3Mask);
        e4M3(&block);
    }

    /// <summary>Bfloat16, in steps of 32.</summary>
    internal override void MultiplyBFloat16(in DotsRun run)
    {
        FourDotsBlock block = Block(run, BFloat16Mask);
        bFloat16(&block);
    }

    static FourDotsBlock Block(in DotsRun run, uint mask) => new()
    {
        First = run.First,
        Second = run.First + run.Apart,
        Third = run.First + 2 * run.Apart,
        Fourth = run.First + 3 * run.Apart,
        Inputs = run.Inputs,
        Sums = run.Sums,
        Rows = run.Rows,
        Steps = run.Steps,
        InputMove = run.InputMove,
        Mask = mask,
        Factors = FirstOfPairs,
    };

    static bool TryGenerate([NotNullWhen(true)] out FourDotsFunctions? functions, [NotNullWhen(false)] out string? refusal)
    {
        functions = null;
        if (!Avx2.IsSupported || !Fma.IsSupported || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            refusal = "it takes AVX2 and FMA";
            return false;
        }

        GeneralRegister argument = X64Encoder.FirstArgument;
        if (!ExecutableMemory.TryCreate([FourDotsCode.E4M3(argument), FourDotsCode.BFloat16(argument)], out ExecutableMemory? memory, out refusal))
        {
            return false;
        }

        // A machine that computes this wrongly is better found here than in a model's answers.
        var generated = new FourDotsFunctions(memory.Entry(0), memory.Entry(1));
        refusal = KnownDots.AreExact(generated, RawE4M3Weights.HalfUnit) ? null : "the processor computes known products wrongly";
        functions = refusal is null ? generated : null;
        return refusal is null;
    }

    static class Generated
    {
        internal static readonly FourDotsFunctions? Functions;
        internal static readonly string? Refusal;

        static Generated() => TryGenerate(out Functions, out Refusal);
    }
}
