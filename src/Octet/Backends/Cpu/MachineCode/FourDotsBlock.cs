using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The one argument of <see cref="FourDotsCode"/>. The function counts in it.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct FourDotsBlock
{
    /// <summary>Where the rows of the first walk begin; then of the others.</summary>
    internal void* First;
    internal void* Second;
    internal void* Third;
    internal void* Fourth;

    /// <summary>Arranged inputs.</summary>
    internal float* Inputs;

    /// <summary>[walk], <see cref="WalkBytes"/> apart, [row].</summary>
    internal float* Sums;

    /// <summary>Rows of each walk, 1 or more, at most <see cref="MostRows"/>; counted down to 0.</summary>
    internal nint Rows;

    /// <summary>64 bytes of a row each, 1 or more.</summary>
    internal nint Steps;

    /// <summary>Bytes to the next row's inputs from where the inputs of a row end.</summary>
    internal nint InputMove;

    /// <summary>What is set in a lane of 32 bits that holds one widened weight.</summary>
    internal uint Mask;

    /// <summary>16 for the first byte of a pair, 0 for the second.</summary>
    internal uint Factors;

    /// <summary>For the vectors that Windows wants kept.</summary>
    internal fixed byte Kept[FourDotsCode.KeptVectors * 16];

    internal const int MostRows = 32;
    internal const int WalkBytes = MostRows * 32;
    internal const int InputsOffset = 32;
    internal const int SumsOffset = 40;
    internal const int RowsOffset = 48;
    internal const int StepsOffset = 56;
    internal const int InputMoveOffset = 64;
    internal const int MaskOffset = 72;
    internal const int FactorsOffset = 76;
    internal const int KeptOffset = 80;
}
