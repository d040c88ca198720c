using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// 16 rows of 16 32-bit lanes as columns. Blocks of 8 x 8 change places across the diagonal, then those of 4 x 4 within each block, of 2 x 2
/// and of 1: each time lanes l and l ^ size of two rows, one shuffle and one select a row.
/// </summary>
static unsafe class SquareTranspose
{
    internal const int Size = 16;

    /// <summary>In place, in 16 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Transpose(Vector512<uint>* rows)
    {
        Vector512<uint> keep8 = Vector512.Create(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0, 0, 0, 0, 0, 0, 0, 0);
        Vector512<uint> keep4 = Vector512.Create(~0u, ~0u, ~0u, ~0u, 0, 0, 0, 0, ~0u, ~0u, ~0u, ~0u, 0, 0, 0, 0);
        Vector512<uint> keep2 = Vector512.Create(~0u, ~0u, 0, 0, ~0u, ~0u, 0, 0, ~0u, ~0u, 0, 0, ~0u, ~0u, 0, 0);
        Vector512<uint> keep1 = Vector512.Create(~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0, ~0u, 0);
        for (int i = 0; i < 8; i++)
        {
            Vector512<uint> a = rows[i];
            Vector512<uint> b = rows[i + 8];
            rows[i] = Vector512.ConditionalSelect(keep8, a, Swap8(b));
            rows[i + 8] = Vector512.ConditionalSelect(keep8, Swap8(a), b);
        }

        for (int i = 0; i < 8; i++)
        {
            Vector512<uint>* at = rows + i / 4 * 8 + i % 4;
            Vector512<uint> a = at[0];
            Vector512<uint> b = at[4];
            at[0] = Vector512.ConditionalSelect(keep4, a, Swap4(b));
            at[4] = Vector512.ConditionalSelect(keep4, Swap4(a), b);
        }

        for (int i = 0; i < 8; i++)
        {
            Vector512<uint>* at = rows + i / 2 * 4 + i % 2;
            Vector512<uint> a = at[0];
            Vector512<uint> b = at[2];
            at[0] = Vector512.ConditionalSelect(keep2, a, Swap2(b));
            at[2] = Vector512.ConditionalSelect(keep2, Swap2(a), b);
        }

        for (int i = 0; i < 16; i += 2)
        {
            Vector512<uint> a = rows[i];
            Vector512<uint> b = rows[i + 1];
            rows[i] = Vector512.ConditionalSelect(keep1, a, Swap1(b));
            rows[i + 1] = Vector512.ConditionalSelect(keep1, Swap1(a), b);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Swap8(Vector512<uint> v) => Vector512.Shuffle(v, Vector512.Create(8u, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Swap4(Vector512<uint> v) => Vector512.Shuffle(v, Vector512.Create(4u, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Swap2(Vector512<uint> v) => Vector512.Shuffle(v, Vector512.Create(2u, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Swap1(Vector512<uint> v) => Vector512.Shuffle(v, Vector512.Create(1u, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
}
