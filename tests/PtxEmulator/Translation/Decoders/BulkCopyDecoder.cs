namespace PtxEmulator;

/// <summary><c>cp.async.bulk</c> and <c>cp.async.bulk.tensor</c>; a block is the only one of its cluster.</summary>
static class BulkCopyDecoder
{
    public static Operation Decode(Form form)
    {
        switch (form.TakeAny("commit_group", "wait_group", "prefetch"))
        {
            case "commit_group":
                return new NoOperation();
            case "wait_group":
                form.Take("read");
                form.Integer(0);
                return new BulkWait();
            case "prefetch":
                return Prefetch(form);
        }

        if (form.Take("multicast::cluster"))
        {
            throw form.Unknown("with .multicast::cluster");
        }

        bool tensor = form.Take("tensor");
        bool toGlobal = form.Syntax.Modifiers.SkipWhile(modifier => modifier is not ("global" or "shared::cluster" or "shared::cta")).First() == "global";
        form.Demand("global");
        if (form.TakeAny("shared::cluster", "shared::cta") is null)
        {
            throw form.Unknown("without shared memory");
        }

        form.Demand(toGlobal ? "bulk_group" : "mbarrier::complete_tx::bytes");
        int last = form.Operands.Length - 1;
        if (form.Take("L2::cache_hint"))
        {
            form.Read(last--, PtxType.B64);
        }

        return tensor ? Tensor(form, toGlobal, last) : Plain(form, toGlobal, last);
    }

    static Operation Plain(Form form, bool toGlobal, int last)
    {
        if (last != (toGlobal ? 2 : 3))
        {
            throw form.Unknown($"with {last + 1} operands");
        }

        AddressForm destination = form.Address(form.At(0), toGlobal ? StateSpace.Global : StateSpace.Shared);
        AddressForm source = form.Address(form.At(1), toGlobal ? StateSpace.Shared : StateSpace.Global);
        AddressForm barrier = toGlobal ? default : form.Address(form.At(3), StateSpace.Shared);
        return new BulkCopy(!toGlobal, destination, source, form.Read(2, PtxType.U32), barrier);
    }

    static Operation Tensor(Form form, bool toGlobal, int last)
    {
        int rank = Rank(form);
        form.Take("tile");
        if (last != (toGlobal ? 1 : 2))
        {
            throw form.Unknown($"with {last + 1} operands");
        }

        Operand map = form.At(toGlobal ? 0 : 1);
        Operand shared = form.At(toGlobal ? 1 : 0);
        Operand[] coordinates = map is AddressOperand { Coordinates: var given } && given.Length == rank ? given : throw form.Unknown($"without {rank} coordinates");
        return new TensorCopy(
            !toGlobal,
            form.Address(shared, StateSpace.Shared),
            form.Address(map, StateSpace.Generic),
            [.. coordinates.Select(coordinate => form.Read(coordinate, PtxType.S32))],
            toGlobal ? default : form.Address(form.At(2), StateSpace.Shared));
    }

    static Operation Prefetch(Form form)
    {
        if (form.Take("tensor"))
        {
            Rank(form);
            form.Take("tile");
        }
        else
        {
            form.Read(1, PtxType.U32);
        }

        form.Demand("L2");
        form.Demand("global");
        if (form.Take("L2::cache_hint"))
        {
            form.Read(form.Operands.Length - 1, PtxType.B64);
        }

        form.Address(form.At(0), StateSpace.Generic);
        return new NoOperation();
    }

    static int Rank(Form form) => form.TakeAny("1d", "2d", "3d", "4d", "5d") is { } rank ? rank[0] - '0' : throw form.Unknown("without a number of dimensions");
}
