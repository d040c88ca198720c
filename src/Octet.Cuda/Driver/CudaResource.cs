using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Cuda.Driver;

/// <summary>
/// Something that the driver made in a context and takes back by its handle: by <see cref="SafeHandle.Dispose()"/>, or by the garbage collector where it
/// was forgotten. The context lives as long as anything that was made in it.
/// </summary>
abstract unsafe class CudaResource : SafeHandle
{
    readonly ContextHandle _owner;

    /// <summary>Takes the handle over.</summary>
    protected CudaResource(CudaContext context, nint handle)
        : base(0, ownsHandle: true)
    {
        Context = context;
        _owner = context.Handle;
        bool added = false;
        _owner.DangerousAddRef(ref added);
        SetHandle(handle);
    }

    internal CudaContext Context { get; }

    public sealed override bool IsInvalid => handle == 0;

    /// <summary>The handle, for the driver's functions.</summary>
    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    internal nint Raw
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    protected CudaDriver Driver => Context.Driver;

    /// <summary>As <see cref="CudaContext.Check"/>; it keeps the handle from the collector for as long as the call takes, too.</summary>
    protected void Check(int result, [CallerArgumentExpression(nameof(result))] string call = "") => Context.Check(result, call);

    /// <summary>Gives the handle back. The context is current; what the driver says is of no use to anybody.</summary>
    protected abstract void Free(nint resource);

    // Any thread may be here, the collector's too, which has no context.
    protected sealed override bool ReleaseHandle()
    {
        Driver.cuCtxSetCurrent(_owner.Raw);
        Free(handle);
        _owner.DangerousRelease();
        return true;
    }
}
