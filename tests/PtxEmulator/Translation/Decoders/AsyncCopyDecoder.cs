namespace PtxEmulator;

/// <summary><c>cp.async</c>; the bulk copies are <see cref="BulkCopyDecoder"/>'s.</summary>
static class AsyncCopyDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table) => table["cp"] = Decode;

    static Operation Decode(Form form)
    {
        if (form.Take("reduce"))
        {
            throw form.Unknown("with .reduce");
        }

        form.Demand("async");
        if (form.Take("bulk"))
        {
            return BulkCopyDecoder.Decode(form);
        }

        switch (form.TakeAny("commit_group", "wait_group", "wait_all", "mbarrier"))
        {
            case "commit_group":
                return new CopyCommit();
            case "wait_group":
                return new CopyWait(checked((int)form.Integer(0)));
            case "wait_all":
                return new CopyWait(-1);
            case "mbarrier":
                form.Demand("arrive");
                bool counted = form.Take("noinc");
                StateSpace space = form.TakeAny("shared", "shared::cta") is null ? StateSpace.Generic : StateSpace.Shared;
                form.Demand("b64");
                return new PhaseBarrierOperation(PhaseBarrierAction.ArriveBehindCopies, -1, form.Address(form.At(0), space), null) { IsExtraArrival = !counted };
            default:
                return Copy(form);
        }
    }

    static Operation Copy(Form form)
    {
        bool whole = form.TakeAny("cg", "ca") == "cg";
        form.TakeAny("shared", "shared::cta");
        form.Demand("global");
        form.TakeAny("L2::64B", "L2::128B", "L2::256B");
        int last = form.Operands.Length - 1;
        if (form.Take("L2::cache_hint"))
        {
            form.Read(last--, PtxType.B64);
        }

        int bytes = checked((int)form.Integer(2));
        if (bytes is not (4 or 8 or 16) || (whole && bytes != 16))
        {
            throw form.Unknown($"of {bytes} bytes");
        }

        Slot? size = null;
        Slot? ignored = null;
        uint flip = 0;
        if (last > 2)
        {
            if (form.IsPredicate(form.At(3)))
            {
                (ignored, flip) = form.ReadPredicate(form.At(3)) is var (slot, negated) ? ((Slot?)slot, negated) : default;
            }
            else
            {
                size = form.Read(3, PtxType.U32);
            }
        }

        return new CopyAsync(form.Address(form.At(0), StateSpace.Shared), form.Address(form.At(1), StateSpace.Global), bytes, size, ignored, flip);
    }
}
