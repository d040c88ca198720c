using System.Runtime.InteropServices;

namespace Octet.Cuda.Driver;

/// <summary>
/// The functions of NVIDIA's driver library that Octet calls, each named as the library exports it. They are pointers, filled from the library or by
/// tests from functions of their own, so that nothing is loaded before somebody asks for a card. Functions that only newer drivers have are null
/// in older ones; everything else is there.
/// </summary>
sealed unsafe partial class CudaDriver
{
    internal readonly delegate* unmanaged<uint, int> cuInit;
    internal readonly delegate* unmanaged<int*, int> cuDriverGetVersion;
    internal readonly delegate* unmanaged<int, byte**, int> cuGetErrorName;
    internal readonly delegate* unmanaged<int, byte**, int> cuGetErrorString;

    internal readonly delegate* unmanaged<int*, int> cuDeviceGetCount;
    internal readonly delegate* unmanaged<int*, int, int> cuDeviceGet;
    internal readonly delegate* unmanaged<byte*, int, int, int> cuDeviceGetName;
    internal readonly delegate* unmanaged<int*, int, int, int> cuDeviceGetAttribute;
    internal readonly delegate* unmanaged<nuint*, int, int> cuDeviceTotalMem_v2;
    internal readonly delegate* unmanaged<byte*, int, int, int> cuDeviceGetPCIBusId;

    /// <summary>From 11.4 on.</summary>
    internal readonly delegate* unmanaged<Guid*, int, int> cuDeviceGetUuid_v2;

    internal readonly delegate* unmanaged<nint*, int, int> cuDevicePrimaryCtxRetain;
    internal readonly delegate* unmanaged<int, int> cuDevicePrimaryCtxRelease_v2;
    internal readonly delegate* unmanaged<nint, int> cuCtxSetCurrent;
    internal readonly delegate* unmanaged<int> cuCtxSynchronize;
    internal readonly delegate* unmanaged<nuint*, nuint*, int> cuMemGetInfo_v2;

    internal readonly delegate* unmanaged<nint*, void*, uint, int*, void**, int> cuModuleLoadDataEx;
    internal readonly delegate* unmanaged<nint, int> cuModuleUnload;
    internal readonly delegate* unmanaged<nint*, nint, byte*, int> cuModuleGetFunction;
    internal readonly delegate* unmanaged<ulong*, nuint*, nint, byte*, int> cuModuleGetGlobal_v2;
    internal readonly delegate* unmanaged<nint, int, int, int> cuFuncSetAttribute;
    internal readonly delegate* unmanaged<int*, int, nint, int> cuFuncGetAttribute;

    /// <summary>From 12.4 on.</summary>
    internal readonly delegate* unmanaged<nint, int> cuFuncLoad;

    /// <summary>From 12.4 on.</summary>
    internal readonly delegate* unmanaged<nint, nuint, nuint*, nuint*, int> cuFuncGetParamInfo;

    internal readonly delegate* unmanaged<int*, nint, int, nuint, int> cuOccupancyMaxActiveBlocksPerMultiprocessor;
    internal readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> cuLaunchKernel;

    /// <summary>From 11.8 on.</summary>
    internal readonly delegate* unmanaged<LaunchConfig*, nint, void**, void**, int> cuLaunchKernelEx;

    internal readonly delegate* unmanaged<ulong*, nuint, int> cuMemAlloc_v2;
    internal readonly delegate* unmanaged<ulong, int> cuMemFree_v2;
    internal readonly delegate* unmanaged<void**, nuint, uint, int> cuMemHostAlloc;
    internal readonly delegate* unmanaged<void*, int> cuMemFreeHost;
    internal readonly delegate* unmanaged<ulong, void*, nuint, nint, int> cuMemcpyHtoDAsync_v2;
    internal readonly delegate* unmanaged<void*, ulong, nuint, nint, int> cuMemcpyDtoHAsync_v2;
    internal readonly delegate* unmanaged<ulong, ulong, nuint, nint, int> cuMemcpyDtoDAsync_v2;
    internal readonly delegate* unmanaged<ulong, byte, nuint, nint, int> cuMemsetD8Async;
    internal readonly delegate* unmanaged<ulong, uint, nuint, nint, int> cuMemsetD32Async;

