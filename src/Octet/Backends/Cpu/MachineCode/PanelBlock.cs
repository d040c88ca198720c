using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The one argument of a function that multiplies a panel of weights with all groups of tokens: totals[group][row][token] += factor[block][row] *
/// (the panel's rows times the token, over the columns of the block), for some blocks of as many columns each. The function counts in it.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct PanelBlock
{
    /// <summary>Weights in bfloat16, <see cref="ProductBlock.PanelRows"/> rows <see cref="ProductBlock.RowBytes"/> apart.</summary>
    internal void* Weights;

    /// <summary>The first group's inputs; moved on by the function.</summary>
    internal void* Inputs;

    /// <summary>Bytes from one group's inputs to the next group's.</summary>
    internal nint GroupBytes;

    /// <summary>Room for the sums of a block with two groups.</summary>
    internal float* Sums;

    /// <summary>[group][32 rows][16 tokens]; moved on by the function.</summary>
    internal float* Totals;

    /// <summary>[block][32 rows].</summary>
    internal float* Factors;

    /// <summary>Steps of 32 columns in a block, 1 or more.</summary>
    internal nint Steps;

    /// <summary>Blocks that follow each other in a row, 1 or more.</summary>
    internal nint Blocks;

    /// <summary>Groups, or pairs of groups, 1 or more; counted down to 0.</summary>
    internal nint Turns;

    /// <summary>The function's own.</summary>
    internal nint BlocksLeft;

    /// <summary>The function's own.</summary>
    internal float* NextFactors;

    // What follows is read by functions without tiles only.

    /// <summary>Bytes of a block in a row of weights, and in the inputs of a group.</summary>
    internal nint BlockWeightBytes;

    internal nint BlockInputBytes;

    /// <summary>Scales of the first group's tokens for the first block, the next group's behind them; moved on by the function.</summary>
    internal float* Scales;

    /// <summary>Bytes to those of the next block.</summary>
    internal nint ScaleBytes;

    /// <summary>What is asked for, in its order, as products go on; any address will do. Moved on by the function.</summary>
    internal void* Ahead;

    /// <summary>The function's own.</summary>
    internal void* NextWeights;

    /// <summary>The function's own.</summary>
    internal void* NextInputs;

    /// <summary>The function's own.</summary>
    internal float* NextScales;

    /// <summary>For the vectors that Windows wants kept.</summary>
    internal fixed byte Kept[DotProductCode.KeptVectors * 16];

    internal const int WeightsOffset = 0;
    internal const int InputsOffset = 8;
    internal const int GroupBytesOffset = 16;
    internal const int SumsOffset = 24;
    internal const int TotalsOffset = 32;
    internal const int FactorsOffset = 40;
    internal const int StepsOffset = 48;
    internal const int BlocksOffset = 56;
    internal const int TurnsOffset = 64;
    internal const int BlocksLeftOffset = 72;
    internal const int NextFactorsOffset = 80;
    internal const int BlockWeightBytesOffset = 88;
    internal const int BlockInputBytesOffset = 96;
    internal const int ScalesOffset = 104;
    internal const int ScaleBytesOffset = 112;
    internal const int AheadOffset = 120;
    internal const int NextWeightsOffset = 128;
    internal const int NextInputsOffset = 136;
    internal const int NextScalesOffset = 144;
    internal const int KeptOffset = 152;
}
