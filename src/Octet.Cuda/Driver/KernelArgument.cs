namespace Octet.Cuda.Driver;

/// <summary>A kernel's argument of up to 8 bytes. The driver reads as many of them as the kernel's parameter has, from the lowest on.</summary>
readonly struct KernelArgument
{
    // Only its address is used.
    readonly ulong _bits;

    KernelArgument(ulong bits) => _bits = bits;

    public static implicit operator KernelArgument(ulong value) => new(value);

    public static implicit operator KernelArgument(long value) => new((ulong)value);

    public static implicit operator KernelArgument(uint value) => new(value);

    public static implicit operator KernelArgument(int value) => new((uint)value);

    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToUInt32Bits(value));

    public static implicit operator KernelArgument(DeviceSpan span) => new(span.Address);
}
