using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The functions of <see cref="E2M1DotsCode"/>, or of <see cref="Avx2E2M1DotsCode"/>. Tests put an interpreter of the same code in their place.</summary>
/// <param name="vectorFloats">Of the vectors that they compute in: 16, or 8.</param>
/// <param name="powers">For one, two and three tokens, where scales are powers of two.</param>
/// <param name="e4M3">The same, where scales are E4M3.</param>
sealed unsafe class E2M1DotsFunctions(int vectorFloats, delegate* unmanaged<void*, void>[] powers, delegate* unmanaged<void*, void>[] e4M3)
{
    const int Line = 64;
    const int Widest = 16;

    // Live as long as the process.
    readonly byte* _powersTables = Tables(vectorFloats, powers: true);
    readonly byte* _e4M3Tables = Tables(vectorFloats, powers: false);

    /// <summary>Generated when first asked for, for the life of the process; null where there can be none.</summary>
    internal static E2M1DotsFunctions? Avx512 => Generated512.Functions;

    /// <inheritdoc cref="Avx512"/>
    internal static E2M1DotsFunctions? Avx2 => Generated256.Functions;

    /// <summary>Why there are none, or null.</summary>
    internal static string? Avx512Refusal => Generated512.Refusal;

    /// <inheritdoc cref="Avx512Refusal"/>
    internal static string? Avx2Refusal => Generated256.Refusal;

    /// <summary>Of the vectors that they compute in, and of each product's sums.</summary>
    internal int VectorFloats => vectorFloats;

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
            Tables = run.HasPowers ? _powersTables : _e4M3Tables,
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
            block.Sums = run.Sums + row * run.Tokens * vectorFloats;
            multiply(&block);
        }
    }

    static byte* Tables(int vectorFloats, bool powers)
    {
        var tables = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(E2M1DotsCode.TableBytes, Avx2E2M1DotsCode.TableBytes), Line);
        if (vectorFloats == Widest)
        {
            E2M1DotsCode.WriteTables(new Span<byte>(tables, E2M1DotsCode.TableBytes), powers);
        }
        else
        {
            Avx2E2M1DotsCode.WriteTables(new Span<byte>(tables, Avx2E2M1DotsCode.TableBytes), powers);
        }

        return tables;
    }

    static E2M1DotsFunctions? Generate(int vectorFloats, out string? refusal)
    {
        if (!(vectorFloats == Widest ? Avx512BW.IsSupported : System.Runtime.Intrinsics.X86.Avx2.IsSupported && Fma.IsSupported) || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            refusal = vectorFloats == Widest ? "it takes AVX-512 BW" : "it takes AVX2 and FMA";
            return null;
        }

        byte[][] code = new byte[2 * E2M1DotsCode.MostTokens][];
        for (int i = 0; i < code.Length; i++)
        {
            int tokens = i % E2M1DotsCode.MostTokens + 1;
            bool powers = i < E2M1DotsCode.MostTokens;
            code[i] = vectorFloats == Widest ? E2M1DotsCode.Multiply(X64Encoder.FirstArgument, tokens, powers) : Avx2E2M1DotsCode.Multiply(X64Encoder.FirstArgument, tokens, powers);
        }

        if (!ExecutableMemory.TryCreate(code, out ExecutableMemory? memory, out refusal))
        {
            return null;
        }

        // A machine that computes this wrongly is better found here than in a model's answers.
        E2M1DotsFunctions generated = new(vectorFloats, [memory.Entry(0), memory.Entry(1), memory.Entry(2)], [memory.Entry(3), memory.Entry(4), memory.Entry(5)]);
        refusal = KnownE2M1Dots.AreExact(generated) ? null : "the processor computes known products wrongly";
        return refusal is null ? generated : null;
    }

    static class Generated512
    {
        internal static readonly string? Refusal;
        internal static readonly E2M1DotsFunctions? Functions = Generate(Widest, out Refusal);
    }

    static class Generated256
    {
        internal static readonly string? Refusal;
        internal static readonly E2M1DotsFunctions? Functions = Generate(Widest / 2, out Refusal);
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

    /// <summary>[row][token][<see cref="E2M1DotsFunctions.VectorFloats"/>]: what is left to add of each product; <see cref="SumFloats"/>.</summary>
    internal float* Sums { get; init; }

    /// <summary>Floats of the widest sums, with those of the neighbour that an odd number of rows has.</summary>
    internal static int SumFloats(int rows, int tokens) => (rows + 1) / 2 * 2 * tokens * 16;
}
