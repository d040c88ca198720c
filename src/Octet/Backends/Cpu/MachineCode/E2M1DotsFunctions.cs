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
        refusal = AreExact(generated) ? null : "the processor computes known products wrongly";
        functions = refusal is null ? generated : null;
        return refusal is null;
    }

    /// <summary>Whether sums of small whole numbers, which float32 holds exactly, come out right.</summary>
    internal static bool AreExact(E2M1DotsFunctions functions)
    {
        const int Columns = 288, Rows = 3;
        byte* codes = stackalloc byte[Rows * Columns / 2];
        byte* scales = stackalloc byte[Rows * Columns / 16];
        float* x = stackalloc float[Columns];
        int inputs = E2M1DotsCode.MostTokens * E2M1Input.Stride(Columns);
        var memory = (float*)NativeMemory.AlignedAlloc((nuint)(inputs + E2M1DotsRun.SumFloats(Rows, E2M1DotsCode.MostTokens)) * sizeof(float), Line);
        try
        {
            for (int i = 0; i < Rows * Columns / 2; i++)
            {
                codes[i] = (byte)(i * 37);
            }

            bool exact = true;
            for (int tokens = 1; tokens <= E2M1DotsCode.MostTokens; tokens++)
            {
                for (int token = 0; token < tokens; token++)
                {
                    for (int column = 0; column < Columns; column++)
                    {
                        x[column] = Input(token, column);
                    }

                    E2M1Input.Arrange(x, Columns, memory, token, tokens);
                }

                exact &= AreExact(functions, codes, scales, memory, memory + inputs, new() { Rows = Rows, Columns = Columns, Tokens = tokens, HasPowers = true })
                    && AreExact(functions, codes, scales, memory, memory + inputs, new() { Rows = Rows, Columns = Columns, Tokens = tokens });
            }

            return exact;
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    static bool AreExact(E2M1DotsFunctions functions, byte* codes, byte* scales, float* inputs, float* sums, E2M1DotsRun run)
    {
        // 1, 2 and 4.
        int block = E2M1DotsCode.StepColumns / E2M1DotsCode.ScaleBytes(run.HasPowers);
        int scalesOfRow = run.Columns / block;
        for (int i = 0; i < run.Rows * scalesOfRow; i++)
        {
            scales[i] = (byte)(run.HasPowers ? 127 + i % 3 : (7 + i % 3) << 3);
        }

        new Span<float>(sums, E2M1DotsRun.SumFloats(run.Rows, run.Tokens)).Fill(float.NaN);
        functions.Multiply(run with { Codes = codes, RowBytes = run.Columns / 2, Scales = scales, ScaleRowBytes = scalesOfRow, Inputs = inputs, Sums = sums });
        bool exact = true;
        for (int i = 0; i < run.Rows * run.Tokens; i++)
        {
            float found = 0;
            for (int lane = 0; lane < VectorFloats; lane++)
            {
                found += sums[i * VectorFloats + lane];
            }

            exact &= found == Expected(codes, i / run.Tokens, i % run.Tokens, run.Columns, block);
        }

        return exact;
    }

    static float Expected(byte* codes, int row, int token, int columns, int block)
    {
        ReadOnlySpan<float> magnitudes = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6];
        float sum = 0;
        for (int column = 0; column < columns; column++)
        {
            int at = row * columns + column;
            int code = codes[at / 2] >> (at % 2 * 4) & 15;
            float value = magnitudes[code % 8] * (1 << at / block % 3) * Input(token, column);
            sum += code < 8 ? value : -value;
        }

        return sum;
    }

    static int Input(int token, int column) => (column * 11 + token * 5) % 29 - 14;

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
