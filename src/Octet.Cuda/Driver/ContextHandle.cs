using System.Runtime.InteropServices;

namespace Octet.Cuda.Driver;

/// <summary>A card's primary context, which all users in the process share: the driver counts them, and ends it with the last one.</summary>
sealed unsafe class ContextHandle : SafeHandle
{
    readonly CudaDriver _driver;
    readonly int _device;

    /// <exception cref="CudaException">The driver makes no context.</exception>
    internal ContextHandle(CudaDriver driver, int device)
        : base(0, ownsHandle: true)
    {
        _driver = driver;
        _device = device;
        nint context = 0;
        driver.Check(driver.cuDevicePrimaryCtxRetain(&context, device));
        SetHandle(context);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>For who holds a reference.</summary>
    internal nint Raw => handle;

    protected override bool ReleaseHandle() => _driver.cuDevicePrimaryCtxRelease_v2(_device) == CudaResult.Success;
}