    /// <summary>From 12.0 on.</summary>
    internal readonly delegate* unmanaged<void*, int, uint, ulong, ulong*, ulong*, uint*, uint*, int, int, int, int, int> cuTensorMapEncodeTiled;

    internal readonly delegate* unmanaged<nint*, uint, int, int> cuStreamCreateWithPriority;
    internal readonly delegate* unmanaged<nint, int> cuStreamDestroy_v2;
    internal readonly delegate* unmanaged<nint, int> cuStreamSynchronize;
    internal readonly delegate* unmanaged<nint, int> cuStreamQuery;
    internal readonly delegate* unmanaged<nint, nint, uint, int> cuStreamWaitEvent;
    internal readonly delegate* unmanaged<nint, int, int> cuStreamBeginCapture_v2;
    internal readonly delegate* unmanaged<nint, nint*, int> cuStreamEndCapture;

    internal readonly delegate* unmanaged<nint*, nint, ulong, int> cuGraphInstantiateWithFlags;
    internal readonly delegate* unmanaged<nint, nint, int> cuGraphUpload;
    internal readonly delegate* unmanaged<nint, nint, int> cuGraphLaunch;
    internal readonly delegate* unmanaged<nint, int> cuGraphExecDestroy;
    internal readonly delegate* unmanaged<nint, int> cuGraphDestroy;

    internal readonly delegate* unmanaged<nint*, uint, int> cuEventCreate;
    internal readonly delegate* unmanaged<nint, int> cuEventDestroy_v2;
    internal readonly delegate* unmanaged<nint, nint, int> cuEventRecord;
    internal readonly delegate* unmanaged<nint, int> cuEventSynchronize;
    internal readonly delegate* unmanaged<nint, int> cuEventQuery;
    internal readonly delegate* unmanaged<float*, nint, nint, int> cuEventElapsedTime;

