namespace PtxEmulator;

static class AtomicDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["atom"] = form => Decode(form, hasResult: true);
        table["red"] = form => form.Take("async") ? throw form.Unknown("with .async") : Decode(form, hasResult: false);
    }

    static Operation Decode(Form form, bool hasResult)
    {
        form.TakeAny("relaxed", "acquire", "release", "acq_rel");
        form.TakeAny("cta", "cluster", "gpu", "sys");
        StateSpace space = MemoryDecoder.TakeSpace(form);
        form.Take("noftz");
        string? operation = form.TakeAny("add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec");
        PtxType type = form.TakeType();
        int first = hasResult ? 1 : 0;
        form.DemandOperands(operation == "cas" ? first + 3 : first + 2);
        AddressForm address = form.Address(form.At(first), space);
        Slot b = form.Read(first + 1, type);
        Slot c = operation == "cas" ? form.Read(first + 2, type) : b;
        int d = hasResult ? form.Write(0, type) : -1;
        return new Atomic(Update(form, operation, type), d, address, b, c, type.Bytes());
    }

    static Func<ulong, ulong, ulong, ulong> Update(Form form, string? operation, PtxType type) => (operation, type) switch
    {
        ("add", PtxType.F32) => (old, b, _) => FloatBits.ToF32(Exact.Sum(FloatBits.FromF32((uint)old), FloatBits.FromF32((uint)b)), Rounding.NearestEven),
        ("add", PtxType.F64) => (old, b, _) => BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(old) + BitConverter.UInt64BitsToDouble(b)),
        ("add" or "min" or "max", PtxType.F16 or PtxType.F16x2 or PtxType.BF16 or PtxType.BF16x2) => Half(form, operation, type),
        ("add", PtxType.U32 or PtxType.S32 or PtxType.U64 or PtxType.S64) => (old, b, _) => old + b,
        ("min", PtxType.U32 or PtxType.U64) => (old, b, _) => Math.Min(old, b),
        ("max", PtxType.U32 or PtxType.U64) => (old, b, _) => Math.Max(old, b),
        ("min", PtxType.S32) => (old, b, _) => (uint)Math.Min((int)old, (int)b),
        ("max", PtxType.S32) => (old, b, _) => (uint)Math.Max((int)old, (int)b),
        ("min", PtxType.S64) => (old, b, _) => (ulong)Math.Min((long)old, (long)b),
        ("max", PtxType.S64) => (old, b, _) => (ulong)Math.Max((long)old, (long)b),
        ("and", PtxType.B32 or PtxType.B64) => (old, b, _) => old & b,
        ("or", PtxType.B32 or PtxType.B64) => (old, b, _) => old | b,
        ("xor", PtxType.B32 or PtxType.B64) => (old, b, _) => old ^ b,
        ("exch", PtxType.B32 or PtxType.B64) => (_, b, _) => b,
        ("cas", PtxType.B16 or PtxType.B32 or PtxType.B64) => (old, b, c) => old == b ? c : old,
        ("inc", PtxType.U32) => (old, b, _) => old >= b ? 0 : old + 1,
        ("dec", PtxType.U32) => (old, b, _) => old == 0 || old > b ? b : old - 1,
        _ => throw form.Unknown("of this operation and type"),
    };

    static Func<ulong, ulong, ulong, ulong> Half(Form form, string operation, PtxType type)
    {
        HalfLanes lanes = HalfLanes.Of(form, type, flush: false, saturate: false, relu: false);
        Func<double, double, double> combine = operation switch
        {
            "add" => (x, y) => Exact.Sum(x, y),
            "min" => double.MinNumber,
            _ => double.MaxNumber,
        };
        return (old, b, _) => lanes.Apply((uint)old, (uint)b, combine);
    }
}
