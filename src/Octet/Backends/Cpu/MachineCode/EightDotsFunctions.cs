using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The functions of <see cref="EightDotsCode"/>. Tests put an interpreter of the same code in their place.</summary>
/// <param name="e4M3">For rows that begin anywhere in a line of the cache.</param>
/// <param name="alignedE4M3">For rows of whole lines.</param>
/// <param name="bFloat16">For rows that begin anywhere.</param>
/// <param name="alignedBFloat16">For rows of whole lines.</param>
sealed unsafe class EightDotsFunctions(
    delegate* unmanaged<void*, void> e4M3, delegate* unmanaged<void*, void> alignedE4M3, delegate* unmanaged<void*, void> bFloat16, delegate* unmanaged<void*, void> alignedBFloat16)
    : DotsFunctions
{
    const uint BFloat16Mask = 0xFFFF0000;
    const uint Signs = 0x80808080;
    const int Line = 64;

    // Lives as long as the process.
    static readonly byte* s_tables = Tables();

    /// <summary>Generated when first asked for, for the life of the process; null where there can be none.</summary>
    internal static EightDotsFunctions? Shared => Generated.Functions;

    /// <summary>Why there are none, or null.</summary>
    internal static string? Refusal => Generated.Refusal;

    internal override int Walks => EightDotsCode.Walks;

    internal override bool LeavesLanes => true;

    internal override void MultiplyE4M3(in DotsRun run)
    {
        EightDotsBlock block = Block(run, s_tables + EightDotsCode.TableBytes);
        (IsAligned(run) ? alignedE4M3 : e4M3)(&block);
    }

    internal override void MultiplyBFloat16(in DotsRun run)
    {
        EightDotsBlock block = Block(run, s_tables + EightDotsCode.TableBytes + EightDotsCode.OrdersBytes);
        (IsAligned(run) ? alignedBFloat16 : bFloat16)(&block);
    }

    static bool IsAligned(in DotsRun run) => (nint)run.First % Line == 0;

    static EightDotsBlock Block(in DotsRun run, byte* orders)
    {
        nint into = (nint)run.First % Line;
        return new()
        {
            First = run.First - into,
            Apart = run.Apart,
            Inputs = run.Inputs,
            Sums = run.Sums,
            Rows = run.Rows,
            Steps = run.Steps,
            InputMove = run.InputMove,
            Tables = s_tables,
            Order = orders + into * Line,
            Mask = BFloat16Mask,
            Signs = Signs,
        };
    }

    static byte* Tables()
    {
        const int Bytes = EightDotsCode.TableBytes + 2 * EightDotsCode.OrdersBytes;
        var tables = (byte*)NativeMemory.AlignedAlloc(Bytes, Line);
        var span = new Span<byte>(tables, Bytes);
        VbmiE4M3Weights.WriteTables(span[..EightDotsCode.TableBytes]);
        EightDotsCode.WriteOrders(span.Slice(EightDotsCode.TableBytes, EightDotsCode.OrdersBytes), ofCodes: true);
        EightDotsCode.WriteOrders(span[(EightDotsCode.TableBytes + EightDotsCode.OrdersBytes)..], ofCodes: false);
        return tables;
    }

    static bool TryGenerate([NotNullWhen(true)] out EightDotsFunctions? functions, [NotNullWhen(false)] out string? refusal)
    {
        functions = null;
        if (!Avx512Vbmi.IsSupported || !Avx512BW.IsSupported || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            refusal = "it takes AVX-512 VBMI";
            return false;
        }

        GeneralRegister argument = X64Encoder.FirstArgument;
        byte[][] code =
        [
            EightDotsCode.E4M3(argument, aligned: false), EightDotsCode.E4M3(argument, aligned: true),
            EightDotsCode.BFloat16(argument, aligned: false), EightDotsCode.BFloat16(argument, aligned: true),
        ];
        if (!ExecutableMemory.TryCreate(code, out ExecutableMemory? memory, out refusal))
        {
            return false;
        }

        // A machine that computes this wrongly is better found here than in a model's answers.
        var generated = new EightDotsFunctions(memory.Entry(0), memory.Entry(1), memory.Entry(2), memory.Entry(3));
        refusal = KnownDots.AreExact(generated, unit: 1) ? null : "the processor computes known products wrongly";
        functions = refusal is null ? generated : null;
        return refusal is null;
    }

    static class Generated
    {
        internal static readonly EightDotsFunctions? Functions;
        internal static readonly string? Refusal;

        static Generated() => TryGenerate(out Functions, out Refusal);
    }
}
