using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The one argument of the functions of <see cref="AttentionCode"/>: output (+)= left * right.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct AttentionBlock
{
    /// <summary>A page's keys as the cache has them, or the probabilities: [group][page][16 queries][32 keys], room for four pages.</summary>
    internal void* Left;

    /// <summary>Queries as <see cref="PackedInput"/> lays groups out, or values: [page][elements / 16][16 pairs of keys][16 elements].</summary>
    internal void* Right;

    /// <summary>Scores [group][32 keys][16 queries], or sums [query][element], which values are added to.</summary>
    internal float* Output;

    /// <summary>Pages of values, 1 or more.</summary>
    internal nint Pages;

    /// <summary>Elements of a head: what the function was made for. It does not read this.</summary>
    internal nint Size;

    internal const int LeftOffset = 0;
    internal const int RightOffset = 8;
    internal const int OutputOffset = 16;
    internal const int PagesOffset = 24;
    internal const int Bytes = 40;
}
