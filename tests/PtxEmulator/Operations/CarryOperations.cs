namespace PtxEmulator;

/// <summary><c>add.cc</c>, <c>addc</c>, <c>sub.cc</c> and <c>subc</c>: the condition code holds a carry, or a borrow, of each lane.</summary>
sealed unsafe class CarrySum(int d, Slot a, Slot b, bool isWide, bool subtract, bool takesCarry, bool givesCarry) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            ulong x = isWide ? a.Longs(warp.Frame)[lane] : a.Words(warp.Frame)[lane];
            ulong y = isWide ? b.Longs(warp.Frame)[lane] : b.Words(warp.Frame)[lane];
            uint carry = takesCarry ? warp.Carry >> lane & 1 : 0;
            UInt128 exact = subtract ? (UInt128)x - y - carry : (UInt128)x + y + carry;
            if (isWide)
            {
                ((ulong*)(warp.Frame + d))[lane] = (ulong)exact;
            }
            else
            {
                ((uint*)(warp.Frame + d))[lane] = (uint)(ulong)exact;
            }

            if (givesCarry)
            {
                bool beyond = (exact >> (isWide ? 64 : 32)) != 0;
                warp.Carry = (warp.Carry & ~(1u << lane)) | (beyond ? 1u << lane : 0);
            }
        }
    }
}
