namespace Octet.Cuda.CublasLt;

/// <summary>Codes that the library's functions return (<c>cublasStatus_t</c>), as far as Octet tells them apart.</summary>
static class CublasLtStatus
{
    internal const int Success = 0;
    internal const int NotInitialized = 1;
    internal const int AllocationFailed = 3;
    internal const int InvalidValue = 7;
    internal const int ArchitectureMismatch = 8;
    internal const int NotSupported = 15;

    /// <summary>Who can do something about a code.</summary>
    internal static ModelError Kind(int status) => status switch
    {
        AllocationFailed => ModelError.Full,
        ArchitectureMismatch or NotSupported => ModelError.Unsupported,
        _ => ModelError.DeviceFailed,
    };

    /// <summary>What to do, as the end of a message.</summary>
    internal static string Advice(int status) => status switch
    {
        NotInitialized => "the library may be newer than the driver: use one of the driver's own CUDA version",
        _ => $"without {CublasLtProbe.Variable} Octet's own kernels compute",
    };
}
