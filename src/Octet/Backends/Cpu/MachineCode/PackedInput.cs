using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The inputs of a linear layer rounded to bfloat16, in the order that the generated code reads: for each group of 16 tokens the columns in
/// pairs, for each pair the bfloat16 pairs of the 16 tokens; zero past the last token and the last column. Then, for each 128 columns, the
/// scales of every token.
/// </summary>
readonly unsafe struct PackedInput(byte* memory, int tokens, int columns)
{
    readonly int _tokens = Padded(tokens);

    /// <summary>Bytes of one group.</summary>
    internal nint GroupBytes { get; } = (nint)Steps(columns) * ProductBlock.GroupStepBytes;

    /// <summary>Bytes from the scales of 128 columns to those of the next.</summary>
    internal nint ScaleGroupBytes => (nint)_tokens * sizeof(float);

    /// <summary>Bytes of <paramref name="tokens"/> with and without scales.</summary>
    internal static long Bytes(int tokens, int columns)
        => checked((long)Padded(tokens) * (Steps(columns) * ProductBlock.StepColumns * sizeof(ushort) + ScaleGroups(columns) * sizeof(float)));

    internal static int Steps(int columns) => (columns + ProductBlock.StepColumns - 1) / ProductBlock.StepColumns;

    /// <summary>Group <paramref name="group"/> from <paramref name="column"/> on, a multiple of 32.</summary>
    internal byte* Group(int group, int column) => memory + group * GroupBytes + (nint)(column / ProductBlock.StepColumns) * ProductBlock.GroupStepBytes;

    /// <summary>The scales of the 16 tokens of <paramref name="group"/> for the 128 columns around <paramref name="column"/>.</summary>
    internal float* Scales(int group, int column)
        => (float*)(memory + _tokens / ProductBlock.GroupTokens * GroupBytes) + (nint)(column / CpuKernels.ActivationGroup) * _tokens + group * ProductBlock.GroupTokens;

    /// <summary>Tokens [first, end) of <paramref name="x"/>; <paramref name="first"/> is the first of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Pack(in LinearInput x, int first, int end)
    {
        int steps = Steps(columns);
        Vector512<uint>* square = stackalloc Vector512<uint>[SquareTranspose.Size];
        for (int token = first; token < end; token += ProductBlock.GroupTokens)
        {
            int group = token / ProductBlock.GroupTokens;
            byte* to = Group(group, 0);
            for (int step = 0; step < steps; step++, to += ProductBlock.GroupStepBytes)
            {
                // Rows of activations end in zeros up to a multiple of 64.
                float* from = x.Data + (nint)token * x.Stride + step * ProductBlock.StepColumns;
                if (Avx512F.IsSupported && token + ProductBlock.GroupTokens <= x.Rows)
                {
                    PackSquare(from, x.Stride, square, (Vector512<uint>*)to);
                    continue;
                }

                for (int t = 0; t < ProductBlock.GroupTokens; t++)
                {
                    square[t] = token + t < x.Rows ? RoundToPairs(from + (nint)t * x.Stride) : Vector512<uint>.Zero;
                }

                SquareTranspose.Transpose(square);
                for (int pair = 0; pair < SquareTranspose.Size; pair++)
                {
                    square[pair].Store((uint*)to + pair * SquareTranspose.Size);
                }
            }

            for (int scale = 0; x.Scales is not null && scale < ScaleGroups(columns); scale++)
            {
                float* scales = Scales(group, scale * CpuKernels.ActivationGroup);
                for (int t = 0; t < ProductBlock.GroupTokens; t++)
                {
                    scales[t] = token + t < x.Rows ? x.Scales[(nint)(token + t) * x.ScaleStride + scale] : 0;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void PackSquare(float* from, nint stride, Vector512<uint>* square, Vector512<uint>* to)
    {
        for (int i = 0; i < 4; i++, from += stride)
        {
            SquareTranspose.ExchangeQuarters(RoundToPairs(from), RoundToPairs(from + 4 * stride), RoundToPairs(from + 8 * stride), RoundToPairs(from + 12 * stride), square + i);
        }

        for (int i = 0; i < SquareTranspose.Size; i += 4)
        {
            SquareTranspose.ExchangeLanes(square + i, out to[i], out to[i + 1], out to[i + 2], out to[i + 3]);
        }
    }

    static int Padded(int tokens) => checked((tokens + ProductBlock.GroupTokens - 1) / ProductBlock.GroupTokens * ProductBlock.GroupTokens);

    static int ScaleGroups(int columns) => (columns + CpuKernels.ActivationGroup - 1) / CpuKernels.ActivationGroup;

    /// <summary>32 floats to nearest even, in their order: two in each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<uint> RoundToPairs(float* source)
    {
        Vector512<uint> first = Round(Vector512.Load(source));
        Vector512<uint> second = Round(Vector512.Load(source + Vector512<float>.Count));
        return Vector512.Narrow(first, second).AsUInt32();
    }

    // A NaN is made quiet: rounding could carry it into infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<uint> Round(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> rounded = bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512.Create(1u));
        Vector512<uint> number = Vector512.Equals(value, value).AsUInt32();
        return Vector512.ConditionalSelect(number, rounded, bits | Vector512.Create(0x00400000u)) >>> 16;
    }
}
