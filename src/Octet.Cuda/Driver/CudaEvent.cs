namespace Octet.Cuda.Driver;

/// <summary>A mark in a queue of work, which is passed when all before it is done. One that was never recorded counts as passed.</summary>
sealed unsafe class CudaEvent : CudaResource
{
    const uint Untimed = 2;

    CudaEvent(CudaContext context, nint handle)
        : base(context, handle)
    {
    }

    /// <summary>Whether all before it is done.</summary>
    internal bool IsPassed
    {
        get
        {
            Context.MakeCurrent();
            int result = Driver.cuEventQuery(Raw);
            if (result == CudaResult.NotReady)
            {
                return false;
            }

            Check(result, nameof(Driver.cuEventQuery));
            return true;
        }
    }

    internal static CudaEvent Create(CudaContext context, bool timed)
    {
        nint handle = 0;
        context.Check(context.Driver.cuEventCreate(&handle, timed ? 0 : Untimed));
        return new CudaEvent(context, handle);
    }

    /// <summary>Marks the place behind all that is in the queue now.</summary>
    internal void Record(CudaStream stream)
    {
        Context.MakeCurrent();
        stream.EndsWithLaunch = false;
        Check(Driver.cuEventRecord(Raw, stream.Raw));
        GC.KeepAlive(stream);
    }

    /// <summary>Waits until all before it is done.</summary>
    internal void Synchronize()
    {
        Context.MakeCurrent();
        Check(Driver.cuEventSynchronize(Raw));
    }

    /// <inheritdoc cref="CudaStream.Settle"/>
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

    /// <summary>From another mark to this one, as the card's clock has it, to half a microsecond, in seconds. Both are timed and passed.</summary>
    internal double SecondsSince(CudaEvent since)
    {
        Context.MakeCurrent();
        float milliseconds = 0;
        Check(Driver.cuEventElapsedTime(&milliseconds, since.Raw, Raw));
        GC.KeepAlive(since);
        return milliseconds / 1e3;
    }

    protected override void Free(nint resource) => Driver.cuEventDestroy_v2(resource);
}
