namespace Octet.Cuda.Driver;

/// <summary>Codes that the driver's functions return, as far as Octet tells them apart, and what to do about each.</summary>
static class CudaResult
{
    internal const int Success = 0;
    internal const int InvalidValue = 1;
    internal const int OutOfMemory = 2;
    internal const int NotInitialized = 3;
    internal const int StubLibrary = 34;
    internal const int InsufficientDriver = 35;
    internal const int DeviceUnavailable = 46;
    internal const int NoDevice = 100;
    internal const int InvalidDevice = 101;
    internal const int NotLicensed = 102;
    internal const int InvalidContext = 201;
    internal const int NoBinaryForGpu = 209;
    internal const int EccUncorrectable = 214;
    internal const int InvalidPtx = 218;
    internal const int NvlinkUncorrectable = 220;
    internal const int JitCompilerNotFound = 221;
    internal const int UnsupportedPtxVersion = 222;
    internal const int JitDisabled = 223;
    internal const int Contained = 226;
    internal const int OperatingSystem = 304;
    internal const int InvalidHandle = 400;
    internal const int NotFound = 500;
    internal const int NotReady = 600;
    internal const int IllegalAddress = 700;
    internal const int LaunchOutOfResources = 701;
    internal const int LaunchTimeout = 702;
    internal const int ContextDestroyed = 709;
    internal const int Assert = 710;
    internal const int HardwareStackError = 714;
    internal const int LaunchFailed = 719;
    internal const int TensorMemoryLeak = 721;
    internal const int NotSupported = 801;
    internal const int SystemNotReady = 802;
    internal const int SystemDriverMismatch = 803;
    internal const int CompatibilityNotSupported = 804;
    internal const int MpsConnectionFailed = 805;
    internal const int MpsConnectionsExhausted = 809;
    internal const int MpsClientTerminated = 810;
    internal const int StreamCaptureUnsupported = 900;
    internal const int StreamCaptureInvalidated = 901;
    internal const int StreamCaptureWrongThread = 908;
    internal const int ExternalDevice = 911;
    internal const int Unknown = 999;

    /// <summary>
    /// Whether no call on the context works any more after this one: the card's fault, or a kernel's. The driver's header says of these that the process has to
    /// be ended and started again.
    /// </summary>
    internal static bool IsSticky(int code)
        => code is EccUncorrectable or NvlinkUncorrectable or Contained or IllegalAddress or LaunchTimeout or ContextDestroyed or Assert
            or (>= HardwareStackError and <= LaunchFailed) or TensorMemoryLeak or MpsClientTerminated or ExternalDevice;

    /// <summary>Whether work that cannot be recorded may still be done as it is.</summary>
    internal static bool IsOfRecording(int code) => code is OutOfMemory or NotSupported or (>= StreamCaptureUnsupported and <= StreamCaptureWrongThread);

    /// <summary>Who can do something about a code.</summary>
    internal static ModelError Kind(int code) => code switch
    {
        OutOfMemory => ModelError.Full,
        StubLibrary or InsufficientDriver or NoDevice or InvalidDevice or NotLicensed or NoBinaryForGpu or JitCompilerNotFound or UnsupportedPtxVersion or JitDisabled
            or SystemNotReady or SystemDriverMismatch or CompatibilityNotSupported => ModelError.Unsupported,
        _ => ModelError.DeviceFailed,
    };

    /// <summary>What to do, as the end of a message; null: nothing is known that helps.</summary>
    internal static string? Advice(int code) => code switch
    {
        OutOfMemory => "use a smaller model or a shorter context, or end what else uses the card (nvidia-smi lists it)",
        StubLibrary => "the library that was found is the toolkit's stub: remove its folder from LD_LIBRARY_PATH",
        InsufficientDriver or NoBinaryForGpu or UnsupportedPtxVersion => $"the driver is too old: install {KernelSet.OldestDriver} or newer",
        NoDevice => "check that the card is there (nvidia-smi), that a container was started with it (--gpus all), and that CUDA_VISIBLE_DEVICES does not hide it",
        InvalidDevice => "octet doctor --gpu lists the cards",
        DeviceUnavailable => "another process has the card to itself: end it, or set the card's compute mode to default (nvidia-smi -c 0)",
        JitCompilerNotFound => "libnvidia-ptxjitcompiler is part of the driver: in a container ask for the capability compute (NVIDIA_DRIVER_CAPABILITIES=compute,utility)",
        JitDisabled => "CUDA_DISABLE_PTX_JIT is set: unset it",
        NotLicensed => "the virtual machine has no licence for its part of the card (vGPU)",
        LaunchTimeout => "the system ends kernels of more than a few seconds on a card that drives a display: start the program again, with fewer tokens at a time (--chunk), or use another card",
        >= MpsConnectionFailed and <= MpsConnectionsExhausted => "the daemon of MPS (nvidia-cuda-mps-control) does not take this process: start or end it",
        OperatingSystem => "this process may not open /dev/nvidia*: check their permissions",
        SystemNotReady => "the system's fabric manager is not running, or a card is being reset: try again later",
        SystemDriverMismatch => "the driver's library and kernel module are of different versions: restart after an update, or give the container the host's library",
        CompatibilityNotSupported => "remove the folder of CUDA's compatibility library (cuda-compat) from LD_LIBRARY_PATH",
        EccUncorrectable or NvlinkUncorrectable or Contained => "the card has a fault of its hardware (nvidia-smi -q): start the program again, reset the card or use another one",
        Unknown => "reload the driver's modules or restart (nvidia-smi and the system's log say more)",
        _ => IsSticky(code) ? "start the program again, the driver refuses this one everything from now on; OCTET_CUDA_SYNC=1 names the kernel" : null,
    };
}
