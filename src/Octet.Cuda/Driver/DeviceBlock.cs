namespace Octet.Cuda.Driver;

/// <summary>
/// Memory on the card. Given back, by whomever, after all work that was queued before: the driver waits for it.
/// </summary>
sealed unsafe class DeviceBlock : CudaResource
{
    DeviceBlock(CudaContext context, nint address, long bytes)
        : base(context, address) => Bytes = bytes;

    internal long Bytes { get; }

    internal ulong Address => (ulong)Raw;

    /// <summary>All of it.</summary>
    internal DeviceSpan Span => new(Address, Bytes);

    internal static DeviceBlock Allocate(CudaContext context, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        context.Memory.Take(bytes);
        try
        {
            ulong address = 0;
            int result = context.Driver.cuMemAlloc_v2(&address, (nuint)bytes);
            if (result == CudaResult.OutOfMemory)
            {
                throw context.Driver.OutOfMemory(result, nameof(context.Driver.cuMemAlloc_v2), bytes, Free(context));
            }

            context.Check(result, nameof(context.Driver.cuMemAlloc_v2));
            return new DeviceBlock(context, (nint)address, bytes);
        }
        catch
        {
            context.Memory.Return(bytes);
            throw;
        }
    }

    protected override void Free(nint resource)
    {
        Driver.cuMemFree_v2((ulong)resource);
        Context.Memory.Return(Bytes);
    }

    static long? Free(CudaContext context)
    {
        nuint free = 0;
        nuint total = 0;
        return context.Driver.cuMemGetInfo_v2(&free, &total) == CudaResult.Success ? (long)free : null;
    }
}
