namespace PtxEmulator;

/// <summary>Instructions between the lanes of a warp.</summary>
static class WarpDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["shfl"] = Shuffle;
        table["vote"] = Vote;
        table["redux"] = Reduce;
        table["match"] = Match;
        table["elect"] = Elect;
        table["activemask"] = form => new ActiveMask(form.Write(0, form.TakeType()));
    }

    static Operation Shuffle(Form form)
    {
        form.Demand("sync");
        ShuffleMode mode = form.TakeAny("up", "down", "bfly", "idx") switch
        {
            "up" => ShuffleMode.Up,
            "down" => ShuffleMode.Down,
            "bfly" => ShuffleMode.Butterfly,
            "idx" => ShuffleMode.Index,
            _ => throw form.Unknown("without a mode"),
        };
        PtxType type = form.TakeType();
        form.DemandOperands(5);
        (int d, int p) = Results(form, type);
        return new Shuffle(mode, d, p, form.Read(1, type), form.Read(2, PtxType.U32), form.Read(3, PtxType.U32), form.Read(4, PtxType.U32));
    }

    static Operation Vote(Form form)
    {
        form.Demand("sync");
        string mode = form.TakeAny("ballot", "all", "any", "uni") ?? throw form.Unknown("without a mode");
        PtxType type = form.TakeType();
        int d = type == PtxType.Pred ? form.WritePredicate(form.At(0)) : form.Write(0, type);
        (Slot p, uint flip) = form.ReadPredicate(form.At(1));
        return new Vote(mode, d, p, flip, form.Read(2, PtxType.U32));
    }

    static Operation Reduce(Form form)
    {
        form.Demand("sync");
        string? operation = form.TakeAny("add", "min", "max", "and", "or", "xor");
        PtxType type = form.TakeType();
        Func<uint, uint, uint> combine = (operation, type) switch
        {
            ("add", PtxType.U32 or PtxType.S32) => (x, y) => x + y,
            ("min", PtxType.U32) => Math.Min,
            ("max", PtxType.U32) => Math.Max,
            ("min", PtxType.S32) => (x, y) => (uint)Math.Min((int)x, (int)y),
            ("max", PtxType.S32) => (x, y) => (uint)Math.Max((int)x, (int)y),
            ("and", PtxType.B32) => (x, y) => x & y,
            ("or", PtxType.B32) => (x, y) => x | y,
            ("xor", PtxType.B32) => (x, y) => x ^ y,
            _ => throw form.Unknown("of this operation and type"),
        };
        return new Reduce(combine, form.Write(0, type), form.Read(1, type), form.Read(2, PtxType.U32));
    }

    static Operation Match(Form form)
    {
        bool all = form.TakeAny("any", "all") == "all";
        form.Demand("sync");
        PtxType type = form.TakeType();
        (int d, int p) = Results(form, PtxType.B32);
        return new Match(all, type.IsWide(), d, p, form.Read(1, type), form.Read(2, PtxType.U32));
    }

    static Operation Elect(Form form)
    {
        form.Demand("sync");
        (int d, int p) = Results(form, PtxType.B32);
        return new Elect(d, p, form.Read(1, PtxType.U32));
    }

    /// <summary><c>d</c> or <c>d|p</c>.</summary>
    static (int D, int P) Results(Form form, PtxType type) =>
        form.At(0) is PairOperand pair
            ? (form.Write(pair.First, type), form.WritePredicate(pair.Second))
            : (form.Write(0, type), -1);
}
