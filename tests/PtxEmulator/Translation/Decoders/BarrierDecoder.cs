namespace PtxEmulator;

/// <summary>Barriers of the block and of the warp.</summary>
static class BarrierDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["bar"] = Decode;
        table["barrier"] = Decode;
    }

    static Operation Decode(Form form)
    {
        if (form.Take("warp"))
        {
            form.Demand("sync");
            return new WarpBarrier(form.Read(0, PtxType.U32));
        }

        form.Take("cta");
        string kind = form.TakeAny("sync", "arrive", "red") ?? throw form.Unknown("of this kind");
        form.Take("aligned");
        if (kind == "red")
        {
            return Reduction(form);
        }

        form.DemandOperands(1, 2);
        Slot? threads = form.Operands.Length > 1 ? form.Read(1, PtxType.U32) : null;
        return kind == "arrive" && threads is null
            ? throw form.Unknown("without a number of threads")
            : new BarrierOperation(kind == "sync", form.Read(0, PtxType.U32), threads, null);
    }

    static Operation Reduction(Form form)
    {
        string kind = form.TakeAny("popc", "and", "or") ?? throw form.Unknown("of this kind");
        PtxType type = form.TakeType();
        form.DemandOperands(3, 4);
        int place = type == PtxType.Pred ? form.WritePredicate(form.At(0)) : form.Write(0, type);
        Slot? threads = form.Operands.Length > 3 ? form.Read(2, PtxType.U32) : null;
        (Slot p, uint flip) = form.ReadPredicate(form.At(form.Operands.Length - 1));
        return new BarrierOperation(waits: true, form.Read(1, PtxType.U32), threads, new BarrierReduction(kind, place, p, flip));
    }
}
