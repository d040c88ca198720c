using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// Which groups of 16 rows of an E4M3 matrix hold a NaN code. A group is looked at when it is first used, just before its codes are
/// multiplied, so opening a model reads nothing. Different groups may be asked for by different threads.
/// </summary>
sealed unsafe class NaNGroups(byte* codes, long rows, int columns)
{
    internal const int Rows = 16;

    const byte Clean = 1;
    const byte HasNaN = 2;

    byte[]? _groups;

    /// <summary>Whether the group of <paramref name="row"/> holds one.</summary>
    internal bool Contains(long row)
    {
        // Most experts of a mixture are not used for long.
        byte[] groups = _groups ?? Interlocked.CompareExchange(ref _groups, new byte[(rows + Rows - 1) / Rows], null) ?? _groups;
        ref byte group = ref groups[row / Rows];
        if (group == 0)
        {
            long first = row / Rows * Rows;
            group = Search(first, Math.Min(rows, first + Rows)) ? HasNaN : Clean;
        }

        return group == HasNaN;
    }

    bool Search(long first, long end)
    {
        for (; first < end; first++)
        {
            ReadOnlySpan<byte> row = MemoryMarshal.CreateReadOnlySpan(ref codes[first * columns], columns);
            if (row.IndexOfAny((byte)0x7F, (byte)0xFF) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}
