namespace Octet.Cuda.Driver;

/// <summary>A piece of a card's memory. It owns nothing: the block that it lies in is kept alive by who allocated it.</summary>
/// <param name="Address">The first byte, as kernels see it.</param>
/// <param name="Bytes">How many there are.</param>
readonly record struct DeviceSpan(ulong Address, long Bytes)
{
    /// <summary>A part of it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside.</exception>
    internal DeviceSpan Slice(long offset, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Bytes - bytes, nameof(bytes));
        return new DeviceSpan(Address + (ulong)offset, bytes);
    }
}
