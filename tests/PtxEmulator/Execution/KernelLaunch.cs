namespace PtxEmulator;

/// <summary>What all blocks of a launch share.</summary>
sealed class KernelLaunch
{
    const int MaxThreads = 1024;

    // CUDA C++ Programming Guide, "__global__ function arguments": 4 KB without what newer drivers and cards allow.
    const int MaxParameterBytes = 4096;

    static long s_lastSerial;

    public KernelLaunch(PtxKernel kernel, Dim3 grid, Dim3 block, int dynamicSharedBytes, ReadOnlySpan<byte> parameters, DeviceMemory memory, PtxMachineOptions options)
    {
        Kernel = kernel;
        Grid = grid;
        Block = block;
        Memory = memory;
        Options = options;
        DynamicSharedBytes = dynamicSharedBytes;
        SharedEnd = kernel.DynamicSharedStart + dynamicSharedBytes;
        Refuse(grid.X < 1 || grid.Y < 1 || grid.Z < 1 || grid.Y > 65535 || grid.Z > 65535, $"a grid of {grid} blocks");
        Refuse(block.X < 1 || block.Y < 1 || block.Z < 1 || block.Z > 64 || block.Count > MaxThreads, $"a block of {block} threads: 1 to {MaxThreads} are possible");
        Refuse(kernel.MaxThreads > 0 && block.Count > kernel.MaxThreads, $"a block of {block} threads: the kernel allows {kernel.MaxThreads} (.maxntid)");
        Refuse(kernel.RequiredBlock is { } required && required != block, $"a block of {block} threads: the kernel asks for {kernel.RequiredBlock} (.reqntid)");
        Refuse(dynamicSharedBytes < 0 || kernel.StaticSharedBytes + dynamicSharedBytes > options.MaxSharedBytes, $"{kernel.StaticSharedBytes} bytes of shared memory of the kernel and {dynamicSharedBytes} of the launch: at most {options.MaxSharedBytes} are possible");
        Refuse(parameters.Length < kernel.ParameterBytes, $"{parameters.Length} bytes of parameters: the kernel has {kernel.ParameterBytes}");
        Refuse(kernel.ParameterBytes > MaxParameterBytes, $"{kernel.ParameterBytes} bytes of parameters: at most {MaxParameterBytes} are possible");
        FirstSerial = (ulong)(Interlocked.Add(ref s_lastSerial, grid.Count) - grid.Count + 1) & GlobalOrder.SerialMask;
        Parameters = GC.AllocateArray<byte>(Math.Max(64, parameters.Length) + 64, pinned: true);
        parameters.CopyTo(Parameters);
    }

    public PtxKernel Kernel { get; }

    public Dim3 Grid { get; }

    public Dim3 Block { get; }

    public DeviceMemory Memory { get; }

    public PtxMachineOptions Options { get; }

    public int DynamicSharedBytes { get; }

    /// <summary>The shared address behind the last byte.</summary>
    public int SharedEnd { get; }

    /// <summary>The serial number of the first block; the others follow.</summary>
    public ulong FirstSerial { get; }

    /// <summary>The launches of a machine are counted from 1.</summary>
    public required long Number { get; init; }

    /// <summary>The number of the first launch that may still run beside this one; null: all before it have ended.</summary>
    public long? BesideFrom { get; init; }

    /// <summary>Whether all blocks are resident, so that they may wait for one another.</summary>
    public bool IsCooperative { get; init; }

    /// <summary>Pinned.</summary>
    public byte[] Parameters { get; }

    public Operation[] Code => Kernel.Module.Code;

    /// <summary>The lowest index of a block that failed so far: later blocks need not run.</summary>
    public long FirstFailure = long.MaxValue;

    void Refuse(bool condition, string what)
    {
        if (condition)
        {
            throw new PtxException(PtxError.Launch, 0, $"{Kernel.Name} cannot be launched with {what}");
        }
    }
}
