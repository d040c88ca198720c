namespace PtxEmulator;

/// <summary>
/// Runs kernels on a <see cref="DeviceMemory"/>. One launch at a time; it ends before <see cref="Launch"/> returns. A
/// launch is deterministic: warps take turns in order, and blocks run side by side only in kernels whose blocks do not
/// see one another.
/// </summary>
public sealed class PtxMachine(DeviceMemory memory, PtxMachineOptions? options = null)
{
    readonly PtxMachineOptions _options = options ?? new PtxMachineOptions();
    long _launches;
    long _lastAlone = 1;

    public DeviceMemory Memory { get; } = memory;

    /// <summary>Runs a kernel over a grid of blocks.</summary>
    /// <param name="kernel">Of any module; its variables get their memory at its first launch.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="block">Threads of a block, at most 1024.</param>
    /// <param name="dynamicSharedBytes">Shared memory behind what the kernel declares.</param>
    /// <param name="parameters">The parameters at their offsets, at least <see cref="PtxKernel.ParameterBytes"/>.</param>
    /// <param name="cooperative">Whether blocks may wait for one another: then all of them are resident at once and take turns.</param>
    /// <param name="overlaps">
    /// Whether it begins while launches before it end (programmatic dependent launch): then its warps have to wait for them (<c>griddepcontrol.wait</c>) before
    /// they read in an allocation that those since the last launch without this wrote to, and before they write.
    /// </param>
    /// <returns>Counts of what was executed and moved.</returns>
    /// <exception cref="PtxException">The launch is not possible, or the program broke a rule: then memory is in the state it left.</exception>
    public LaunchReport Launch(PtxKernel kernel, Dim3 grid, Dim3 block, int dynamicSharedBytes, ReadOnlySpan<byte> parameters, bool cooperative = false, bool overlaps = false)
    {
        Memory.Load(kernel.Module);
        long number = ++_launches;
        _lastAlone = overlaps ? _lastAlone : number;
        var launch = new KernelLaunch(kernel, grid, block, dynamicSharedBytes, parameters, Memory, _options) { Number = number, BesideFrom = overlaps ? _lastAlone : null, IsCooperative = cooperative };
        int workers = cooperative || kernel.BlocksCommunicate ? 1 : (int)Math.Clamp(grid.Count, 1, Math.Max(1, _options.HostThreads));
        var runs = new BlockRunner[workers];
        if (cooperative)
        {
            runs[0] = new BlockRunner(launch, residents: checked((int)grid.Count));
            runs[0].RunResident();
        }
        else if (workers == 1)
        {
            runs[0] = new BlockRunner(launch, residents: 1);
            runs[0].RunInOrder();
        }
        else
        {
            Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, worker =>
            {
                runs[worker] = new BlockRunner(launch, residents: 1);
                runs[worker].RunShare(worker, workers);
            });
        }

        if (runs.Select(run => run.Failure).Where(failure => failure is not null).MinBy(failure => failure!.Value.Block) is { } first)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first.Error);
        }

        // Then a launch behind it that waits for it would not have waited for those before.
        if (overlaps && runs.Sum(run => run.Counters.LaunchWaits) == 0)
        {
            throw new PtxException(PtxError.Overlap, 0, $"{kernel.Name} was launched beside the launches before it and never waits for them (griddepcontrol.wait)");
        }

        return Report(launch, runs);
    }

    static LaunchReport Report(KernelLaunch launch, BlockRunner[] runs)
    {
        Operation[] code = launch.Code;
        var byOpcode = new SortedDictionary<string, long>(StringComparer.Ordinal);
        long instructions = 0;
        long floats = 0;
        long tensor = 0;
        for (int i = 0; i < code.Length; i++)
        {
            long count = runs.Sum(run => run.Counters.Instructions[i]);
            if (count > 0 && code[i].Name is { Length: > 0 } name)
            {
                byOpcode[name] = byOpcode.GetValueOrDefault(name) + count;
                instructions += count;
                floats += code[i].IsFloat32 ? count : 0;
                tensor += count * code[i].MultiplyAdds;
            }
        }

        return new LaunchReport
        {
            Kernel = launch.Kernel.Name,
            InstructionsByOpcode = byOpcode,
            Instructions = instructions,
            GlobalBytesRead = runs.Sum(run => run.Counters.GlobalBytesRead),
            GlobalBytesWritten = runs.Sum(run => run.Counters.GlobalBytesWritten),
            GlobalSectors = runs.Sum(run => run.Counters.GlobalSectors),
            SharedWavefronts = runs.Sum(run => run.Counters.SharedWavefronts),
            SharedConflicts = runs.Sum(run => run.Counters.SharedConflicts),
            Barriers = runs.Sum(run => run.Counters.Barriers),
            FloatInstructions = floats,
            TensorMultiplyAdds = tensor,
        };
    }
}
