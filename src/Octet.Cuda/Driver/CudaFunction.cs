namespace Octet.Cuda.Driver;

/// <summary>A kernel of a module.</summary>
sealed unsafe class CudaFunction
{
    const int MaxThreads = 0;
    const int SharedBytes = 1;
    const int LocalBytes = 3;
    const int Registers = 4;
    const int DynamicSharedBytes = 8;
    const int SharedCarveout = 9;

    // What launches may have without asking.
    const int FreeSharedBytes = 48 << 10;

    // The first driver that records launches that overlap as edges of a graph; before it a recording of one is refused.
    const int OverlapVersion = 12030;
    const int OverlapMajor = 9;

    readonly CudaModule _module;
    readonly nint _handle;
    readonly int? _parameters;

    internal CudaFunction(CudaModule module, nint handle, string name)
    {
        _module = module;
        _handle = handle;
        Name = name;
        _parameters = CountParameters();
    }

    internal string Name { get; }

    /// <summary>
    /// Whether the kernel waits by itself for the launches before it (<c>griddepcontrol.wait</c>): then it begins while they end, where card and driver can do
    /// that, and what was put in the queue right before it is a launch too.
    /// </summary>
    internal bool Overlaps { get; init; }

    /// <summary>Dynamic shared memory that a launch may have.</summary>
    internal int AllowedSharedBytes { get; private set; } = FreeSharedBytes;

    /// <summary>Threads that a block may have at most.</summary>
    internal int MaxThreadsPerBlock => Attribute(MaxThreads);

    /// <summary>Bytes of shared memory that every block has, whatever a launch adds.</summary>
    internal int StaticSharedBytes => Attribute(SharedBytes);

    /// <summary>Bytes of a thread in memory that were meant for registers.</summary>
    internal int LocalBytesPerThread => Attribute(LocalBytes);

    internal int RegistersPerThread => Attribute(Registers);

    CudaContext Context => _module.Context;

    CudaDriver Driver => _module.Context.Driver;

    /// <summary>Lets launches have more than 48 KiB of dynamic shared memory.</summary>
    /// <param name="bytes">Up to <see cref="CudaDeviceInfo.SharedMemoryPerBlock"/>, what the kernel has of itself included.</param>
    internal void AllowShared(int bytes)
    {
        Context.MakeCurrent();
        Context.Check(Driver.cuFuncSetAttribute(_handle, DynamicSharedBytes, bytes), $"cuFuncSetAttribute of {Name}, {bytes} bytes of shared memory,");
        GC.KeepAlive(_module);
        AllowedSharedBytes = bytes;
    }

    /// <summary>
    /// Has multiprocessors divided alike for all kernels, with as much shared memory as there can be: blocks of two launches are on one together only where both
    /// have it divided in the same way.
    /// </summary>
    internal void PreferShared()
    {
        Context.MakeCurrent();
        Context.Check(Driver.cuFuncSetAttribute(_handle, SharedCarveout, 100));
        GC.KeepAlive(_module);
    }

    /// <summary>Blocks that a multiprocessor runs at a time.</summary>
    internal int BlocksPerMultiprocessor(int threads, int sharedBytes)
    {
        Context.MakeCurrent();
        int blocks = 0;
        Context.Check(Driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, _handle, threads, (nuint)sharedBytes));
        GC.KeepAlive(_module);
        return blocks;
    }

    /// <summary>Puts a launch in the queue.</summary>
    /// <param name="stream">The queue.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="block">Threads of each.</param>
    /// <param name="sharedBytes">Dynamic shared memory of each block.</param>
    /// <param name="arguments">One for each of the kernel's parameters, none longer than 8 bytes.</param>
    /// <exception cref="ArgumentException">There are more or fewer, as far as the driver tells how many there should be.</exception>
    /// <exception cref="CudaException">The driver refuses the launch, or something before it failed.</exception>
    internal void Launch(CudaStream stream, Dim3 grid, Dim3 block, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (_parameters is { } expected && arguments.Length != expected)
        {
            throw new ArgumentException($"{arguments.Length} arguments for the kernel {Name}: expected {expected}", nameof(arguments));
        }

        void** pointers = stackalloc void*[arguments.Length];
        fixed (KernelArgument* first = arguments)
        {
            for (int i = 0; i < arguments.Length; i++)
            {
                pointers[i] = first + i;
            }

            Launch(stream, grid, block, sharedBytes, pointers);
        }
    }

    /// <inheritdoc cref="Launch(CudaStream, Dim3, Dim3, int, ReadOnlySpan{KernelArgument})"/>
    /// <param name="stream">The queue.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="block">Threads of each.</param>
    /// <param name="sharedBytes">Dynamic shared memory of each block.</param>
    /// <param name="arguments">An address for each of the kernel's parameters; what is there is copied before the call returns.</param>
    internal void Launch(CudaStream stream, Dim3 grid, Dim3 block, int sharedBytes, void** arguments)
    {
        Context.MakeCurrent();
        bool overlaps = Overlaps && stream.EndsWithLaunch && Context.Info.Major >= OverlapMajor && Context.Info.CudaVersion >= OverlapVersion && Driver.cuLaunchKernelEx is not null;
        int result = overlaps
            ? LaunchOverlapping(stream, grid, block, sharedBytes, arguments)
            : Driver.cuLaunchKernel(
                _handle, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)block.X, (uint)block.Y, (uint)block.Z, (uint)sharedBytes, stream.Raw, arguments, null);
        stream.EndsWithLaunch = result == CudaResult.Success;
        if (result != CudaResult.Success)
        {
            Context.Check(result, $"{(overlaps ? "cuLaunchKernelEx" : "cuLaunchKernel")} of {Name}");
        }

        GC.KeepAlive(stream);
        GC.KeepAlive(_module);
        if (Context.SynchronizesLaunches && !stream.IsCapturing)
        {
            stream.Synchronize(Name);
        }
    }

    int LaunchOverlapping(CudaStream stream, Dim3 grid, Dim3 block, int sharedBytes, void** arguments)
    {
        var attribute = new LaunchAttribute { Id = LaunchAttribute.ProgrammaticSerialization, Value = 1 };
        var config = new LaunchConfig
        {
            GridX = (uint)grid.X,
            GridY = (uint)grid.Y,
            GridZ = (uint)grid.Z,
            BlockX = (uint)block.X,
            BlockY = (uint)block.Y,
            BlockZ = (uint)block.Z,
            SharedBytes = (uint)sharedBytes,
            Stream = stream.Raw,
            Attributes = &attribute,
            AttributeCount = 1,
        };
        return Driver.cuLaunchKernelEx(&config, _handle, arguments, null);
    }

    // A driver would read arguments that are not there.
    int? CountParameters()
    {
        if (Driver.cuFuncGetParamInfo is null)
        {
            return null;
        }

        nuint count = 0;
        nuint offset = 0;
        nuint size = 0;
        while (Driver.cuFuncGetParamInfo(_handle, count, &offset, &size) == CudaResult.Success)
        {
            count++;
        }

        return (int)count;
    }

    int Attribute(int attribute)
    {
        Context.MakeCurrent();
        int value = 0;
        Context.Check(Driver.cuFuncGetAttribute(&value, attribute, _handle));
        GC.KeepAlive(_module);
        return value;
    }
}
