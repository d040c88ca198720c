using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;
using PtxEmulator;
using Dim3 = PtxEmulator.Dim3;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>A card on which single kernels are launched, of one target: the emulator, or the card that the environment names (<see cref="RealCard"/>).</summary>
sealed class KernelCard
{
    static readonly ConcurrentDictionary<(string, string), PtxModule> s_modules = new();

    readonly IKernelMachine _machine;
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
        if (!RealCard.IsUsed)
        {
            _machine = new EmulatedMachine(new PtxMachineOptions { HostThreads = 1, CountTraffic = counts, ShortFp8Accumulator = shortSums, MaxSharedBytes = SharedBytes(target) });
            return;
        }

        if (counts || shortSums || edit is not null)
        {
            RealCard.SkipOnCard();
        }

        CudaDeviceInfo info = RealCard.Context.Info;
        KernelSet set = KernelSet.All.First(set => set.Target == target);
        int capability = (10 * info.Major) + info.Minor;
        Assert.SkipUnless(set.Exact ? capability == set.Capability : capability >= set.Capability, $"{info.Name} does not run {target}");
        _machine = new DriverMachine(RealCard.Context);
    }

    /// <param name="target">What the kernels are compiled for.</param>
    /// <param name="machine">What they run on.</param>
    internal KernelCard(string target, IKernelMachine machine)
    {
        _target = target;
        _machine = machine;
    }

    /// <summary>What the kernels are compiled for.</summary>
    internal static TheoryData<string> Targets => ["sm_80", "sm_89", "sm_90a"];

    /// <summary>Of the launches so far, where the emulator runs them.</summary>
    internal List<LaunchReport> Reports { get; } = [];

    internal ulong Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ulong address = _machine.Allocate(Math.Max(1, values.Length) * Unsafe.SizeOf<T>());
        _machine.Write(address, MemoryMarshal.AsBytes(values));
        return address;
    }

    internal ulong Upload<T>(params T[] values)
        where T : unmanaged
        => Upload<T>(values.AsSpan());

    /// <summary>What the first cards of a target have for a block (CUDA C++ Programming Guide, "Compute capabilities").</summary>
    static int SharedBytes(string target) => target switch
    {
        "sm_80" => 163 << 10,
        "sm_89" => 99 << 10,
        _ => 227 << 10,
    };

    /// <summary>A text in which one instruction of a kernel is another: the place counts those that begin so, from the kernel's beginning.</summary>
    internal static string Edited(string text, string kernel, string instruction, int place, string instead)
    {
        string[] lines = text.Split('\n');
        int at = Array.FindIndex(lines, line => line.Contains($".entry {kernel}(", StringComparison.Ordinal));
        for (; place >= 0; place--)
        {
            at = Array.FindIndex(lines, at + 1, line => line.StartsWith(instruction, StringComparison.Ordinal));
        }

        lines[at] = instead;
        return string.Join('\n', lines);
    }

    /// <summary>Memory that counts as unwritten.</summary>
    internal ulong Allocate<T>(long count)
        where T : unmanaged
        => _machine.Allocate(count * Unsafe.SizeOf<T>());

    internal T[] Read<T>(ulong address, int count)
        where T : unmanaged
    {
        T[] values = new T[count];
        _machine.Read(address, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <inheritdoc cref="IKernelMachine.MapRows"/>
    internal void MapRows(Span<byte> destination, ulong address, int elementBytes, int columns, int rows, int boxBytes, int boxRows)
        => _machine.MapRows(destination, address, elementBytes, columns, rows, boxBytes, boxRows);

    /// <summary>Launches a kernel with arguments of any structures, or their bytes.</summary>
    internal LaunchReport? Launch(string file, string name, int grid, int threads, int sharedBytes, params object[] arguments)
        => Launch(file, name, new Dim3(grid), threads, sharedBytes, arguments);

    /// <inheritdoc cref="Launch(string, string, int, int, int, object[])"/>
    internal LaunchReport? Launch(string file, string name, Dim3 grid, int threads, int sharedBytes, params object[] arguments)
    {
        string text = KernelLibrary.Text(file, _target);
        text = _edit?.Invoke(text) ?? text;
        PtxModule module = Mutant.Of(text) ?? (_edit is null ? s_modules.GetOrAdd((file, _target), _ => PtxModule.Parse(text)) : PtxModule.Parse(text));
        PtxKernel kernel = module.Kernels[name];
        byte[] bytes = new byte[kernel.ParameterBytes];
        Assert.True(RegisterBudgets.Allow(name, _target, threads), $"{name} cannot have {threads} threads: their registers are more than a multiprocessor has");
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

        LaunchReport? report = _machine.Launch(text, kernel, grid, threads, sharedBytes, bytes);
        if (report is not null)
        {
            Reports.Add(report);
        }

        return report;
    }
}
