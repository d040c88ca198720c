using System.Numerics;
using System.Runtime.CompilerServices;

namespace PtxEmulator;

/// <summary><c>ld</c>: elements of type T become lanes of type TLane, signed ones with their sign.</summary>
/// <param name="places">Where the registers are.</param>
/// <param name="address">Of the first element.</param>
/// <param name="ordered">As <see cref="LaneMemory.Locate"/> has it.</param>
/// <param name="isReadOnly">Whether nobody may write there while the kernel runs (<c>.nc</c>).</param>
sealed unsafe class Load<T, TLane>(int[] places, AddressForm address, bool ordered, bool isReadOnly) : Operation
    where T : unmanaged, INumberBase<T>
    where TLane : unmanaged, INumberBase<TLane>
{
    readonly int _bytes = sizeof(T) * places.Length;

    [SkipLocalsInit]
    public override void Execute(Warp warp, uint mask)
    {
        ulong* addresses = stackalloc ulong[Lanes.Count];
        byte** pointers = stackalloc byte*[Lanes.Count];
        LaneMemory.Addresses(warp.Frame, address, addresses);
        LaneMemory.Locate(warp, mask, address.Space, addresses, _bytes, Access.Read, ordered, pointers);
        if (isReadOnly && mask != 0)
        {
            LaunchWait.CheckReadOnly(warp, mask, addresses);
        }

        for (int i = 0; i < places.Length; i++)
        {
            var to = (TLane*)(warp.Frame + places[i]);
            for (uint rest = mask; rest != 0;)
            {
                int lane = Lanes.Next(ref rest);
                to[lane] = TLane.CreateTruncating(((T*)pointers[lane])[i]);
            }
        }
    }
}

/// <summary>A load from a place of the parameters that is the same for all lanes.</summary>
sealed unsafe class LoadParameter<T, TLane>(int[] places, int offset) : Operation
    where T : unmanaged, INumberBase<T>
    where TLane : unmanaged, INumberBase<TLane>
{
    public override void Execute(Warp warp, uint mask)
    {
        fixed (byte* parameters = warp.Block.Launch.Parameters)
        {
            for (int i = 0; i < places.Length; i++)
            {
                TLane value = TLane.CreateTruncating(((T*)(parameters + offset))[i]);
                var to = (TLane*)(warp.Frame + places[i]);
                for (uint rest = mask; rest != 0;)
                {
                    to[Lanes.Next(ref rest)] = value;
                }
            }
        }
    }
}

/// <summary><c>st</c>.</summary>
sealed unsafe class Store<T, TLane>(Slot[] values, AddressForm address, bool ordered) : Operation
    where T : unmanaged, INumberBase<T>
    where TLane : unmanaged, INumberBase<TLane>
{
    readonly int _bytes = sizeof(T) * values.Length;

    [SkipLocalsInit]
    public override void Execute(Warp warp, uint mask)
    {
        ulong* addresses = stackalloc ulong[Lanes.Count];
        byte** pointers = stackalloc byte*[Lanes.Count];
        LaneMemory.Addresses(warp.Frame, address, addresses);
        LaneMemory.Locate(warp, mask, address.Space, addresses, _bytes, Access.Write, ordered, pointers);
        for (int i = 0; i < values.Length; i++)
        {
            var from = (TLane*)values[i].In(warp.Frame);
            for (uint rest = mask; rest != 0;)
            {
                int lane = Lanes.Next(ref rest);
                ((T*)pointers[lane])[i] = T.CreateTruncating(from[lane]);
            }
        }

        if (warp.Rewrites.Count > 0)
        {
            GlobalOrder.EndStore(warp, mask);
        }
    }
}
