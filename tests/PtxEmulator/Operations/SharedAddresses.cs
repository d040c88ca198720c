namespace PtxEmulator;

/// <summary>Addresses of objects in shared memory, which an instruction may also name by generic addresses.</summary>
static unsafe class SharedAddresses
{
    /// <summary>The shared address of a lane's object, aligned to a power of two and inside of the block's memory.</summary>
    public static int Of(Warp warp, int lane, in AddressForm address, int bytes, int align)
    {
        ulong at = (address.IsWide ? address.Base.Longs(warp.Frame)[lane] : address.Base.Words(warp.Frame)[lane]) + (ulong)address.Offset;
        if (AddressWindows.SpaceOf(at) == StateSpace.Shared)
        {
            at -= AddressWindows.Shared;
        }

        if ((at & (ulong)(align - 1)) != 0)
        {
            throw warp.Fault(PtxError.Misaligned, 1u << lane, $"shared address 0x{at:x} is no multiple of {align}");
        }

        return warp.Block.Shared.Holds(at, bytes)
            ? (int)at
            : throw warp.Fault(PtxError.OutOfBounds, 1u << lane, $"{bytes} bytes at shared 0x{at:x}: the block's are [0x{AddressWindows.SharedStart:x}, 0x{warp.Block.Shared.End:x})");
    }
}
