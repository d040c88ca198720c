namespace Octet.Cuda.Driver;

/// <summary>What <c>cuDeviceGetAttribute</c> is asked for, by the numbers of the driver's header.</summary>
enum DeviceAttribute
{
    Multiprocessors = 16,
    L2Bytes = 38,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    SharedMemoryPerBlockOptIn = 97,
}
