using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The one argument of a multiplying function: sums[row][token] = a few weight rows times the inputs of 16 tokens, or twice 16. One pointer to
/// it reaches a function in one register whatever the system, and generated code reads the fields at their offsets.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct ProductBlock
{
    /// <summary>Columns that one step multiplies: a tile is 16 rows of 32 bfloat16.</summary>
    internal const int StepColumns = 32;

    /// <summary>Tokens in a group, and bytes of one step of them: 16 pairs of columns, in each the pairs of 16 tokens.</summary>
    internal const int GroupTokens = 16;

    internal const int GroupStepBytes = StepColumns * GroupTokens * 2;

    /// <summary>Bytes from one weight row to the next: 512 columns in bfloat16.</summary>
    internal const int RowBytes = 1024;

    /// <summary>Rows of weights that lie below each other, and bytes of their sums with one group: [32 rows][16 tokens] in float32.</summary>
    internal const int PanelRows = 32;

    internal const int GroupSumBytes = PanelRows * GroupTokens * sizeof(float);

    /// <summary>Weights in bfloat16, in their order, <see cref="RowBytes"/> from row to row.</summary>
    internal void* Weights;

    /// <summary>The first group's inputs.</summary>
    internal void* Inputs;

    /// <summary>The second group's; not read by the function for one group.</summary>
    internal void* MoreInputs;

    /// <summary>Where [rows][16] sums of the first group go, those of the second <see cref="GroupSumBytes"/> behind.</summary>
    internal float* Sums;

    /// <summary>1 or more steps of 32 columns.</summary>
    internal nint Steps;

    internal const int WeightsOffset = 0;
    internal const int InputsOffset = 8;
    internal const int MoreInputsOffset = 16;
    internal const int SumsOffset = 24;
    internal const int StepsOffset = 32;
}
