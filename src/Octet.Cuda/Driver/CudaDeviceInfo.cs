using System.Globalization;
using System.Runtime.InteropServices;

namespace Octet.Cuda.Driver;

/// <summary>What the driver says of a card, without opening it.</summary>
/// <param name="Ordinal">Its number, from 0.</param>
/// <param name="Device">The driver's handle for it.</param>
/// <param name="Name">Such as <c>NVIDIA H200</c>.</param>
/// <param name="Major">Its compute capability.</param>
/// <param name="Minor">The part behind the point.</param>
/// <param name="Multiprocessors">How many there are.</param>
/// <param name="TotalMemory">In bytes, of which the driver keeps some.</param>
/// <param name="SharedMemoryPerBlock">Bytes that a block may have where its kernel asks for them (<see cref="CudaFunction.AllowShared"/>).</param>
/// <param name="L2Bytes">The cache that all multiprocessors share; 0: the driver does not say.</param>
/// <param name="Uuid">What it is known by in every process; null: the driver does not say.</param>
/// <param name="PciBusId">Where it is, such as <c>0000:1b:00.0</c>; empty: the driver does not say.</param>
/// <param name="CudaVersion">What the driver implements, as <see cref="CudaDriver.Version"/>.</param>
sealed record CudaDeviceInfo(
    int Ordinal, int Device, string Name, int Major, int Minor, int Multiprocessors, long TotalMemory, int SharedMemoryPerBlock, int L2Bytes,
    Guid? Uuid, string PciBusId, int CudaVersion)
{
    const int Text = 256;

    /// <summary>As <c>9.0</c>.</summary>
    internal string Capability => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    /// <summary>Whether it is a part of a card that was divided (MIG).</summary>
    internal bool IsPartition => Name.Contains(" MIG ", StringComparison.Ordinal);

    /// <summary>The UUID as <c>nvidia-smi -L</c> writes it.</summary>
    internal string? UuidText => Uuid is { } uuid ? $"{(IsPartition ? "MIG" : "GPU")}-{uuid:D}" : null;

    /// <exception cref="CudaException">There is no such card.</exception>
    internal static unsafe CudaDeviceInfo Read(CudaDriver driver, int ordinal)
    {
        int device = 0;
        driver.Check(driver.cuDeviceGet(&device, ordinal));
        byte* text = stackalloc byte[Text];
        text[0] = 0;
        driver.Check(driver.cuDeviceGetName(text, Text, device));
        string name = Marshal.PtrToStringUTF8((nint)text)!;
        nuint total = 0;
        driver.Check(driver.cuDeviceTotalMem_v2(&total, device));

        // What only people read is no reason to refuse a card: not every kind of virtual or integrated one has it.
        text[0] = 0;
        string pciBusId = driver.cuDeviceGetPCIBusId(text, Text, device) == CudaResult.Success ? Marshal.PtrToStringUTF8((nint)text)! : "";
        Guid? uuid = null;
        if (driver.cuDeviceGetUuid_v2 is not null)
        {
            Span<byte> bytes = stackalloc byte[16];
            fixed (byte* first = bytes)
            {
                uuid = driver.cuDeviceGetUuid_v2((Guid*)first, device) == CudaResult.Success ? new Guid(bytes, bigEndian: true) : null;
            }
        }

        int l2Bytes = 0;
        l2Bytes = driver.cuDeviceGetAttribute(&l2Bytes, (int)DeviceAttribute.L2Bytes, device) == CudaResult.Success ? l2Bytes : 0;

        return new CudaDeviceInfo(
            ordinal,
            device,
            name,
            Attribute(driver, device, DeviceAttribute.ComputeCapabilityMajor),
            Attribute(driver, device, DeviceAttribute.ComputeCapabilityMinor),
            Attribute(driver, device, DeviceAttribute.Multiprocessors),
            (long)total,
            Attribute(driver, device, DeviceAttribute.SharedMemoryPerBlockOptIn),
            l2Bytes,
            uuid,
            pciBusId,
            driver.Version);
    }

    static unsafe int Attribute(CudaDriver driver, int device, DeviceAttribute attribute)
    {
        int value = 0;
        driver.Check(driver.cuDeviceGetAttribute(&value, (int)attribute, device));
        return value;
    }
}
