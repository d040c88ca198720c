using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// Memory outside the managed heap, aligned to a line of the cache. It is given back by <see cref="SafeHandle.Dispose()"/>, or by the garbage
/// collector where its owner was forgotten: who uses the pointer keeps the owner alive.
/// </summary>
sealed unsafe class NativeBlock : SafeHandle
{
    const nuint Alignment = 64;

    readonly MemoryLedger _ledger;
    readonly long _bytes;
    readonly bool _zeroed;

    NativeBlock(MemoryLedger ledger, nuint bytes, bool zeroed, bool huge)
        : base(0, ownsHandle: true)
    {
        _ledger = ledger;
        _zeroed = zeroed;
        long size = checked((long)bytes);
        try
        {
            ledger.Take(size);
            _bytes = size;
            SetHandle((nint)(zeroed ? NativeMemory.AllocZeroed(bytes) : huge ? MemoryAdvice.Allocate(bytes) : NativeMemory.AlignedAlloc(bytes, Alignment)));
        }
        catch (OutOfMemoryException e)
        {
            if (_bytes > 0)
            {
                ledger.Return(_bytes);
            }

            SetHandleAsInvalid();
            throw new ModelException(ModelError.Full, $"the system has no {(size + (1 << 20) - 1) >> 20} MiB of memory more: use a smaller model, a shorter context or fewer threads", innerException: e);
        }

        GC.AddMemoryPressure(_bytes);
    }

    /// <summary>The first aligned byte.</summary>
    internal byte* Pointer => (byte*)(((nuint)handle + Alignment - 1) & ~(Alignment - 1));

    public override bool IsInvalid => handle == 0;

    /// <summary>Memory with any content.</summary>
    /// <exception cref="ModelException">The system has no more.</exception>
    internal static NativeBlock Allocate(MemoryLedger ledger, long bytes) => new(ledger, checked((nuint)Math.Max(bytes, 64)), zeroed: false, huge: false);

    /// <summary>Zeros, given by the system page by page when one is first written: what is never used takes no memory.</summary>
    /// <exception cref="ModelException">The system has no more.</exception>
    internal static NativeBlock AllocateZeroed(MemoryLedger ledger, long bytes) => new(ledger, checked((nuint)bytes + Alignment), zeroed: true, huge: false);

    /// <summary>As <see cref="MemoryAdvice.Allocate"/>, for much that is read often.</summary>
    /// <exception cref="ModelException">The system has no more.</exception>
    internal static NativeBlock AllocateLarge(MemoryLedger ledger, long bytes) => new(ledger, checked((nuint)bytes), zeroed: false, huge: true);

    protected override bool ReleaseHandle()
    {
        if (_zeroed)
        {
            NativeMemory.Free((void*)handle);
        }
        else
        {
            NativeMemory.AlignedFree((void*)handle);
        }

        GC.RemoveMemoryPressure(_bytes);
        _ledger.Return(_bytes);
        return true;
    }
}
