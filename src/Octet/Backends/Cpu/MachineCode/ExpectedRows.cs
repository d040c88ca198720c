using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>Where a panel's results will be written: 32 floats for each token.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct ExpectedRows
{
    internal float* Start;

    /// <summary>Bytes from one token to the next.</summary>
    internal nint Stride;

    /// <summary>Tokens, 1 or more.</summary>
    internal nint Count;

    internal const int StartOffset = 0;
    internal const int StrideOffset = 8;
    internal const int CountOffset = 16;
    internal const int Bytes = 24;
}
