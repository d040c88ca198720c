namespace Octet.Cuda.Driver;

/// <summary>Work that was recorded once and is queued as a whole, which takes the driver a fraction of the time of its parts.</summary>
sealed unsafe class CudaGraph : CudaResource
{
    CudaGraph(CudaContext context, nint handle)
        : base(context, handle)
    {
    }

    /// <summary>Takes a recorded graph over, and makes it ready on the card.</summary>
    internal static CudaGraph Instantiate(CudaStream stream, nint graph)
    {
        CudaContext context = stream.Context;
        try
        {
            nint handle = 0;
            context.Check(context.Driver.cuGraphInstantiateWithFlags(&handle, graph, 0));
            var made = new CudaGraph(context, handle);
            try
            {
                context.Check(context.Driver.cuGraphUpload(handle, stream.Raw));
                return made;
            }
            catch
            {
                made.Dispose();
                throw;
            }
        }
        finally
        {
            context.Driver.cuGraphDestroy(graph);
        }
    }

    /// <summary>Puts all of it in the queue. A graph runs once at a time: a second launch waits for the first.</summary>
    internal void Launch(CudaStream stream)
    {
        Context.MakeCurrent();
        stream.EndsWithLaunch = false;
        Check(Driver.cuGraphLaunch(Raw, stream.Raw));
        GC.KeepAlive(stream);
        if (Context.SynchronizesLaunches)
        {
            stream.Synchronize("graph");
        }
    }

    protected override void Free(nint resource) => Driver.cuGraphExecDestroy(resource);
}
