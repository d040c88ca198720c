namespace PtxEmulator;

/// <summary>What a launch executed and moved. Equal launches give equal reports, on any number of host threads.</summary>
public sealed record LaunchReport
{
    public required string Kernel { get; init; }

    /// <summary>Warp instructions (one for all lanes), by opcode with its modifiers.</summary>
    public required IReadOnlyDictionary<string, long> InstructionsByOpcode { get; init; }

    /// <summary>All warp instructions.</summary>
    public long Instructions { get; init; }

    /// <summary>Bytes that lanes asked for from global memory, by loads, asynchronous copies and atomics.</summary>
    public long GlobalBytesRead { get; init; }

    /// <summary>Bytes that lanes wrote to global memory.</summary>
    public long GlobalBytesWritten { get; init; }

    /// <summary>32-byte sectors of global memory that each warp instruction touched, summed (read and written).</summary>
    public long GlobalSectors { get; init; }

    /// <summary>Passes over the 32 banks that accesses to shared memory took; without conflicts one for 128 bytes.</summary>
    public long SharedWavefronts { get; init; }

    /// <summary>Passes that bank conflicts added to <see cref="SharedWavefronts"/>.</summary>
    public long SharedConflicts { get; init; }

    /// <summary>Arrivals of warps at barriers of the block.</summary>
    public long Barriers { get; init; }

    /// <summary>Warp instructions that add, multiply or fuse both in float32, outside of tensor cores.</summary>
    public long FloatInstructions { get; init; }

    /// <summary>Multiply-adds in tensor cores (<c>mma</c>, <c>wgmma</c>), of single elements.</summary>
    public long TensorMultiplyAdds { get; init; }

    /// <summary>Warp instructions whose opcode begins so (<c>"ld.global"</c>, <c>"mma.sync"</c>).</summary>
    public long Count(string prefix) =>
        InstructionsByOpcode.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).Sum(entry => entry.Value);
}
