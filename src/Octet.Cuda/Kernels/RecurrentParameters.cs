using System.Runtime.InteropServices;

namespace Octet.Cuda.Kernels;

/// <summary><c>recur.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct RecurrentHeads
{
    internal ulong Runs;
    internal ulong Offset;
    internal ulong Mixed;
    internal ulong Strength;
    internal ulong Step;
    internal ulong LogRate;
    internal ulong Bias;
    internal ulong Skip;
    internal ulong Output;
    internal int MixedStride;
    internal int StrengthStride;
    internal int StepStride;
    internal int OutputStride;
    internal int Reads;
    internal int Writes;
    internal int Values;
    internal int Sharing;
    internal int KeyDim;
    internal int ValueDim;
    internal int Blocks;
    internal float Low;
    internal float High;
}

/// <summary><c>convolve.cu</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct ConvolutionParameters
{
    internal ulong Tiles;
    internal ulong Offset;
    internal ulong Mixed;
    internal ulong Taps;
    internal ulong Bias;
    internal ulong Edges;
    internal int Stride;
    internal int Channels;
    internal int TapCount;
    internal int HasSilu;
}
