using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The functions of <see cref="VbmiDotsCode"/> and <see cref="TokenDotsCode"/>. Tests put an interpreter of the same code in their place.</summary>
/// <param name="e4M3">For rows that begin anywhere in a line of the cache.</param>
/// <param name="alignedE4M3">For rows of whole lines.</param>
/// <param name="scaledE4M3">For rows that begin anywhere, in blocks.</param>
/// <param name="alignedScaledE4M3">For rows of whole lines, in blocks.</param>
/// <param name="bFloat16">For rows that begin anywhere.</param>
/// <param name="alignedBFloat16">For rows of whole lines.</param>
/// <param name="tokens">For two tokens and more, then for as many with scales that are powers of two, then of bfloat16.</param>
/// <param name="powers">For one token with such scales, where rows begin anywhere.</param>
/// <param name="alignedPowers">The same for rows of whole lines.</param>
sealed unsafe class VbmiDotsFunctions(
    delegate* unmanaged<void*, void> e4M3,
    delegate* unmanaged<void*, void> alignedE4M3,
    delegate* unmanaged<void*, void> scaledE4M3,
    delegate* unmanaged<void*, void> alignedScaledE4M3,
    delegate* unmanaged<void*, void> bFloat16,
    delegate* unmanaged<void*, void> alignedBFloat16,
    delegate* unmanaged<void*, void>[] tokens,
    delegate* unmanaged<void*, void> powers,
    delegate* unmanaged<void*, void> alignedPowers)
    : DotsFunctions
{
    const uint BFloat16Mask = 0xFFFF0000;
    const uint Signs = 0x80808080;
    const int Line = 64;

    // Functions for two tokens and more, of one kind of scales.
    const int ManyTokens = TokenDotsCode.MostTokens - 1;

    // Lives as long as the process.
    static readonly byte* s_tables = Tables();

    /// <summary>Generated when first asked for, for the life of the process; null where there can be none.</summary>
    internal static VbmiDotsFunctions? Shared => Generated.Functions;

    /// <summary>Why there are none, or null.</summary>
    internal static string? Refusal => Generated.Refusal;

    internal override bool LeavesLanes => true;

    internal override int ScaledColumns => VbmiDotsCode.ScaledColumns;

    internal override void MultiplyE4M3(in DotsRun run)
    {
        VbmiDotsBlock block = Block(run, s_tables + VbmiDotsCode.TableBytes);
        if (run.Scales is null)
        {
            (IsAligned(run) ? alignedE4M3 : e4M3)(&block);
        }
        else
        {
            (IsAligned(run) ? alignedScaledE4M3 : scaledE4M3)(&block);
        }
    }

    internal override int MostTokens => TokenDotsCode.MostTokens;

    internal override void MultiplyTokens(in DotsRun run)
    {
        if (run.Tokens == 1)
        {
            VbmiDotsBlock lines = Block(run, s_tables + VbmiDotsCode.TableBytes);
            (IsAligned(run) ? alignedPowers : powers)(&lines);
            return;
        }

        // With several tokens there is time for loads across two lines of the cache.
        VbmiDotsBlock block = Block(run, s_tables + VbmiDotsCode.TableBytes) with { First = run.First, Order = s_tables + VbmiDotsCode.TableBytes };
        tokens[run.Tokens - 2 + (run.IsBFloat16 ? 2 * ManyTokens : run.Powers is null ? 0 : ManyTokens)](&block);
    }

    internal override void MultiplyBFloat16(in DotsRun run)
    {
        VbmiDotsBlock block = Block(run, s_tables + VbmiDotsCode.TableBytes + VbmiDotsCode.OrdersBytes);
        (IsAligned(run) ? alignedBFloat16 : bFloat16)(&block);
    }

    static bool IsAligned(in DotsRun run) => (nint)run.First % Line == 0;

    static VbmiDotsBlock Block(in DotsRun run, byte* orders)
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
            Scales = run.Powers is null ? run.Scales : run.Powers,
            ScaleMove = run.ScaleMove,
            RowMove = run.RowMove,
            Places = s_tables + VbmiDotsCode.TableBytes + 2 * VbmiDotsCode.OrdersBytes,
            Unit = TokenDotsCode.SmallestPower,
        };
    }

    static byte* Tables()
    {
        const int Bytes = VbmiDotsCode.TableBytes + 2 * VbmiDotsCode.OrdersBytes + TokenDotsCode.PlacesBytes;
        var tables = (byte*)NativeMemory.AlignedAlloc(Bytes, Line);
        var span = new Span<byte>(tables, Bytes);
        VbmiE4M3Weights.WriteTables(span[..VbmiDotsCode.TableBytes]);
        VbmiDotsCode.WriteOrders(span.Slice(VbmiDotsCode.TableBytes, VbmiDotsCode.OrdersBytes), ofCodes: true);
        VbmiDotsCode.WriteOrders(span.Slice(VbmiDotsCode.TableBytes + VbmiDotsCode.OrdersBytes, VbmiDotsCode.OrdersBytes), ofCodes: false);
        TokenDotsCode.WritePlaces(span[(VbmiDotsCode.TableBytes + 2 * VbmiDotsCode.OrdersBytes)..]);
        return tables;
    }

    static bool TryGenerate([NotNullWhen(true)] out VbmiDotsFunctions? functions, [NotNullWhen(false)] out string? refusal)
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
            VbmiDotsCode.E4M3(argument, aligned: false), VbmiDotsCode.E4M3(argument, aligned: true),
            VbmiDotsCode.ScaledE4M3(argument, aligned: false), VbmiDotsCode.ScaledE4M3(argument, aligned: true),
            VbmiDotsCode.BFloat16(argument, aligned: false), VbmiDotsCode.BFloat16(argument, aligned: true),
            TokenDotsCode.E4M3(argument, 1, DotsFunctions.Walks, powers: true, whole: false), TokenDotsCode.E4M3(argument, 1, DotsFunctions.Walks, powers: true, whole: true),
            .. Enumerable.Range(0, 2 * ManyTokens).Select(i => TokenDotsCode.E4M3(argument, i % ManyTokens + 2, TokenDotsCode.Walks, powers: i >= ManyTokens, whole: true)),
            .. Enumerable.Range(0, ManyTokens).Select(i => TokenDotsCode.BFloat16(argument, i + 2)),
        ];
        if (!ExecutableMemory.TryCreate(code, out ExecutableMemory? memory, out refusal))
        {
            return false;
        }

        // A machine that computes this wrongly is better found here than in a model's answers.
        var tokens = new delegate* unmanaged<void*, void>[3 * ManyTokens];
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = memory.Entry(8 + i);
        }

        var generated = new VbmiDotsFunctions(
            memory.Entry(0), memory.Entry(1), memory.Entry(2), memory.Entry(3), memory.Entry(4), memory.Entry(5), tokens, memory.Entry(6), memory.Entry(7));
        refusal = KnownDots.AreExact(generated, unit: 1) ? null : "the processor computes known products wrongly";
        functions = refusal is null ? generated : null;
        return refusal is null;
    }

    static class Generated
    {
        internal static readonly VbmiDotsFunctions? Functions;
        internal static readonly string? Refusal;

        static Generated() => TryGenerate(out Functions, out Refusal);
    }
}
