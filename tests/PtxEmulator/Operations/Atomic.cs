using System.Runtime.CompilerServices;

namespace PtxEmulator;

/// <summary><c>atom</c> and <c>red</c>: the lanes one after the other, lowest first.</summary>
/// <param name="operation">From what memory holds and the operands to what it will hold; bits of the type's size.</param>
/// <param name="d">The place for what memory held, or -1.</param>
/// <param name="address">Where.</param>
/// <param name="b">The operand.</param>
/// <param name="c">The second operand of <c>cas</c>, else the first again.</param>
/// <param name="bytes">2, 4 or 8.</param>
sealed unsafe class Atomic(Func<ulong, ulong, ulong, ulong> operation, int d, AddressForm address, Slot b, Slot c, int bytes) : Operation
{
    [SkipLocalsInit]
    public override void Execute(Warp warp, uint mask)
    {
        ulong* addresses = stackalloc ulong[Lanes.Count];
        byte** pointers = stackalloc byte*[Lanes.Count];
        LaneMemory.Addresses(warp.Frame, address, addresses);
        LaneMemory.Locate(warp, mask, address.Space, addresses, bytes, Access.Update, ordered: true, pointers);
        bool wide = bytes == 8;
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            byte* at = pointers[lane];
            ulong old = bytes switch
            {
                2 => *(ushort*)at,
                4 => *(uint*)at,
                _ => *(ulong*)at,
            };
            ulong result = operation(old, Lane(b, warp, lane, wide), Lane(c, warp, lane, wide));
            switch (bytes)
            {
                case 2:
                    *(ushort*)at = (ushort)result;
                    break;
                case 4:
                    *(uint*)at = (uint)result;
                    break;
                default:
                    *(ulong*)at = result;
                    break;
            }

            if (d < 0)
            {
                continue;
            }

            if (wide)
            {
                ((ulong*)(warp.Frame + d))[lane] = old;
            }
            else
            {
                ((uint*)(warp.Frame + d))[lane] = (uint)old;
            }
        }
    }

    static ulong Lane(Slot slot, Warp warp, int lane, bool wide) => wide ? slot.Longs(warp.Frame)[lane] : slot.Words(warp.Frame)[lane];
}
