using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The one argument of <see cref="VbmiDotsCode"/> and <see cref="TokenDotsCode"/>. The function counts in it.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct VbmiDotsBlock
{
    /// <summary>The line of the cache in which the rows of the first walk begin.</summary>
    internal void* First;

    /// <summary>Bytes from one walk to the next.</summary>
    internal nint Apart;

    /// <summary>Arranged inputs.</summary>
    internal float* Inputs;

    /// <summary>[walk], <see cref="WalksBytes"/> shared among them, [row][token][16]: what is left to add of each product.</summary>
    internal float* Sums;

    /// <summary>Rows of each walk, 1 or more, as many as there is room for sums, of four walks at most <see cref="MostRows"/>; counted down to 0.</summary>
    internal nint Rows;

    /// <summary>64 bytes of a row each, 1 or more; for bfloat16, and of scaled codes, twice as many.</summary>
    internal nint Steps;

    /// <summary>Bytes to the next row's inputs from where the inputs of a row end.</summary>
    internal nint InputMove;

    /// <summary>For codes: the upper bytes of 128 magnitudes as bfloat16, then the lower ones.</summary>
    internal byte* Tables;

    /// <summary>Which bytes of a line and the next are a step's, in which order.</summary>
    internal byte* Order;

    /// <summary>What is set in a lane of 32 bits that holds one widened weight.</summary>
    internal uint Mask;

    /// <summary>The sign of each byte.</summary>
    internal uint Signs;

    /// <summary>[step][walk] of scaled codes: a float, or the four 8-bit codes of a step.</summary>
    internal void* Scales;

    /// <summary>Bytes to the next row's scales from where those of a row end.</summary>
    internal nint ScaleMove;

    /// <summary>What <see cref="TokenDotsCode.WritePlaces"/> writes, for scales in 8 bits.</summary>
    internal byte* Places;

    /// <summary><see cref="TokenDotsCode.SmallestPower"/>, for those.</summary>
    internal uint Unit;

    /// <summary>For <see cref="TokenDotsCode"/>: bytes to the next row from where a row's steps end.</summary>
    internal nint RowMove;

    /// <summary>For the vectors that Windows wants kept.</summary>
    internal fixed byte Kept[VbmiDotsCode.KeptVectors * 16];

    internal const int MostRows = 32;
    internal const int WalkBytes = MostRows * 64;
    internal const int WalksBytes = DotsFunctions.Walks * WalkBytes;
    internal const int ApartOffset = 8;
    internal const int InputsOffset = 16;
    internal const int SumsOffset = 24;
    internal const int RowsOffset = 32;
    internal const int StepsOffset = 40;
    internal const int InputMoveOffset = 48;
    internal const int TablesOffset = 56;
    internal const int OrderOffset = 64;
    internal const int MaskOffset = 72;
    internal const int SignsOffset = 76;
    internal const int ScalesOffset = 80;
    internal const int ScaleMoveOffset = 88;
    internal const int PlacesOffset = 96;
    internal const int UnitOffset = 104;
    internal const int RowMoveOffset = 112;
    internal const int KeptOffset = 120;
}
