using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>A card in the emulator on which single kernels are launched, of one target.</summary>
sealed class KernelCard
{
    static readonly ConcurrentDictionary<(string, string), PtxModule> s_modules = new();

    readonly PtxMachine _machine;
    readonly DeviceMemory _memory = new();
    readonly string _target;
    readonly Func<string, string>? _edit;

    /// <param name="target">What the kernels are compiled for.</param>
    /// <param name="counts">Whether what they move is counted.</param>
    /// <param name="shortSums">Whether the tensor cores' sums of 8-bit floats are as short as Hopper's.</param>
    /// <param name="edit">What becomes of the kernels' texts before they are read; null: nothing.</param>
    internal KernelCard(string target, bool counts = false, bool shortSums = false, Func<string, string>? edit = null)
    {
        _target = target;
        _edit = edit;
        _machine = new PtxMachine(_memory, new PtxMachineOptions { HostThreads = 1, CountTraffic = counts, ShortFp8Accumulator = shortSums });
    }

    /// <summary>What the kernels are compiled for.</summary>
    internal static TheoryData<string> Targets => ["sm_80", "sm_89", "sm_90a"];

    /// <summary>Of the launches so far.</summary>
    internal List<LaunchReport> Reports { get; } = [];

    internal ulong Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ulong address = _memory.Allocate(Math.Max(1, values.Length) * Unsafe.SizeOf<T>());
        _memory.Write(address, MemoryMarshal.AsBytes(values));
        return address;
    }

    internal ulong Upload<T>(params T[] values)
        where T : unmanaged
        => Upload<T>(values.AsSpan());

    /// <summary>Memory that counts as unwritten.</summary>
    internal ulong Allocate<T>(long count)
        where T : unmanaged
        => _memory.Allocate(count * Unsafe.SizeOf<T>());

    internal T[] Read<T>(ulong address, int count)
        where T : unmanaged
    {
        T[] values = new T[count];
        _memory.Read(address, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>Launches a kernel with arguments of any structures, or their bytes.</summary>
    internal LaunchReport Launch(string file, string name, int grid, int threads, int sharedBytes, params object[] arguments)
        => Launch(file, name, new Dim3(grid), threads, sharedBytes, arguments);

    /// <inheritdoc cref="Launch(string, string, int, int, int, object[])"/>
    internal LaunchReport Launch(string file, string name, Dim3 grid, int threads, int sharedBytes, params object[] arguments)
    {
        PtxModule module = _edit is null
            ? s_modules.GetOrAdd((file, _target), key => PtxModule.Parse(KernelLibrary.Text(key.Item1, key.Item2)))
            : PtxModule.Parse(_edit(KernelLibrary.Text(file, _target)));
        PtxKernel kernel = module.Kernels[name];
        byte[] bytes = new byte[kernel.ParameterBytes];
        Assert.Equal(kernel.Parameters.Count, arguments.Length);
        for (int i = 0; i < arguments.Length; i++)
        {
            PtxParameter parameter = kernel.Parameters[i];
            if (arguments[i] is byte[] image)
            {
                Assert.Equal(parameter.Size, image.Length);
                image.CopyTo(bytes, parameter.Offset);
                continue;
            }

            Assert.Equal(parameter.Size, Marshal.SizeOf(arguments[i]));
            nint copy = Marshal.AllocHGlobal(parameter.Size);
            Marshal.StructureToPtr(arguments[i], copy, fDeleteOld: false);
            Marshal.Copy(copy, bytes, parameter.Offset, parameter.Size);
            Marshal.FreeHGlobal(copy);
        }

        LaunchReport report = _machine.Launch(kernel, grid, new Dim3(threads), sharedBytes, bytes);
        Reports.Add(report);
        return report;
    }
}
