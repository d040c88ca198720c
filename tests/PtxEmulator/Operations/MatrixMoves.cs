using System.Runtime.CompilerServices;

namespace PtxEmulator;

/// <summary>
/// <c>ldmatrix</c>: 8 x 8 matrices of 16-bit elements. Lanes 8i to 8i + 7 give the addresses of the rows of matrix i; of
/// each matrix, lane 4g + t receives row g at columns 2t and 2t + 1, or with <c>.trans</c> column g at rows 2t and 2t + 1.
/// </summary>
sealed unsafe class LoadMatrix(int[] places, AddressForm address, bool transposed) : CollectiveOperation
{
    const int RowBytes = 16;

    [SkipLocalsInit]
    public override void Execute(Warp warp, uint mask)
    {
        WholeWarp.Demand(warp, mask);
        byte** pointers = stackalloc byte*[Lanes.Count];
        MatrixRows.Locate(warp, address, places.Length, Access.Read, pointers);
        for (int matrix = 0; matrix < places.Length; matrix++)
        {
            ushort* to = (ushort*)(warp.Frame + places[matrix]);
            for (int row = 0; row < 8; row++)
            {
                ushort* from = (ushort*)pointers[(8 * matrix) + row];
                if (!transposed)
                {
                    Unsafe.CopyBlockUnaligned(to + (8 * row), from, RowBytes);
                    continue;
                }

                for (int column = 0; column < 8; column++)
                {
                    to[(8 * column) + row] = from[column];
                }
            }
        }
    }
}

/// <summary><c>stmatrix</c>, the opposite.</summary>
sealed unsafe class StoreMatrix(Slot[] values, AddressForm address, bool transposed) : CollectiveOperation
{
    [SkipLocalsInit]
    public override void Execute(Warp warp, uint mask)
    {
        WholeWarp.Demand(warp, mask);
        byte** pointers = stackalloc byte*[Lanes.Count];
        MatrixRows.Locate(warp, address, values.Length, Access.Write, pointers);
        for (int matrix = 0; matrix < values.Length; matrix++)
        {
            ushort* from = (ushort*)values[matrix].In(warp.Frame);
            for (int row = 0; row < 8; row++)
            {
                ushort* to = (ushort*)pointers[(8 * matrix) + row];
                for (int column = 0; column < 8; column++)
                {
                    to[column] = transposed ? from[(8 * column) + row] : from[(8 * row) + column];
                }
            }
        }
    }
}

/// <summary><c>movmatrix</c>: the transpose of an 8 x 8 matrix that the lanes hold.</summary>
sealed unsafe class TransposeMatrix(int d, Slot a) : CollectiveOperation
{
    public override void Execute(Warp warp, uint mask)
    {
        WholeWarp.Demand(warp, mask);
        ushort* from = (ushort*)a.In(warp.Frame);
        ushort* result = stackalloc ushort[64];
        for (int i = 0; i < 64; i++)
        {
            result[i] = from[(i % 8 * 8) + (i / 8)];
        }

        Unsafe.CopyBlockUnaligned(warp.Frame + d, result, 128);
    }
}

static unsafe class MatrixRows
{
    /// <summary>Finds the rows of matrices of 16-bit elements, in shared memory.</summary>
    public static void Locate(Warp warp, in AddressForm address, int matrices, Access access, byte** pointers)
    {
        ulong* addresses = stackalloc ulong[Lanes.Count];
        LaneMemory.Addresses(warp.Frame, address, addresses);
        uint rows = (uint)((1UL << (8 * matrices)) - 1);
        LaneMemory.Locate(warp, rows, address.Space, addresses, 16, access, ordered: false, pointers, together: true);
    }
}
