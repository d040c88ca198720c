using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Octet.Backends;

namespace Octet.Cuda.Driver;

/// <summary>
/// A card that is open. Any thread may use it, each call makes it the thread's current one. After an error that ends a context (<see cref="CudaResult.IsSticky"/>)
/// every call fails at once and tells of the first error.
/// </summary>
sealed unsafe class CudaContext : IDisposable
{
    CudaException? _failure;
    volatile bool _disposed;

    CudaContext(CudaDriver driver, CudaDeviceInfo info, ContextHandle handle, bool synchronizesLaunches)
    {
        SynchronizesLaunches = synchronizesLaunches;
        Driver = driver;
        Info = info;
        Handle = handle;
    }

    internal CudaDriver Driver { get; }

    internal CudaDeviceInfo Info { get; }

    internal ContextHandle Handle { get; }

    /// <summary>What this process has taken of the card's memory.</summary>
    internal MemoryLedger Memory { get; private set; } = null!;

    /// <summary>The error after which nothing works any more; null while all is well.</summary>
    internal CudaException? Failure => Volatile.Read(ref _failure);

    /// <summary>
    /// Whether each launch waits for its kernel, so that an error is told with the kernel's name. Slow, and not while a graph is recorded.
    /// </summary>
    internal bool SynchronizesLaunches { get; }

    /// <summary>Opens a card.</summary>
    /// <param name="driver">The driver, which has been initialised.</param>
    /// <param name="ordinal">The card's number, from 0.</param>
    /// <param name="synchronizesLaunches">As <see cref="SynchronizesLaunches"/>; null: what the environment says, <c>OCTET_CUDA_SYNC=1</c>.</param>
    /// <exception cref="ModelException">There is no such card (<see cref="CudaException"/> where the driver says so).</exception>
    internal static CudaContext Open(CudaDriver driver, int ordinal, bool? synchronizesLaunches = null)
    {
        int count = driver.CountDevices();
        if ((uint)ordinal >= (uint)count)
        {
            string found = count == 1 ? "there is one, cuda:0" : $"there are {count}, from cuda:0 on";
            throw new ModelException(ModelError.Unsupported, $"there is no card cuda:{ordinal}: {found}");
        }

        CudaDeviceInfo info = CudaDeviceInfo.Read(driver, ordinal);
        var context = new CudaContext(driver, info, new ContextHandle(driver, info.Device), synchronizesLaunches ?? Environment.GetEnvironmentVariable("OCTET_CUDA_SYNC") is "1");
        try
        {
            context.Memory = DeviceLedger.Of(context);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>Makes this the calling thread's context.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed of.</exception>
    /// <exception cref="CudaException">It has failed before.</exception>
    internal void MakeCurrent([CallerMemberName] string what = "")
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Failure is { } first)
        {
            throw new CudaException(first, what);
        }

        Check(Driver.cuCtxSetCurrent(Handle.Raw));
    }

    /// <summary>Throws where a call failed, and remembers an error that ends the context.</summary>
    /// <param name="result">What the function returned.</param>
    /// <param name="call">The call as it is written, of which the function's name is told; or what ran.</param>
    /// <exception cref="CudaException"><paramref name="result"/> is an error.</exception>
    internal void Check(int result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != CudaResult.Success)
        {
            Throw(Driver.Failure(result, call));
        }
    }

    /// <summary>Bytes that the card has left for all processes, and has altogether.</summary>
    internal (long Free, long Total) MemoryInfo()
    {
        MakeCurrent();
        nuint free = 0;
        nuint total = 0;
        Check(Driver.cuMemGetInfo_v2(&free, &total));
        return ((long)free, (long)total);
    }

    /// <summary>Memory on the card, aligned to 256 bytes, with any content.</summary>
    /// <exception cref="CudaException">The card has no more: <see cref="ModelError.Full"/>, with what was asked for and what is free.</exception>
    internal DeviceBlock Allocate(long bytes)
    {
        MakeCurrent();
        return DeviceBlock.Allocate(this, bytes);
    }

    /// <summary>Memory of the host that the card copies from and to while the CPU does something else.</summary>
    /// <exception cref="CudaException">The system gives no more of it.</exception>
    internal PinnedBlock AllocatePinned(long bytes)
    {
        MakeCurrent();
        return PinnedBlock.Allocate(this, bytes);
    }

    /// <summary>A queue of work, which waits for no other one.</summary>
    internal CudaStream CreateStream()
    {
        MakeCurrent();
        return CudaStream.Create(this);
    }

    /// <summary>A mark in a queue.</summary>
    /// <param name="timed">Whether <see cref="CudaEvent.SecondsSince"/> is asked of it.</param>
    internal CudaEvent CreateEvent(bool timed = false)
    {
        MakeCurrent();
        return CudaEvent.Create(this, timed);
    }

    /// <summary>Has kernels compiled for the card.</summary>
    /// <param name="ptx">Their text.</param>
    /// <exception cref="CudaException">The driver does not take it; the message has the beginning of its compiler's log.</exception>
    internal CudaModule LoadModule(string ptx)
    {
        MakeCurrent();
        return CudaModule.Load(this, ptx);
    }

    /// <summary>Waits for all work of all queues.</summary>
    internal void Synchronize()
    {
        MakeCurrent();
        Check(Driver.cuCtxSynchronize());
    }

    /// <summary>Takes no more calls. The driver's context ends when all that was made in it has been given back.</summary>
    public void Dispose()
    {
        _disposed = true;
        Handle.Dispose();
    }

    /// <summary>Remembers an error that ends the context, and throws it.</summary>
    [DoesNotReturn]
    internal void Throw(CudaException error)
    {
        if (CudaResult.IsSticky(error.Code))
        {
            Interlocked.CompareExchange(ref _failure, error, null);
        }

        throw error;
    }
}
