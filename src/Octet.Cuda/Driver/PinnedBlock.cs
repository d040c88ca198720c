namespace Octet.Cuda.Driver;

/// <summary>Memory of the host that stays in its place, so that the card can copy from and to it by itself.</summary>
sealed unsafe class PinnedBlock : CudaResource
{
    PinnedBlock(CudaContext context, nint address, long bytes)
        : base(context, address)
    {
        Bytes = bytes;
        GC.AddMemoryPressure(bytes);
    }

    internal long Bytes { get; }

    internal byte* Pointer => (byte*)Raw;

    /// <summary>Some of it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside.</exception>
    internal Span<byte> Span(long offset, int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Bytes - bytes, nameof(bytes));
        return new Span<byte>(Pointer + offset, bytes);
    }

    internal static PinnedBlock Allocate(CudaContext context, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        void* address = null;
        int result = context.Driver.cuMemHostAlloc(&address, (nuint)bytes, 0);
        if (result == CudaResult.OutOfMemory)
        {
            throw context.Driver.OutOfMemory(result, nameof(context.Driver.cuMemHostAlloc), bytes, free: null);
        }

        context.Check(result, nameof(context.Driver.cuMemHostAlloc));
        return new PinnedBlock(context, (nint)address, bytes);
    }

    protected override void Free(nint resource)
    {
        Driver.cuMemFreeHost((void*)resource);
        GC.RemoveMemoryPressure(Bytes);
    }
}
