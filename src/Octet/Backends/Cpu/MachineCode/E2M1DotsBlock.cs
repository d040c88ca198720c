using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>The one argument of <see cref="E2M1DotsCode"/> and of <see cref="Avx2E2M1DotsCode"/>. The function counts in it.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct E2M1DotsBlock
{
    /// <summary>The first row.</summary>
    internal byte* Codes;

    /// <summary>Bytes from one row to the next.</summary>
    internal nint RowBytes;

    /// <summary>Bytes from a row to the codes that are asked for where those of the row after it are multiplied: as far from that as four rows.</summary>
    internal nint Ahead;

    /// <summary>The codes of the first row's scales.</summary>
    internal byte* Scales;

    /// <summary>Bytes from one row's scales to the next one's.</summary>
    internal nint ScaleRowBytes;

    /// <summary>[step][vector][token][lane], as <see cref="E2M1Input"/> lays them out.</summary>
    internal float* Inputs;

    /// <summary>Those of the last step, which is not the first.</summary>
    internal float* LastInputs;

    /// <summary>Bytes to the last step's codes from where the steps before it end: 0, or less.</summary>
    internal nint CodesBack;

    /// <summary>The same of scales.</summary>
    internal nint ScalesBack;

    /// <summary>Bytes from the last step to the row after the next.</summary>
    internal nint CodesMove;

    /// <summary>The same of scales.</summary>
    internal nint ScalesMove;

    /// <summary>Two rows each, 1 or more; counted down to 0.</summary>
    internal nint Pairs;

    /// <summary>[row][token][lane]: what is left to add of each product.</summary>
    internal float* Sums;

    /// <summary>What the code's <c>WriteTables</c> writes.</summary>
    internal byte* Tables;

    /// <summary>For the vectors that Windows wants kept.</summary>
    internal fixed byte Kept[Avx2E2M1DotsCode.KeptVectors * 16];

    internal const int CodesOffset = 0;
    internal const int RowBytesOffset = 8;
    internal const int AheadOffset = 16;
    internal const int ScalesOffset = 24;
    internal const int ScaleRowBytesOffset = 32;
    internal const int InputsOffset = 40;
    internal const int LastInputsOffset = 48;
    internal const int CodesBackOffset = 56;
    internal const int ScalesBackOffset = 64;
    internal const int CodesMoveOffset = 72;
    internal const int ScalesMoveOffset = 80;
    internal const int PairsOffset = 88;
    internal const int SumsOffset = 96;
    internal const int TablesOffset = 104;
    internal const int KeptOffset = 112;
}
