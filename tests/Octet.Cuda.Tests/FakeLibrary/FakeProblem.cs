using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Cuda.CublasLt;
using Octet.Numerics;
using PtxEmulator;

namespace Octet.Cuda.Tests.FakeLibrary;

/// <summary>
/// A product D = alpha op(A) op(B) + beta C as the descriptors have it, the rules for it, and what it is: cuBLAS's manual, "cublasLtMatmul()", "Narrow Precision Data
/// Types Usage" and "Scaling factors layouts".
/// </summary>
sealed record FakeProblem(FakeOperation Operation, FakeMatrix A, FakeMatrix B, FakeMatrix C, FakeMatrix D)
{
    const int Float32Sums = 68;
    const int OneForToken = 4;
    const int OneForBlock = 5;
    const int Group = 128;

    internal int Outputs => (int)D.Rows;

    internal int Tokens => (int)D.Columns;

    internal int Columns => (int)A.Rows;

    int Groups => (Columns + Group - 1) / Group;

    // The columns of the matrix of blocks' scales have a stride that is a multiple of 4.
    int BlockStride => (Groups + 3) / 4 * 4;

    /// <summary>What is against the manual whatever the addresses are; null: nothing.</summary>
    internal string? Violation(bool isHopper) => this switch
    {
        { Operation.Compute: not Float32Sums } or { Operation.Scale: not 0 } => "sums and factors are float32",
        { Operation: not { TransposeA: 1, TransposeB: 0 } } => "A is transposed, B is not",
        _ when A.Rows != B.Rows || A.Columns != D.Rows || B.Columns != D.Columns => $"[{A.Rows}, {A.Columns}]^T times [{B.Rows}, {B.Columns}] is not [{D.Rows}, {D.Columns}]",
        _ when (C.Type, C.Rows, C.Columns) != (D.Type, D.Rows, D.Columns) => "C is as D",
        _ when new[] { A, B, D }.Any(matrix => matrix.Stride < matrix.Rows) => "columns overlap",
        _ when new[] { A, B, C, D }.Any(matrix => matrix.Stride * matrix.ElementBytes % 16 != 0 || matrix.Rows * matrix.ElementBytes % 16 != 0) => "columns are aligned to 16 bytes",
        { A.Type: MatrixType.BFloat16, B.Type: MatrixType.BFloat16, D.Type: MatrixType.Float32 } => Operation is { ScaleModeA: 0, ScaleModeB: 0, ScalesA: 0, ScalesB: 0 } ? null : "16 bits have no scales",
        { A.Type: MatrixType.E4M3, B.Type: MatrixType.E4M3, D.Type: MatrixType.Float32 } => this switch
        {
            { Operation: not { ScaleModeA: OneForBlock, ScaleModeB: OneForToken } } => "weights have scales of blocks, inputs of tokens",
            _ when !isHopper => "scales of blocks are compute capability 9.0's",
            _ when Outputs % 4 != 0 || Tokens % 4 != 0 => "M and N are multiples of 4",
            _ when Operation.ScalesA % 16 != 0 || Operation.ScalesB % 16 != 0 || Operation.ScalesA == 0 || Operation.ScalesB == 0 => "scales are aligned to 16 bytes",
            _ => null,
        },
        _ => $"{A.Type} with {B.Type} to {D.Type} is in no table",
    };

    /// <summary>Computes it in a card's memory.</summary>
    internal void Run(DeviceMemory memory, FakeCublasLt library, ulong a, ulong b, ulong c, ulong d, float alpha, float beta, ulong scalesA, ulong scalesB)
    {
        double[][] weights = Read(memory, A, a);
        double[][] inputs = Read(memory, B, b);
        float[] blockScales = [];
        float[] tokenScales = [];
        if (A.Type == MatrixType.E4M3)
        {
            blockScales = Floats(memory, scalesA, BlockStride * ((Outputs + Group - 1) / Group));
            tokenScales = Floats(memory, scalesB, Groups * Tokens);
        }

        for (int token = 0; token < Tokens; token++)
        {
            ulong column = (ulong)(token * D.Stride * sizeof(float));
            float[] before = beta == 0 ? new float[Outputs] : Floats(memory, c + column, Outputs);
            float[] after = new float[Outputs];
            for (int output = 0; output < Outputs; output++)
            {
                double sum = 0;
                for (int group = 0; group < Groups; group++)
                {
                    double part = 0;
                    for (int k = group * Group; k < Math.Min(Columns, (group + 1) * Group); k++)
                    {
                        part += weights[output][k] * inputs[token][k];
                    }

                    sum += blockScales.Length == 0 ? part : part * blockScales[(output / Group * BlockStride) + group] * tokenScales[library.HasOtherScales ? (token * Groups) + group : (group * Tokens) + token];
                }

                after[output] = (float)library.Errs(A.Type, (alpha * sum) + (beta * before[output]));
            }

            memory.Write(d + column, MemoryMarshal.AsBytes(after.AsSpan()));
        }
    }

    static double[][] Read(DeviceMemory memory, FakeMatrix matrix, ulong address)
    {
        double[][] columns = new double[matrix.Columns][];
        byte[] bytes = new byte[matrix.Rows * matrix.ElementBytes];
        for (int i = 0; i < columns.Length; i++)
        {
            memory.Read(address + (ulong)(i * matrix.Stride * matrix.ElementBytes), bytes);
            columns[i] = matrix.Type == MatrixType.E4M3
                ? [.. bytes.Select(code => (double)(float)Unsafe.BitCast<byte, Float8E4M3FN>(code))]
                : [.. MemoryMarshal.Cast<byte, ushort>(bytes).ToArray().Select(bits => (double)BitConverter.UInt32BitsToSingle((uint)bits << 16))];
        }

        return columns;
    }

    static float[] Floats(DeviceMemory memory, ulong address, int count)
    {
        float[] values = new float[count];
        memory.Read(address, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
