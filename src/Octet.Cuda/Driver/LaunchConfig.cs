using System.Runtime.InteropServices;

namespace Octet.Cuda.Driver;

/// <summary>A launch with attributes, as the driver's header lays it out (<c>CUlaunchConfig</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct LaunchConfig
{
    internal uint GridX;
    internal uint GridY;
    internal uint GridZ;
    internal uint BlockX;
    internal uint BlockY;
    internal uint BlockZ;
    internal uint SharedBytes;
    internal nint Stream;
    internal LaunchAttribute* Attributes;
    internal uint AttributeCount;
}

/// <summary>One of them (<c>CUlaunchAttribute</c>): its number, and a value in the first bytes of 64.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
struct LaunchAttribute
{
    /// <summary><c>CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION</c>: value 1 lets a launch begin while the one before it ends.</summary>
    internal const int ProgrammaticSerialization = 6;

    [FieldOffset(0)]
    internal int Id;

    [FieldOffset(8)]
    internal int Value;
}
