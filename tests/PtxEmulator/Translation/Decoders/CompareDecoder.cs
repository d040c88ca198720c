namespace PtxEmulator;

/// <summary>Comparisons and choices: setp, set, selp, slct.</summary>
static class CompareDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["setp"] = SetPredicate;
        table["set"] = Set;
        table["selp"] = Select;
        table["slct"] = SelectBySign;
    }

    static Operation SetPredicate(Form form)
    {
        string comparison = form.TakeNext()!;
        Combination combination = TakeCombination(form);
        bool flush = form.Take("ftz");
        PtxType type = form.TakeType();
        form.DemandOperands(combination == Combination.None ? 3 : 4);
        (Slot a, Slot b) = (form.Read(1, type), form.Read(2, type));
        (Slot c, uint flip) = combination == Combination.None ? (a, 0) : form.ReadPredicate(form.At(3));
        (int p, int q) = form.At(0) is PairOperand pair ? (form.WritePredicate(pair.First), form.WritePredicate(pair.Second)) : (form.WritePredicate(form.At(0)), -1);
        return type switch
        {
            PtxType.F16 or PtxType.BF16 => new LaneCompare(Holds(form, comparison, type), p, q, a, b, combination, c, flip),
            PtxType.F32 => Vector<float>(0),
            PtxType.F64 => Vector<double>(0),
            PtxType.S16 => Vector<int>(16),
            PtxType.S32 => Vector<int>(0),
            PtxType.S64 => Vector<long>(0),
            PtxType.U64 or PtxType.B64 => Vector<ulong>(0),
            _ => Vector<uint>(0),
        };

        Operation Vector<T>(int shift)
            where T : unmanaged
        {
            Operation Of<TComparison>(bool inverted)
                where TComparison : struct, IComparison =>
                new Compare<T, TComparison>(p, q, a, b, inverted, shift, flush, combination, c, flip);

            bool isFloat = type.IsFloat();
            return comparison switch
            {
                "eq" => Of<EqualTo>(false),
                "ne" => isFloat ? Of<LessOrGreater>(false) : Of<EqualTo>(true),
                "lt" or "lo" => Of<LessThan>(false),
                "le" or "ls" => Of<LessOrEqual>(false),
                "gt" or "hi" => Of<GreaterThan>(false),
                "ge" or "hs" => Of<GreaterOrEqual>(false),
                "equ" when isFloat => Of<LessOrGreater>(true),
                "neu" when isFloat => Of<EqualTo>(true),
                "ltu" when isFloat => Of<GreaterOrEqual>(true),
                "leu" when isFloat => Of<GreaterThan>(true),
                "gtu" when isFloat => Of<LessOrEqual>(true),
                "geu" when isFloat => Of<LessThan>(true),
                "num" when isFloat => Of<Ordered>(false),
                "nan" when isFloat => Of<Ordered>(true),
                _ => throw form.Unknown($"with .{comparison}"),
            };
        }
    }

    static Operation Set(Form form)
    {
        string comparison = form.TakeNext()!;
        bool flush = form.Take("ftz");
        PtxType target = form.TakeType();
        PtxType type = form.TakeType();
        form.DemandOperands(3);
        uint whenTrue = target == PtxType.F32 ? 0x3f800000 : uint.MaxValue;
        int d = form.Write(0, target);
        if (type.IsWide())
        {
            Func<ulong, ulong, bool> wide = HoldsWide(form, comparison, type);
            return new LaneBinary<ulong, ulong, uint>((x, y) => wide(x, y) ? whenTrue : 0, d, form.Read(1, type), form.Read(2, type));
        }

        Func<uint, uint, bool> holds = Holds(form, comparison, type);
        FloatFinish finish = new(Rounding.NearestEven, flush, Saturates: false);
        return flush
            ? new LaneBinary<uint, uint, uint>((x, y) => holds(FloatBits.ToF32(finish.Operand(x), Rounding.NearestEven), FloatBits.ToF32(finish.Operand(y), Rounding.NearestEven)) ? whenTrue : 0, d, form.Read(1, type), form.Read(2, type))
            : new LaneBinary<uint, uint, uint>((x, y) => holds(x, y) ? whenTrue : 0, d, form.Read(1, type), form.Read(2, type));
    }

    static Operation Select(Form form)
    {
        PtxType type = form.TakeType();
        form.DemandOperands(4);
        (Slot p, uint flip) = form.ReadPredicate(form.At(3));
        return type.IsWide()
            ? new SelectByPredicate<ulong>(form.Write(0, type), form.Read(1, type), form.Read(2, type), p, flip)
            : new SelectByPredicate<uint>(form.Write(0, type), form.Read(1, type), form.Read(2, type), p, flip);
    }

    static Operation SelectBySign(Form form)
    {
        PtxType type = form.TakeType();
        PtxType sign = form.TakeType();
        form.Take("ftz");
        if (type.IsWide() || sign is not (PtxType.S32 or PtxType.F32))
        {
            throw form.Unknown("of this type");
        }

        return new LaneTernary<uint, uint, uint, uint>(
            (a, b, c) => (sign == PtxType.S32 ? (int)c >= 0 : BitConverter.UInt32BitsToSingle(c) >= 0) ? a : b,
            form.Write(0, type), form.Read(1, type), form.Read(2, type), form.Read(3, sign));
    }

    static Combination TakeCombination(Form form) => form.TakeAny("and", "or", "xor") switch
    {
        "and" => Combination.And,
        "or" => Combination.Or,
        "xor" => Combination.Xor,
        _ => Combination.None,
    };

    static Func<uint, uint, bool> Holds(Form form, string comparison, PtxType type)
    {
        if (type.IsFloat())
        {
            Func<double, double, bool> floats = OfFloats(form, comparison);
            return type switch
            {
                PtxType.F16 => (x, y) => floats(FloatBits.FromF16(x), FloatBits.FromF16(y)),
                PtxType.BF16 => (x, y) => floats(FloatBits.FromBF16(x), FloatBits.FromBF16(y)),
                _ => (x, y) => floats(FloatBits.FromF32(x), FloatBits.FromF32(y)),
            };
        }

        Func<int, bool> order = OfOrder(form, comparison);
        return type switch
        {
            PtxType.S16 => (x, y) => order(((short)x).CompareTo((short)y)),
            PtxType.S32 => (x, y) => order(((int)x).CompareTo((int)y)),
            _ => (x, y) => order(x.CompareTo(y)),
        };
    }

    static Func<ulong, ulong, bool> HoldsWide(Form form, string comparison, PtxType type)
    {
        if (type == PtxType.F64)
        {
            Func<double, double, bool> floats = OfFloats(form, comparison);
            return (x, y) => floats(BitConverter.UInt64BitsToDouble(x), BitConverter.UInt64BitsToDouble(y));
        }

        Func<int, bool> order = OfOrder(form, comparison);
        return type == PtxType.S64 ? (x, y) => order(((long)x).CompareTo((long)y)) : (x, y) => order(x.CompareTo(y));
    }

    static Func<int, bool> OfOrder(Form form, string comparison) => comparison switch
    {
        "eq" => order => order == 0,
        "ne" => order => order != 0,
        "lt" or "lo" => order => order < 0,
        "le" or "ls" => order => order <= 0,
        "gt" or "hi" => order => order > 0,
        "ge" or "hs" => order => order >= 0,
        _ => throw form.Unknown($"with .{comparison}"),
    };

    static Func<double, double, bool> OfFloats(Form form, string comparison) => comparison switch
    {
        "eq" => (x, y) => x == y,
        "ne" => (x, y) => x < y || x > y,
        "lt" => (x, y) => x < y,
        "le" => (x, y) => x <= y,
        "gt" => (x, y) => x > y,
        "ge" => (x, y) => x >= y,
        "equ" => (x, y) => !(x < y || x > y),
        "neu" => (x, y) => x != y,
        "ltu" => (x, y) => !(x >= y),
        "leu" => (x, y) => !(x > y),
        "gtu" => (x, y) => !(x <= y),
        "geu" => (x, y) => !(x < y),
        "num" => (x, y) => !double.IsNaN(x) && !double.IsNaN(y),
        "nan" => (x, y) => double.IsNaN(x) || double.IsNaN(y),
        _ => throw form.Unknown($"with .{comparison}"),
    };
}
