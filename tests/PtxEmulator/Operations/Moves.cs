namespace PtxEmulator;

/// <summary><c>mov.b64 d, {a, b}</c>: the first part is lowest.</summary>
sealed unsafe class PackLanes(int d, bool isWide, Slot[] parts, int bits) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            ulong value = 0;
            for (int i = 0; i < parts.Length; i++)
            {
                value |= (ulong)parts[i].Words(warp.Frame)[lane] << (i * bits);
            }

            if (isWide)
            {
                ((ulong*)(warp.Frame + d))[lane] = value;
            }
            else
            {
                ((uint*)(warp.Frame + d))[lane] = (uint)value;
            }
        }
    }
}

/// <summary><c>mov.b64 {a, b}, d</c>.</summary>
sealed unsafe class UnpackLanes(int[] places, Slot a, bool isWide, int bits) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        uint part = bits == 32 ? uint.MaxValue : ushort.MaxValue;
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            ulong value = isWide ? a.Longs(warp.Frame)[lane] : a.Words(warp.Frame)[lane];
            for (int i = 0; i < places.Length; i++)
            {
                ((uint*)(warp.Frame + places[i]))[lane] = (uint)(value >> (i * bits)) & part;
            }
        }
    }
}

/// <summary>A clock that goes on whenever it is read.</summary>
sealed unsafe class ReadClock(int d, bool isWide) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        ulong now = warp.Clock;
        while (mask != 0)
        {
            int lane = Lanes.Next(ref mask);
            if (isWide)
            {
                ((ulong*)(warp.Frame + d))[lane] = now;
            }
            else
            {
                ((uint*)(warp.Frame + d))[lane] = (uint)now;
            }
        }
    }
}

sealed unsafe class IsInSpace(int p, Slot a, StateSpace space) : Operation
{
    public override void Execute(Warp warp, uint mask)
    {
        uint answer = 0;
        for (uint rest = mask; rest != 0;)
        {
            int lane = Lanes.Next(ref rest);
            answer |= AddressWindows.SpaceOf(a.Longs(warp.Frame)[lane]) == space ? 1u << lane : 0;
        }

        Predicates.Write(warp.Frame, p, answer, mask);
    }
}

/// <summary>A register holds nothing in particular from here on: something that stands out.</summary>
sealed unsafe class ImplicitDefinition(Register register) : Operation
{
    const uint Poison = 0x7a7a7a7a;

    public override void Execute(Warp warp, uint mask)
    {
        if (register.IsPredicate)
        {
            Predicates.Write(warp.Frame, register.Offset, Poison, mask);
            return;
        }

        int words = register.Type.IsWide() ? 2 : 1;
        uint value = register.Type.Bytes() == 2 ? Poison & ushort.MaxValue : Poison;
        while (mask != 0)
        {
            new Span<uint>(warp.Frame + register.Offset, words * Lanes.Count).Slice(words * Lanes.Next(ref mask), words).Fill(value);
        }
    }
}
