namespace Octet.Cuda.Driver;

/// <summary>
/// A queue of work for the card: what is put in is done in its order, while the CPU goes on. An error of the work itself is told by a later call, at the
/// latest by <see cref="Synchronize()"/>.
/// </summary>
sealed unsafe class CudaStream : CudaResource
{
    const uint NonBlocking = 1;

    // Other threads may allocate and wait meanwhile.
    const int ThreadLocal = 1;

    CudaStream(CudaContext context, nint handle)
        : base(context, handle)
    {
    }

    /// <summary>Whether what is put in is recorded as a graph, not done.</summary>
    internal bool IsCapturing { get; private set; }

    /// <summary>Whether what was put in last is the launch of a kernel: another one may begin while it ends. After anything else there is nothing to overlap with.</summary>
    internal bool EndsWithLaunch { get; set; }

    /// <summary>Whether all that was put in is done.</summary>
    internal bool IsIdle
    {
        get
        {
            Context.MakeCurrent();
            int result = Driver.cuStreamQuery(Raw);
            if (result == CudaResult.NotReady)
            {
                return false;
            }

            Check(result, nameof(Driver.cuStreamQuery));
            return true;
        }
    }

    internal static CudaStream Create(CudaContext context)
    {
        nint handle = 0;
        context.Check(context.Driver.cuStreamCreateWithPriority(&handle, NonBlocking, 0));
        return new CudaStream(context, handle);
    }

    /// <summary>Copies from the host. From pinned memory the call returns before the copy is done, so that the source has to stay as it is until then.</summary>
    internal void CopyToDevice(ulong destination, void* source, long bytes)
    {
        if (bytes > 0)
        {
            Context.MakeCurrent();
            EndsWithLaunch = false;
            Check(Driver.cuMemcpyHtoDAsync_v2(destination, source, (nuint)bytes, Raw));
        }
    }

    /// <summary>Copies to the host. To pinned memory the call returns before the copy is done.</summary>
    internal void CopyToHost(void* destination, ulong source, long bytes)
    {
        if (bytes > 0)
        {
            Context.MakeCurrent();
            EndsWithLaunch = false;
            Check(Driver.cuMemcpyDtoHAsync_v2(destination, source, (nuint)bytes, Raw));
        }
    }

    /// <summary>Copies on the card, between places that do not overlap.</summary>
    internal void CopyOnDevice(ulong destination, ulong source, long bytes)
    {
        if (bytes > 0)
        {
            Context.MakeCurrent();
            EndsWithLaunch = false;
            Check(Driver.cuMemcpyDtoDAsync_v2(destination, source, (nuint)bytes, Raw));
        }
    }

    /// <summary>Writes zeros.</summary>
    internal void Zero(ulong destination, long bytes) => Fill(destination, bytes, 0);

    /// <summary>Writes the same byte everywhere.</summary>
    internal void Fill(ulong destination, long bytes, byte value)
    {
        if (bytes > 0)
        {
            Context.MakeCurrent();
            EndsWithLaunch = false;
            Check(Driver.cuMemsetD8Async(destination, value, (nuint)bytes, Raw));
        }
    }

    /// <summary>Writes the same 32 bits everywhere.</summary>
    /// <param name="destination">Aligned to 4 bytes.</param>
    /// <param name="count">How often.</param>
    /// <param name="value">The bits.</param>
    internal void FillWords(ulong destination, long count, uint value)
    {
        if (count > 0)
        {
            Context.MakeCurrent();
            EndsWithLaunch = false;
            Check(Driver.cuMemsetD32Async(destination, value, (nuint)count, Raw));
        }
    }

    /// <summary>What is put in from now on waits for a mark in another queue.</summary>
    internal void Wait(CudaEvent mark)
    {
        Context.MakeCurrent();
        EndsWithLaunch = false;
        Check(Driver.cuStreamWaitEvent(Raw, mark.Raw, 0));
        GC.KeepAlive(mark);
    }

    /// <summary>Waits until all that was put in is done.</summary>
    /// <exception cref="CudaException">Some of it failed.</exception>
    internal void Synchronize()
    {
        Context.MakeCurrent();
        Check(Driver.cuStreamSynchronize(Raw));
    }

    /// <summary>As <see cref="Synchronize()"/>, blaming what ran last.</summary>
    /// <param name="what">A kernel's name.</param>
    internal void Synchronize(string what) => Check(Driver.cuStreamSynchronize(Raw), what);

    /// <summary>Waits before something is given back that the queue may use still. Throws nothing: when the card has failed nothing uses it any more.</summary>
    internal void Settle()
    {
        if (!IsClosed)
        {
            try
            {
                Synchronize();
            }
            catch (Exception error) when (error is CudaException or ObjectDisposedException)
            {
                // The card has failed, or the context is gone.
            }
        }
    }

    /// <summary>
    /// What is put in from now on by this thread becomes a graph, and is done when that is launched: launches, copies and fills, with addresses and arguments as
    /// they are now. Every kernel has to have been loaded before.
    /// </summary>
    internal void BeginCapture()
    {
        Context.MakeCurrent();
        EndsWithLaunch = false;
        Check(Driver.cuStreamBeginCapture_v2(Raw, ThreadLocal));
        IsCapturing = true;
    }

    /// <summary>The graph of what was put in since <see cref="BeginCapture"/>.</summary>
    internal CudaGraph EndCapture()
    {
        Context.MakeCurrent();
        EndsWithLaunch = false;
        nint graph = 0;
        int code = Driver.cuStreamEndCapture(Raw, &graph);
        if (code != CudaResult.Success)
        {
            // Whether a queue of which this fails still records, the driver does not say: it is asked once more.
            CancelCapture();
        }

        IsCapturing = false;
        Check(code);
        return CudaGraph.Instantiate(this, graph);
    }

    /// <summary>Forgets what was put in since <see cref="BeginCapture"/>; nothing if nothing is recorded. Throws nothing: it is called when something else has failed.</summary>
    internal void CancelCapture()
    {
        if (IsCapturing)
        {
            IsCapturing = false;
            EndsWithLaunch = false;
            nint graph = 0;
            if (Driver.cuStreamEndCapture(Raw, &graph) == CudaResult.Success && graph != 0)
            {
                Driver.cuGraphDestroy(graph);
            }
        }
    }

    protected override void Free(nint resource) => Driver.cuStreamDestroy_v2(resource);
}
