namespace PtxEmulator;

/// <summary>
/// Where an instruction finds the 32 lanes of an operand: in the frame of the warp's registers, or at a fixed place for
/// a constant. Lanes are 4 bytes, or 8 of a 64-bit type; predicates are one mask of 32 bits.
/// </summary>
readonly unsafe struct Slot
{
    readonly nint _offset;
    readonly nint _frameMask;

    Slot(nint offset, nint frameMask)
    {
        _offset = offset;
        _frameMask = frameMask;
    }

    public static Slot Register(int frameOffset) => new(frameOffset, -1);

    public static Slot Constant(byte* lanes) => new((nint)lanes, 0);

    public byte* In(byte* frame) => (byte*)(((nint)frame & _frameMask) + _offset);

    public uint* Words(byte* frame) => (uint*)In(frame);

    public ulong* Longs(byte* frame) => (ulong*)In(frame);
}
