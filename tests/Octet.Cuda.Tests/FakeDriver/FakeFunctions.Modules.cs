using System.Runtime.InteropServices;
using PtxEmulator;

namespace Octet.Cuda.Tests.FakeDriver;

static unsafe partial class FakeFunctions
{
    const int ErrorLog = 5;
    const int ErrorLogBytes = 6;
    const int MaxThreads = 1024;
    const int ProgrammaticSerialization = 6;

    // What a launch takes, in nanoseconds.
    const double LaunchTime = 1000;

    static readonly System.Collections.Concurrent.ConcurrentDictionary<string, PtxModule> s_kernels = new();

    // The kernels that ship are loaded by many tests, and have no variables that one could see of another.
    static PtxModule Parse(string text) => Kernels.Mutant.Of(text) ?? (text.StartsWith("// sources ", StringComparison.Ordinal) ? s_kernels.GetOrAdd(text, PtxModule.Parse) : PtxModule.Parse(text));

    [UnmanagedCallersOnly]
    internal static int cuModuleLoadDataEx(nint* module, byte* image, uint count, int* options, void** values) => Unrecorded("cuModuleLoadDataEx", card =>
    {
        PtxModule parsed;
        try
        {
            parsed = Parse(Marshal.PtrToStringUTF8((nint)image)!);
        }
        catch (PtxException error)
        {
            Log(error.Message, count, options, values);
            return Code.InvalidPtx;
        }

        int refusal = FakeModule.Refusal(card, parsed);
        if (refusal != 0)
        {
            Log($"ptx .version {parsed.Version}, .target {parsed.Target} for a card of {card.Major}.{card.Minor} and a driver of {card.Owner.Version}", count, options, values);
            return refusal;
        }

        card.Memory.Load(parsed);
        *module = FakeCuda.Add(new FakeModule(card, parsed));
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuModuleUnload(nint module) => Release("cuModuleUnload", card =>
    {
        if (FakeCuda.Get<FakeModule>(module) is not { } known)
        {
            return false;
        }

        card.Drain();
        card.Memory.Unload(known.Module);
        foreach (nint function in known.Functions.Values)
        {
            FakeCuda.Remove(function);
        }

        return FakeCuda.Remove(module);
    });

    [UnmanagedCallersOnly]
    internal static int cuModuleGetFunction(nint* function, nint module, byte* name) => Call("cuModuleGetFunction", card =>
    {
        if (FakeCuda.Get<FakeModule>(module) is not { } known)
        {
            return Code.InvalidHandle;
        }

        string text = Marshal.PtrToStringUTF8((nint)name)!;
        if (!known.Module.Kernels.TryGetValue(text, out PtxKernel? kernel))
        {
            return Code.NotFound;
        }

        if (!known.Functions.TryGetValue(text, out nint handle))
        {
            known.Functions[text] = handle = FakeCuda.Add(new FakeFunction(known, kernel));
        }

        *function = handle;
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuModuleGetGlobal_v2(ulong* address, nuint* bytes, nint module, byte* name) => Call("cuModuleGetGlobal_v2", card =>
    {
        if (FakeCuda.Get<FakeModule>(module) is not { } known)
        {
            return Code.InvalidHandle;
        }

        if (!known.Module.Variables.TryGetValue(Marshal.PtrToStringUTF8((nint)name)!, out PtxVariable? variable))
        {
            return Code.NotFound;
        }

        *address = variable.Address;
        *bytes = (nuint)variable.Size;
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuFuncLoad(nint function) => Function("cuFuncLoad", function, _ => Code.Success);

    [UnmanagedCallersOnly]
    internal static int cuFuncGetParamInfo(nint function, nuint index, nuint* offset, nuint* size) => Function("cuFuncGetParamInfo", function, known =>
    {
        if ((int)index >= known.Kernel.Parameters.Count)
        {
            return Code.InvalidValue;
        }

        *offset = (nuint)known.Kernel.Parameters[(int)index].Offset;
        *size = (nuint)known.Kernel.Parameters[(int)index].Size;
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuFuncSetAttribute(nint function, int attribute, int value) => Function("cuFuncSetAttribute", function, known =>
    {
        // The preferred division of a multiprocessor, in hundredths.
        if (attribute == 9)
        {
            return value is >= -1 and <= 100 ? Code.Success : Code.InvalidValue;
        }

        if (attribute != 8 || value < 0 || value > known.Module.Card.SharedBytesPerBlock - known.Kernel.StaticSharedBytes)
        {
            return Code.InvalidValue;
        }

        known.AllowedShared = value;
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuFuncGetAttribute(int* value, int attribute, nint function) => Function("cuFuncGetAttribute", function, known =>
    {
        *value = attribute switch
        {
            0 => known.Kernel.MaxThreads == 0 ? MaxThreads : known.Kernel.MaxThreads,
            1 => known.Kernel.StaticSharedBytes,
            4 => known.Module.Card.RegistersPerThread ?? Kernels.RegisterBudgets.Of(known.Kernel.Name, known.Module.Module.Target) ?? 32,
            _ => 0,
        };
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, nint function, int threads, nuint shared) => Function("cuOccupancyMaxActiveBlocksPerMultiprocessor", function, known =>
    {
        int bytes = Math.Max(1, known.Kernel.StaticSharedBytes + (int)shared);
        *blocks = Math.Min(2048 / threads, known.Module.Card.SharedBytesPerBlock / bytes);
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuLaunchKernel(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint shared, nint stream, void** arguments, void** extra)
        => Function("cuLaunchKernel", function, known => Launch(known, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream, arguments, overlaps: false));

    /// <summary>The structures are read by their places in the driver's header, not as the code under test lays them out.</summary>
    [UnmanagedCallersOnly]
    internal static int cuLaunchKernelEx(void* config, nint function, void** arguments, void** extra) => Function("cuLaunchKernelEx", function, known =>
    {
        uint* words = (uint*)config;
        nint stream = ((nint*)config)[4];
        byte* attributes = ((byte**)config)[5];
        bool overlaps = false;
        for (uint i = 0; i < words[12]; i++)
        {
            int* attribute = (int*)(attributes + (i * 72));
            if (attribute[0] != ProgrammaticSerialization || known.Module.Card.Major < 9)
            {
                return Code.InvalidValue;
            }

            overlaps = attribute[2] != 0;
        }

        // Older drivers have no edges of graphs for it.
        if (overlaps && known.Module.Card.Owner.Version < 12030 && FakeCuda.Get<FakeStream>(stream)?.Capture is not null)
        {
            return Code.StreamCaptureUnsupported;
        }

        return Launch(known, words[0], words[1], words[2], words[3], words[4], words[5], words[6], stream, arguments, overlaps);
    });

    static int Launch(FakeFunction known, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint shared, nint stream, void** arguments, bool overlaps)
    {
        FakeCard card = known.Module.Card;
        PtxKernel kernel = known.Kernel;
        if (FakeCuda.Get<FakeStream>(stream) is not { } queue)
        {
            return Code.InvalidHandle;
        }

        uint threads = blockX * blockY * blockZ;
        if (gridX * gridY * gridZ == 0 || gridY > 65535 || gridZ > 65535 || threads == 0 || shared > known.AllowedShared)
        {
            return Code.InvalidValue;
        }

        if (threads > MaxThreads || (kernel.MaxThreads > 0 && threads > kernel.MaxThreads) || !Kernels.RegisterBudgets.Allow(kernel.Name, kernel.Module.Target, (int)threads))
        {
            return Code.LaunchOutOfResources;
        }

        byte[] parameters = new byte[kernel.ParameterBytes];
        for (int i = 0; i < kernel.Parameters.Count; i++)
        {
            PtxParameter parameter = kernel.Parameters[i];
            new ReadOnlySpan<byte>(arguments[i], parameter.Size).CopyTo(parameters.AsSpan(parameter.Offset));
        }

        var grid = new Dim3((int)gridX, (int)gridY, (int)gridZ);
        var block = new Dim3((int)blockX, (int)blockY, (int)blockZ);
        queue.Add(new FakeOperation(kernel.Name, () => Guard(card, () =>
        {
            card.Clock += LaunchTime;
            card.Launches.Add(card.Machine.Launch(kernel, grid, block, (int)shared, parameters, overlaps: overlaps));
            card.Overlapping += overlaps ? 1 : 0;
        })));
        return Code.Success;
    }

    static int Function(string function, nint handle, Func<FakeFunction, int> run)
        => Call(function, card => FakeCuda.Get<FakeFunction>(handle) is { } known ? run(known) : Code.InvalidHandle);

    static void Log(string text, uint count, int* options, void** values)
    {
        byte* log = null;
        int length = 0;
        for (int i = 0; i < count; i++)
        {
            log = options[i] == ErrorLog ? (byte*)values[i] : log;
            length = options[i] == ErrorLogBytes ? (int)(nint)values[i] : length;
        }

        if (log is not null && length > 0)
        {
            Put($"ptxas application ptx input, error: {text}\nptxas fatal: Ptx assembly aborted due to errors", log, length);
            log[length - 1] = 0;
        }
    }
}