    /// <param name="find">Gives a function's address by its exported name; 0: there is none.</param>
    /// <exception cref="ModelException">Functions are missing that every supported driver has.</exception>
    internal CudaDriver(Func<string, nint> find)
    {
        var exports = new Exports(find);
        cuInit = (delegate* unmanaged<uint, int>)exports.Required("cuInit");
        cuDriverGetVersion = (delegate* unmanaged<int*, int>)exports.Required("cuDriverGetVersion");
        cuGetErrorName = (delegate* unmanaged<int, byte**, int>)exports.Required("cuGetErrorName");
        cuGetErrorString = (delegate* unmanaged<int, byte**, int>)exports.Required("cuGetErrorString");
        cuDeviceGetCount = (delegate* unmanaged<int*, int>)exports.Required("cuDeviceGetCount");
        cuDeviceGet = (delegate* unmanaged<int*, int, int>)exports.Required("cuDeviceGet");
        cuDeviceGetName = (delegate* unmanaged<byte*, int, int, int>)exports.Required("cuDeviceGetName");
        cuDeviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)exports.Required("cuDeviceGetAttribute");
        cuDeviceTotalMem_v2 = (delegate* unmanaged<nuint*, int, int>)exports.Required("cuDeviceTotalMem_v2");
        cuDeviceGetPCIBusId = (delegate* unmanaged<byte*, int, int, int>)exports.Required("cuDeviceGetPCIBusId");
        cuDeviceGetUuid_v2 = (delegate* unmanaged<Guid*, int, int>)exports.Optional("cuDeviceGetUuid_v2");
        cuDevicePrimaryCtxRetain = (delegate* unmanaged<nint*, int, int>)exports.Required("cuDevicePrimaryCtxRetain");
        cuDevicePrimaryCtxRelease_v2 = (delegate* unmanaged<int, int>)exports.Required("cuDevicePrimaryCtxRelease_v2");
        cuCtxSetCurrent = (delegate* unmanaged<nint, int>)exports.Required("cuCtxSetCurrent");
        cuCtxSynchronize = (delegate* unmanaged<int>)exports.Required("cuCtxSynchronize");
        cuMemGetInfo_v2 = (delegate* unmanaged<nuint*, nuint*, int>)exports.Required("cuMemGetInfo_v2");
        cuModuleLoadDataEx = (delegate* unmanaged<nint*, void*, uint, int*, void**, int>)exports.Required("cuModuleLoadDataEx");
        cuModuleUnload = (delegate* unmanaged<nint, int>)exports.Required("cuModuleUnload");
        cuModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)exports.Required("cuModuleGetFunction");
        cuModuleGetGlobal_v2 = (delegate* unmanaged<ulong*, nuint*, nint, byte*, int>)exports.Required("cuModuleGetGlobal_v2");
        cuFuncSetAttribute = (delegate* unmanaged<nint, int, int, int>)exports.Required("cuFuncSetAttribute");
        cuFuncGetAttribute = (delegate* unmanaged<int*, int, nint, int>)exports.Required("cuFuncGetAttribute");
        cuFuncLoad = (delegate* unmanaged<nint, int>)exports.Optional("cuFuncLoad");
        cuFuncGetParamInfo = (delegate* unmanaged<nint, nuint, nuint*, nuint*, int>)exports.Optional("cuFuncGetParamInfo");
        cuOccupancyMaxActiveBlocksPerMultiprocessor = (delegate* unmanaged<int*, nint, int, nuint, int>)exports.Required("cuOccupancyMaxActiveBlocksPerMultiprocessor");
        cuLaunchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)exports.Required("cuLaunchKernel");
        cuLaunchKernelEx = (delegate* unmanaged<LaunchConfig*, nint, void**, void**, int>)exports.Optional("cuLaunchKernelEx");
        cuMemAlloc_v2 = (delegate* unmanaged<ulong*, nuint, int>)exports.Required("cuMemAlloc_v2");
        cuMemFree_v2 = (delegate* unmanaged<ulong, int>)exports.Required("cuMemFree_v2");
        cuMemHostAlloc = (delegate* unmanaged<void**, nuint, uint, int>)exports.Required("cuMemHostAlloc");
        cuMemFreeHost = (delegate* unmanaged<void*, int>)exports.Required("cuMemFreeHost");
        cuMemcpyHtoDAsync_v2 = (delegate* unmanaged<ulong, void*, nuint, nint, int>)exports.Required("cuMemcpyHtoDAsync_v2");
        cuMemcpyDtoHAsync_v2 = (delegate* unmanaged<void*, ulong, nuint, nint, int>)exports.Required("cuMemcpyDtoHAsync_v2");
        cuMemcpyDtoDAsync_v2 = (delegate* unmanaged<ulong, ulong, nuint, nint, int>)exports.Required("cuMemcpyDtoDAsync_v2");
        cuMemsetD8Async = (delegate* unmanaged<ulong, byte, nuint, nint, int>)exports.Required("cuMemsetD8Async");
        cuMemsetD32Async = (delegate* unmanaged<ulong, uint, nuint, nint, int>)exports.Required("cuMemsetD32Async");
        cuTensorMapEncodeTiled = (delegate* unmanaged<void*, int, uint, ulong, ulong*, ulong*, uint*, uint*, int, int, int, int, int>)exports.Optional("cuTensorMapEncodeTiled");
        cuStreamCreateWithPriority = (delegate* unmanaged<nint*, uint, int, int>)exports.Required("cuStreamCreateWithPriority");
        cuStreamDestroy_v2 = (delegate* unmanaged<nint, int>)exports.Required("cuStreamDestroy_v2");
        cuStreamSynchronize = (delegate* unmanaged<nint, int>)exports.Required("cuStreamSynchronize");
        cuStreamQuery = (delegate* unmanaged<nint, int>)exports.Required("cuStreamQuery");
        cuStreamWaitEvent = (delegate* unmanaged<nint, nint, uint, int>)exports.Required("cuStreamWaitEvent");
        cuStreamBeginCapture_v2 = (delegate* unmanaged<nint, int, int>)exports.Required("cuStreamBeginCapture_v2");
        cuStreamEndCapture = (delegate* unmanaged<nint, nint*, int>)exports.Required("cuStreamEndCapture");
        cuGraphInstantiateWithFlags = (delegate* unmanaged<nint*, nint, ulong, int>)exports.Required("cuGraphInstantiateWithFlags");
        cuGraphUpload = (delegate* unmanaged<nint, nint, int>)exports.Required("cuGraphUpload");
        cuGraphLaunch = (delegate* unmanaged<nint, nint, int>)exports.Required("cuGraphLaunch");
        cuGraphExecDestroy = (delegate* unmanaged<nint, int>)exports.Required("cuGraphExecDestroy");
        cuGraphDestroy = (delegate* unmanaged<nint, int>)exports.Required("cuGraphDestroy");
        cuEventCreate = (delegate* unmanaged<nint*, uint, int>)exports.Required("cuEventCreate");
        cuEventDestroy_v2 = (delegate* unmanaged<nint, int>)exports.Required("cuEventDestroy_v2");
        cuEventRecord = (delegate* unmanaged<nint, nint, int>)exports.Required("cuEventRecord");
        cuEventSynchronize = (delegate* unmanaged<nint, int>)exports.Required("cuEventSynchronize");
        cuEventQuery = (delegate* unmanaged<nint, int>)exports.Required("cuEventQuery");
        cuEventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)exports.Required("cuEventElapsedTime");
        exports.ThrowIfMissing();
    }

    /// <summary>The CUDA version that the driver implements, 1000 * major + 10 * minor: 12040 is 12.4. Works before <see cref="cuInit"/> has succeeded.</summary>
    internal int Version
    {
        get
        {
            int version = 0;
            return cuDriverGetVersion(&version) == CudaResult.Success ? version : 0;
        }
    }

    /// <summary>The number of cards that this process sees.</summary>
    /// <exception cref="CudaException">The driver does not say.</exception>
    internal int CountDevices()
    {
        int count = 0;
        Check(cuDeviceGetCount(&count));
        return count;
    }

    /// <summary>The constant that a code has in the driver's header, such as <c>CUDA_ERROR_NO_DEVICE</c>.</summary>
    internal string NameOf(int code)
    {
        byte* text = null;
        return cuGetErrorName(code, &text) == CudaResult.Success && text is not null ? Marshal.PtrToStringUTF8((nint)text)! : "unknown code";
    }

    /// <summary>What the driver says of a code, in its own words.</summary>
    internal string TextOf(int code)
    {
        byte* text = null;
        return cuGetErrorString(code, &text) == CudaResult.Success && text is not null ? Marshal.PtrToStringUTF8((nint)text)! : "the driver has no text for it";
    }

    sealed class Exports(Func<string, nint> find)
    {
        readonly List<string> _missing = [];

        internal nint Optional(string name) => find(name);

        internal nint Required(string name)
        {
            nint address = find(name);
            if (address == 0)
            {
                _missing.Add(name);
            }

            return address;
        }

        internal void ThrowIfMissing()
        {
            if (_missing.Count > 0)
            {
                string others = _missing.Count == 1 ? "" : $" and {_missing.Count - 1} more functions";
                throw new ModelException(ModelError.Unsupported, $"the NVIDIA driver has no {_missing[0]}{others}: it is too old, install {KernelSet.OldestDriver} or newer");
            }
        }
    }
}
