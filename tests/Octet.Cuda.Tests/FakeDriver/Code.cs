namespace Octet.Cuda.Tests.FakeDriver;

/// <summary>The driver's codes, from its header by themselves and not from the code under test.</summary>
static class Code
{
    internal const int Success = 0;
    internal const int InvalidValue = 1;
    internal const int OutOfMemory = 2;
    internal const int InsufficientDriver = 35;
    internal const int NoDevice = 100;
    internal const int InvalidDevice = 101;
    internal const int InvalidContext = 201;
    internal const int NoBinaryForGpu = 209;
    internal const int InvalidPtx = 218;
    internal const int JitCompilerNotFound = 221;
    internal const int UnsupportedPtxVersion = 222;
    internal const int JitCompilationDisabled = 223;
    internal const int InvalidHandle = 400;
    internal const int NotFound = 500;
    internal const int NotReady = 600;
    internal const int IllegalAddress = 700;
    internal const int LaunchOutOfResources = 701;
    internal const int IllegalInstruction = 715;
    internal const int MisalignedAddress = 716;
    internal const int LaunchFailed = 719;
    internal const int StreamCaptureUnsupported = 900;
    internal const int StreamCaptureInvalidated = 901;
    internal const int Unknown = 999;

    /// <summary>Name and text of a code, as the driver's library 550 gives them.</summary>
    internal static (string Name, string Text)? Describe(int code) => code switch
    {
        Success => ("CUDA_SUCCESS", "no error"),
        InvalidValue => ("CUDA_ERROR_INVALID_VALUE", "invalid argument"),
        OutOfMemory => ("CUDA_ERROR_OUT_OF_MEMORY", "out of memory"),
        InsufficientDriver => ("CUDA_ERROR_INSUFFICIENT_DRIVER", "CUDA driver version is insufficient for CUDA runtime version"),
        NoDevice => ("CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"),
        InvalidDevice => ("CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"),
        InvalidContext => ("CUDA_ERROR_INVALID_CONTEXT", "invalid device context"),
        NoBinaryForGpu => ("CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"),
        InvalidPtx => ("CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"),
        JitCompilerNotFound => ("CUDA_ERROR_JIT_COMPILER_NOT_FOUND", "PTX JIT compiler library not found"),
        JitCompilationDisabled => ("CUDA_ERROR_JIT_COMPILATION_DISABLED", "PTX JIT compilation was disabled"),
        UnsupportedPtxVersion => ("CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."),
        InvalidHandle => ("CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"),
        NotFound => ("CUDA_ERROR_NOT_FOUND", "named symbol not found"),
        NotReady => ("CUDA_ERROR_NOT_READY", "device not ready"),
        IllegalAddress => ("CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"),
        LaunchOutOfResources => ("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"),
        IllegalInstruction => ("CUDA_ERROR_ILLEGAL_INSTRUCTION", "an illegal instruction was encountered"),
        MisalignedAddress => ("CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"),
        LaunchFailed => ("CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"),
        StreamCaptureUnsupported => ("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"),
        StreamCaptureInvalidated => ("CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"),
        Unknown => ("CUDA_ERROR_UNKNOWN", "unknown error"),
        _ => null,
    };

    internal static bool IsSticky(int code) => code is IllegalAddress or IllegalInstruction or MisalignedAddress or LaunchFailed;
}
