namespace Octet.Cuda.Driver;

/// <summary>What <c>cuDeviceGetAttribute</c> is asked for, by the numbers of the driver's header.</summary>
enum DeviceAttribute
{
    Multiprocessors = 16,
    MemoryClockKilohertz = 36,
    MemoryBusBits = 37,
    L2Bytes = 38,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    SharedMemoryPerBlockOptIn = 97,
}
