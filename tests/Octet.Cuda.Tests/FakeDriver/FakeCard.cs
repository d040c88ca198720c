using PtxEmulator;

namespace Octet.Cuda.Tests.FakeDriver;

/// <summary>A card of a <see cref="FakeCuda"/>: what it says of itself, its memory, and the machine that runs its kernels.</summary>
sealed class FakeCard
{
    internal string Name { get; init; } = "Fake H200";

    internal int Major { get; init; } = 9;

    internal int Minor { get; init; }

    internal int Multiprocessors { get; init; } = 4;

    internal int L2Bytes { get; init; } = 4 << 20;

    internal int SharedBytesPerBlock { get; init; } = 227 << 10;

    /// <summary>Registers that its driver's compiler gives a thread of every kernel; null: as many as NVIDIA's assembler does.</summary>
    internal int? RegistersPerThread { get; init; }

    /// <summary>Bytes of its memory. It may be changed, to leave less room.</summary>
    internal long TotalBytes { get; set; } = 1L << 30;

    /// <summary>Of allocations of so many bytes those that find no room, as where other programs have it; null: none.</summary>
    internal Func<long, bool>? Refuses { get; set; }

    /// <summary>How its kernels are run.</summary>
    internal PtxMachineOptions Options { get; init; } = new() { HostThreads = 1 };

    internal DeviceMemory Memory { get; } = new();

    internal PtxMachine Machine => field ??= new PtxMachine(Memory, Options);

    /// <summary>Sum of what is allocated.</summary>
    internal long BytesInUse => Allocations.Values.Sum();

    internal Dictionary<ulong, long> Allocations { get; } = [];

    /// <summary>Set when the card is used by a driver.</summary>
    internal FakeCuda Owner { get; set; } = null!;

    internal int Device { get; set; }

    /// <summary>Its primary context's handle; 0: nobody holds it.</summary>
    internal nint Context { get; set; }

    internal int Holders { get; set; }

    /// <summary>The error that ended the context; 0: none.</summary>
    internal int Sticky { get; set; }

    /// <summary>Queues of its context.</summary>
    internal List<FakeStream> Streams { get; } = [];

    /// <summary>Time that passed on it, in nanoseconds: each piece of work takes what its bytes take.</summary>
    internal double Clock { get; set; }

    /// <summary>Bytes that were copied from it to the host.</summary>
    internal long BytesToHost { get; set; }

    /// <summary>What each launch of a kernel did, in their order.</summary>
    internal List<LaunchReport> Launches { get; } = [];

    /// <summary>How many of them began while those before them ended.</summary>
    internal int Overlapping { get; set; }

    internal void Drain() => Streams.ForEach(stream => stream.Drain());
}
