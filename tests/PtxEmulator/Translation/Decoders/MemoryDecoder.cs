using System.Numerics;

namespace PtxEmulator;

/// <summary>Loads, stores, fences and advice to caches.</summary>
static class MemoryDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["ld"] = Load;
        table["ldu"] = Load;
        table["st"] = Store;
        table["fence"] = Fence;
        table["membar"] = form =>
        {
            form.TakeAny("gl", "cta", "sys");
            return new NoOperation();
        };
        table["prefetch"] = Advice;
        table["prefetchu"] = Advice;
        table["applypriority"] = Advice;
        table["discard"] = Advice;
        table["createpolicy"] = Policy;
    }

    /// <summary>The state space of a memory instruction.</summary>
    public static StateSpace TakeSpace(Form form) => form.TakeAny("global", "shared::cta", "shared::cluster", "shared", "local", "param::entry", "param::func", "param", "const") switch
    {
        null => StateSpace.Generic,
        "global" => StateSpace.Global,
        "const" => StateSpace.Constant,
        "local" => StateSpace.Local,
        "param" or "param::entry" or "param::func" => StateSpace.Parameter,
        _ => StateSpace.Shared,
    };

    static Operation Load(Form form)
    {
        bool ordered = TakeAdvice(form);
        bool isReadOnly = form.Take("nc");
        StateSpace space = TakeSpace(form);
        form.TakeAny("v2", "v4", "v8");
        PtxType type = form.TakeType();
        if (form.Take("unified"))
        {
            throw form.Unknown("with .unified");
        }

        AddressForm address = form.Address(form.At(1), space);
        Operand[] targets = form.Elements(0);
        form.DemandOperands(2, 3);
        RefuseLong(form, targets.Length, type);
        (int Place, bool IsWide)[] places = [.. targets.Select(target => form.WriteAny(target, Math.Max(2, type.Bytes())))];
        bool wide = places[0].IsWide;
        int[] offsets = [.. places.Select(place => place.Place)];
        bool narrowRegister = form.RegisterBytes(targets[0]) == 2;
        return type.Bytes() switch
        {
            1 when type.IsSigned() && narrowRegister => new LoadSmallSigned(offsets, address, ordered),
            1 when type.IsSigned() => wide ? Make<sbyte, ulong>() : Make<sbyte, uint>(),
            1 => wide ? Make<byte, ulong>() : Make<byte, uint>(),
            2 when type.IsSigned() && !narrowRegister => wide ? Make<short, ulong>() : Make<short, uint>(),
            2 => wide ? Make<ushort, ulong>() : Make<ushort, uint>(),
            4 when wide => type.IsSigned() ? Make<int, ulong>() : Make<uint, ulong>(),
            4 => Make<uint, uint>(),
            _ => Make<ulong, ulong>(),
        };

        Operation Make<T, TLane>()
            where T : unmanaged, INumberBase<T>
            where TLane : unmanaged, INumberBase<TLane> =>
            address is { Space: StateSpace.Parameter, Fixed: { } at }
                ? new LoadParameter<T, TLane>(offsets, checked((int)at))
                : new Load<T, TLane>(offsets, address, ordered, isReadOnly);
    }

    static Operation Store(Form form)
    {
        bool ordered = TakeAdvice(form);
        StateSpace space = TakeSpace(form);
        form.TakeAny("v2", "v4", "v8");
        PtxType type = form.TakeType();
        form.DemandOperands(2, 3);
        AddressForm address = form.Address(form.At(0), space);
        Operand[] sources = form.Elements(1);
        RefuseLong(form, sources.Length, type);
        (Slot Slot, bool IsWide)[] values = [.. sources.Select(source => form.ReadAny(source, type))];
        bool wide = values[0].IsWide;
        Slot[] slots = [.. values.Select(value => value.Slot)];
        return type.Bytes() switch
        {
            1 => wide ? new Store<byte, ulong>(slots, address, ordered) : new Store<byte, uint>(slots, address, ordered),
            2 => wide ? new Store<ushort, ulong>(slots, address, ordered) : new Store<ushort, uint>(slots, address, ordered),
            4 => wide ? new Store<uint, ulong>(slots, address, ordered) : new Store<uint, uint>(slots, address, ordered),
            _ => new Store<ulong, ulong>(slots, address, ordered),
        };
    }

    static void RefuseLong(Form form, int elements, PtxType type)
    {
        if (elements * type.Bytes() > 16)
        {
            throw form.Unknown("of more than 16 bytes");
        }
    }

    /// <summary>Takes what says how memory is ordered, and what advises the caches, which changes no result.</summary>
    /// <returns>Whether the access is volatile or takes part in synchronisation.</returns>
    static bool TakeAdvice(Form form)
    {
        bool ordered = form.TakeAny("volatile", "acquire", "release", "relaxed", "mmio") is not null;
        form.Take("weak");
        form.TakeAny("cta", "cluster", "gpu", "sys");
        form.TakeAny("ca", "cg", "cs", "cv", "lu", "wb", "wt");
        form.TakeAny("L1::evict_normal", "L1::evict_unchanged", "L1::evict_first", "L1::evict_last", "L1::no_allocate");
        form.TakeAny("L2::evict_normal", "L2::evict_first", "L2::evict_last");
        if (form.Take("L2::cache_hint"))
        {
            form.Read(form.Operands.Length - 1, PtxType.B64);
        }

        form.TakeAny("L2::64B", "L2::128B", "L2::256B");
        return ordered;
    }

    static Operation Fence(Form form)
    {
        if (form.Take("proxy"))
        {
            return ProxyFence(form);
        }

        if (form.Take("mbarrier_init"))
        {
            form.Demand("release");
            form.Demand("cluster");
            return new PhaseBarrierFence();
        }

        form.TakeAny("sc", "acq_rel", "acquire", "release");
        form.TakeAny("cta", "cluster", "gpu", "sys");
        form.DemandOperands(0);
        return new NoOperation();
    }

    static Operation ProxyFence(Form form)
    {
        string? kind = form.TakeAny("async", "async::generic", "alias", "tensormap::generic");
        form.TakeAny("acquire", "release");
        form.Take("sync_restrict::shared::cta");
        form.Take("sync_restrict::shared::cluster");
        string? space = form.TakeAny("global", "shared::cta", "shared::cluster", "shared");
        form.TakeAny("cta", "cluster", "gpu", "sys");
        foreach (Operand operand in form.Operands)
        {
            if (operand is AddressOperand)
            {
                form.Address(operand, StateSpace.Generic);
            }
        }

        return kind switch
        {
            "async" or "async::generic" => new AsyncFence(shared: space != "global", global: space is null or "global"),
            null => throw form.Unknown("of this proxy"),
            _ => new NoOperation(),
        };
    }

    static Operation Advice(Form form)
    {
        while (form.TakeNext() is not null)
        {
        }

        form.Address(form.At(0), StateSpace.Generic);
        return new NoOperation();
    }

    static Operation Policy(Form form)
    {
        while (form.TakeNext() is not null)
        {
        }

        return new Unary<ulong, Copy<ulong>>(form.Write(0, PtxType.B64), form.Constants.Add(0, wide: true));
    }
}
