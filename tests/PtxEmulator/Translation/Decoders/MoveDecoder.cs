namespace PtxEmulator;

/// <summary>Moves, packing and unpacking, addresses.</summary>
static class MoveDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["mov"] = Move;
        table["cvta"] = ConvertAddress;
        table["isspacep"] = IsInSpace;
    }

    static Operation Move(Form form)
    {
        PtxType type = form.TakeType();
        form.DemandOperands(2);
        if (type == PtxType.Pred)
        {
            (Slot p, uint flip) = form.ReadPredicate(form.At(1));
            return new PredicateLogic((x, _) => x, form.WritePredicate(form.At(0)), p, flip, p, 0);
        }

        if (form.At(1) is VectorOperand parts)
        {
            return Pack(form, type, parts.Elements);
        }

        if (form.At(0) is VectorOperand targets)
        {
            return Unpack(form, type, targets.Elements);
        }

        if (form.At(1) is NameOperand { Name: "%clock" or "%clock64" or "%clock_hi" or "%globaltimer" or "%globaltimer_lo" or "%globaltimer_hi" })
        {
            return new ReadClock(form.Write(0, type), type.IsWide());
        }

        return type.IsWide()
            ? new Unary<ulong, Copy<ulong>>(form.Write(0, type), form.Read(1, type))
            : new Unary<uint, Copy<uint>>(form.Write(0, type), form.Read(1, type));
    }

    static Operation Pack(Form form, PtxType type, Operand[] parts)
    {
        PtxType part = PartOf(form, type, parts.Length);
        Slot[] slots = [.. parts.Select(operand => form.Read(operand, part))];
        return new PackLanes(form.Write(0, type), type.IsWide(), slots, part.Bytes() * 8);
    }

    static Operation Unpack(Form form, PtxType type, Operand[] parts)
    {
        PtxType part = PartOf(form, type, parts.Length);
        int[] places = [.. parts.Select(operand => form.Write(operand, part))];
        return new UnpackLanes(places, form.Read(1, type), type.IsWide(), part.Bytes() * 8);
    }

    static PtxType PartOf(Form form, PtxType type, int parts) => (type.Bytes() / parts) switch
    {
        4 => PtxType.B32,
        2 => PtxType.B16,
        _ => throw form.Unknown($"in {parts} parts"),
    };

    static Operation ConvertAddress(Form form)
    {
        bool toSpace = form.Take("to");
        string? space = form.TakeAny("global", "shared", "shared::cta", "local", "const", "param");
        PtxType type = form.TakeType();
        if (space is null || !type.IsWide())
        {
            throw form.Unknown("without a state space of 64-bit addresses");
        }

        ulong window = AddressWindows.WindowOf(SpaceOf(space));
        (int d, Slot a) = (form.Write(0, type), form.Read(1, type));
        if (window == 0)
        {
            return new Unary<ulong, Copy<ulong>>(d, a);
        }

        Slot distance = form.Constants.Add(toSpace ? 0 - window : window, wide: true);
        return new Binary<ulong, IntegerAdd<ulong>>(d, a, distance);
    }

    static Operation IsInSpace(Form form)
    {
        string? space = form.TakeAny("global", "shared", "shared::cta", "shared::cluster", "local", "const", "param");
        StateSpace wanted = SpaceOf(space ?? throw form.Unknown("without a state space"));
        if (wanted == StateSpace.Constant)
        {
            throw form.Unknown("of constant memory");
        }

        return new IsInSpace(form.WritePredicate(form.At(0)), form.Read(1, PtxType.B64), wanted);
    }

    static StateSpace SpaceOf(string space) => space switch
    {
        "global" => StateSpace.Global,
        "const" => StateSpace.Constant,
        "local" => StateSpace.Local,
        "param" => StateSpace.Parameter,
        _ => StateSpace.Shared,
    };
}
