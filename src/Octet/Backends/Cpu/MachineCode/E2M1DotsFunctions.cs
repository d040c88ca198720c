using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The functions of <see cref="E2M1DotsCode"/>. Tests put an interpreter of the same code in their place.</summary>
/// <param name="powers">For one, two and three tokens, where scales are powers of two.</param>
/// <param name="e4M3">The same, where scales are E4M3.</param>
sealed unsafe class E2M1DotsFunctions(delegate* unmanaged<void*, void>[] powers, delegate* unmanaged<void*, void>[] e4M3)
{
    const int Line = 64;
    const int VectorFloats = Line / sizeof(float);

    // Live as long as the process.
    static readonly byte* s_powersTables = Tables(powers: true);
    static readonly byte* s_e4M3Tables = Tables(powers: false);

    /// <summary>Generated when first asked for, for the life of the process; null where there can be none.</summary>
    internal static E2M1DotsFunctions? Shared => Generated.Functions;

    /// <summary>Why there are none, or null.</summary>
    internal static string? Refusal => Generated.Refusal;

    internal void Multiply(in E2M1DotsRun run)
    {
        const int StepColumns = E2M1DotsCode.StepColumns;
        int scalesOfStep = E2M1DotsCode.ScaleBytes(run.HasPowers);
        int last = (E2M1Input.Steps(run.Columns) - 1) * StepColumns;
        int common = last + StepColumns - run.Columns;

        // The last of an odd number is multiplied as its own neighbour.
        int pairs = run.Rows / E2M1DotsCode.RowsTogether;
        E2M1DotsBlock block = new()
        {
            Codes = run.Codes,
            RowBytes = run.RowBytes,
            Ahead = 5 * run.RowBytes,
            Scales = run.Scales,
            ScaleRowBytes = run.ScaleRowBytes,
            Inputs = run.Inputs,
            LastInputs = run.Inputs + (nint)last * run.Tokens,
            CodesBack = -common / 2,
            ScalesBack = -common * scalesOfStep / StepColumns,
            CodesMove = E2M1DotsCode.RowsTogether * run.RowBytes - (run.Columns - StepColumns) / 2,
            ScalesMove = E2M1DotsCode.RowsTogether * run.ScaleRowBytes - (run.Columns - StepColumns) * scalesOfStep / StepColumns,
            Pairs = pairs,
            Sums = run.Sums,
            Tables = run.HasPowers ? s_powersTables : s_e4M3Tables,
        };
        delegate* unmanaged<void*, void> multiply = (run.HasPowers ? powers : e4M3)[run.Tokens - 1];
        if (pairs > 0)
        {
            multiply(&block);
        }

        if (run.Rows % E2M1DotsCode.RowsTogether != 0)
        {
            nint row = run.Rows - 1;
            block.Codes = run.Codes + row * run.RowBytes;
            block.Scales = run.Scales + row * run.ScaleRowBytes;
            block.RowBytes = 0;
            block.ScaleRowBytes = 0;
            block.Pairs = 1;
            block.Sums = run.Sums + row * run.Tokens * VectorFloats;
            multiply(&block);
        }
    }

    static byte* Tables(bool powers)
    {
        var tables = (byte*)NativeMemory.AlignedAlloc(E2M1DotsCode.TableBytes, Line);
        E2M1DotsCode.WriteTables(new Span<byte>(tables, E2M1DotsCode.TableBytes), powers);
        return tables;
    }

    static bool TryGenerate([NotNullWhen(true)] out E2M1DotsFunctions? functions, [NotNullWhen(false)] out string? refusal)
    {
        functions = null;
        if (!Avx512BW.IsSupported || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            refusal = "it takes AVX-512 BW";
            return false;
        }

        byte[][] code = new byte[2 * E2M1DotsCode.MostTokens][];
        for (int i = 0; i < code.Length; i++)
        {
            code[i] = E2M1DotsCode.Multiply(X64Encoder.FirstArgument, i % E2M1DotsCode.MostTokens + 1, powers: i < E2M1DotsCode.MostTokens);
        }

        if (!ExecutableMemory.TryCreate(code, out ExecutableMemory? memory, out refusal))
        {
            return false;
        }

        // A machine that computes this wrongly is better found here than in a model's answers.
        E2M1DotsFunctions generated = new([memory.Entry(0), memory.Entry(1), memory.Entry(2)], [memory.Entry(3), memory.Entry(4), memory.Entry(5)]);
        refusal = KnownE2M1Dots.AreExact(generated) ? null : "the processor computes known products wrongly";
        functions = refusal is null ? generated : null;
        return refusal is null;
    }

    static class Generated
    {
        internal static readonly E2M1DotsFunctions? Functions;
        internal static readonly string? Refusal;

        static Generated() => TryGenerate(out Functions, out Refusal);
    }
}

/// <summary>Rows times tokens.</summary>
readonly unsafe struct E2M1DotsRun
{
    /// <summary>The first row, [columns / 2] as all of them.</summary>
    internal byte* Codes { get; init; }

    /// <summary>Bytes from one row to the next.</summary>
    internal nint RowBytes { get; init; }

    /// <summary>The codes of the first row's scales.</summary>
    internal byte* Scales { get; init; }

    /// <summary>Bytes from one row's scales to the next one's.</summary>
    internal nint ScaleRowBytes { get; init; }

    /// <summary>Whether scales are powers of two, of 32 columns; otherwise E4M3, of 16.</summary>
    internal bool HasPowers { get; init; }

    internal int Rows { get; init; }

    /// <summary>As <see cref="E2M1Input.Takes"/> has them.</summary>
    internal int Columns { get; init; }

    /// <summary>1 to <see cref="E2M1DotsCode.MostTokens"/>.</summary>
    internal int Tokens { get; init; }

    /// <summary>As <see cref="E2M1Input"/> lays them out.</summary>
    internal float* Inputs { get; init; }

    /// <summary>[row][token][16]: what is left to add of each product; <see cref="SumFloats"/>.</summary>
    internal float* Sums { get; init; }

    /// <summary>Floats of sums, with those of the neighbour that an odd number has.</summary>
    internal static int SumFloats(int rows, int tokens) => (rows + 1) / 2 * 2 * tokens * 16;
}
