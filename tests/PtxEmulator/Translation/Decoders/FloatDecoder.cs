namespace PtxEmulator;

/// <summary>Arithmetic whose opcodes integers share, and the functions of floats.</summary>
static class FloatDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["add"] = Either((form, type) => Sum(form, type, subtract: false), (form, type) => IntegerDecoder.Sum(form, type, subtract: false));
        table["sub"] = Either((form, type) => Sum(form, type, subtract: true), (form, type) => IntegerDecoder.Sum(form, type, subtract: true));
        table["mul"] = Either(Product, IntegerDecoder.Multiply);
        table["div"] = Either(Quotient, (form, type) => IntegerDecoder.Divide(form, type, remainder: false));
        table["min"] = Either((form, type) => MinMax(form, type, max: false), (form, type) => IntegerDecoder.MinMax(form, type, max: false));
        table["max"] = Either((form, type) => MinMax(form, type, max: true), (form, type) => IntegerDecoder.MinMax(form, type, max: true));
        table["abs"] = Either((form, type) => Sign(form, type, absolute: true), (form, type) => IntegerDecoder.Sign(form, type, absolute: true));
        table["neg"] = Either((form, type) => Sign(form, type, absolute: false), (form, type) => IntegerDecoder.Sign(form, type, absolute: false));
        table["fma"] = MultiplyAdd;
        table["rcp"] = Reciprocal;
        table["sqrt"] = SquareRoot;
        table["rsqrt"] = form => Approximate(form, x => 1 / Math.Sqrt(x));
        table["ex2"] = form => form.Syntax.Modifiers is [.., "f32"] ? ExponentialOfFloat(form) : Approximate(form, x => Math.Pow(2, x));
        table["lg2"] = form => Approximate(form, Math.Log2);
        table["sin"] = form => Approximate(form, Math.Sin);
        table["cos"] = form => Approximate(form, Math.Cos);
        table["tanh"] = form => Approximate(form, Math.Tanh);
        table["copysign"] = CopySign;
        table["testp"] = Test;
    }

    /// <summary>An opcode that floats and integers share.</summary>
    static Func<Form, Operation> Either(Func<Form, PtxType, Operation> floats, Func<Form, PtxType, Operation> integers) => form =>
    {
        PtxType type = form.TakeType();
        return type.IsFloat() ? floats(form, type) : integers(form, type);
    };

    /// <summary>fma, and mad of floats, which is the same.</summary>
    public static Operation MultiplyAdd(Form form)
    {
        PtxType type = form.TakeType();
        form.DemandOperands(4);
        Rounding rounding = TakeRounding(form);
        bool flush = form.Take("ftz");
        bool saturate = form.Take("sat");
        bool relu = form.Take("relu");
        (int d, Slot a, Slot b, Slot c) = (form.Write(0, type), form.Read(1, type), form.Read(2, type), form.Read(3, type));
        switch (type)
        {
            case PtxType.F32 when rounding == Rounding.NearestEven:
                return Counted((flush, saturate) switch
                {
                    (false, false) => new Ternary<float, FloatMultiplyAdd>(d, a, b, c),
                    (true, false) => new Ternary<float, Flushed3<FloatMultiplyAdd>>(d, a, b, c),
                    (false, true) => new Ternary<float, Saturated3<FloatMultiplyAdd>>(d, a, b, c),
                    _ => new Ternary<float, Saturated3<Flushed3<FloatMultiplyAdd>>>(d, a, b, c),
                });
            case PtxType.F32:
                FloatFinish finish = new(rounding, flush, saturate);
                return Counted(new LaneTernary<uint, uint, uint, uint>((x, y, z) => finish.Result(Exact.ProductSum(finish.Operand(x), finish.Operand(y), finish.Operand(z), rounding)), d, a, b, c));
            case PtxType.F64 when rounding == Rounding.NearestEven:
                return new LaneTernary<double, double, double, double>(Math.FusedMultiplyAdd, d, a, b, c);
            default:
                HalfLanes lanes = HalfLanes.Of(form, type, flush, saturate, relu);
                return new LaneTernary<uint, uint, uint, uint>((x, y, z) => lanes.Apply(x, y, z, (p, q, r) => Exact.ProductSum(p, q, r)), d, a, b, c);
        }
    }

    static Operation Sum(Form form, PtxType type, bool subtract)
    {
        Arithmetic arithmetic = Arithmetic.Of(form, type);
        if (type == PtxType.F64)
        {
            return arithmetic.Double(subtract ? (x, y) => x - y : (x, y) => x + y);
        }

        return subtract
            ? arithmetic.Float<FloatSubtract>((x, y) => Exact.Sum(x, -y, arithmetic.Rounding))
            : arithmetic.Float<FloatAdd>((x, y) => Exact.Sum(x, y, arithmetic.Rounding));
    }

    static Operation Product(Form form, PtxType type)
    {
        Arithmetic arithmetic = Arithmetic.Of(form, type);
        return type == PtxType.F64 ? arithmetic.Double((x, y) => x * y) : arithmetic.Float<FloatMultiply>((x, y) => x * y);
    }

    static Operation Quotient(Form form, PtxType type)
    {
        // The approximate forms are within 2 units in the last place: the correctly rounded quotient is one of those.
        form.TakeAny("full", "approx");
        Arithmetic arithmetic = Arithmetic.Of(form, type);
        return type == PtxType.F64 ? arithmetic.Double((x, y) => x / y) : arithmetic.Float<FloatDivide>(Exact.Quotient);
    }

    static Operation MinMax(Form form, PtxType type, bool max)
    {
        form.DemandOperands(3);
        bool nan = form.Take("NaN");
        bool flush = form.Take("ftz");
        (int d, Slot a, Slot b) = (form.Write(0, type), form.Read(1, type), form.Read(2, type));
        switch (type)
        {
            case PtxType.F32:
                return (max, nan, flush) switch
                {
                    (false, false, false) => new Binary<float, FloatMin>(d, a, b),
                    (true, false, false) => new Binary<float, FloatMax>(d, a, b),
                    (false, true, false) => new Binary<float, FloatMinNaN>(d, a, b),
                    (true, true, false) => new Binary<float, FloatMaxNaN>(d, a, b),
                    (false, false, true) => new Binary<float, Flushed2<FloatMin>>(d, a, b),
                    (true, false, true) => new Binary<float, Flushed2<FloatMax>>(d, a, b),
                    (false, true, true) => new Binary<float, Flushed2<FloatMinNaN>>(d, a, b),
                    _ => new Binary<float, Flushed2<FloatMaxNaN>>(d, a, b),
                };
            case PtxType.F64:
                return new LaneBinary<double, double, double>(max ? double.MaxNumber : double.MinNumber, d, a, b);
            default:
                HalfLanes lanes = HalfLanes.Of(form, type, flush, saturate: false, relu: false);
                Func<double, double, double> choose = (max, nan) switch
                {
                    (false, false) => double.MinNumber,
                    (true, false) => double.MaxNumber,
                    (false, true) => Math.Min,
                    _ => Math.Max,
                };
                return new LaneBinary<uint, uint, uint>((x, y) => lanes.Apply(x, y, choose), d, a, b);
        }
    }

    static Operation Sign(Form form, PtxType type, bool absolute)
    {
        form.DemandOperands(2);
        bool flush = form.Take("ftz");
        (int d, Slot a) = (form.Write(0, type), form.Read(1, type));
        uint sign = type is PtxType.F16x2 or PtxType.BF16x2 ? 0x80008000 : 0x8000;
        return (type, absolute, flush) switch
        {
            (PtxType.F32, true, false) => new Unary<float, FloatAbs>(d, a),
            (PtxType.F32, true, true) => new Unary<float, Flushed1<FloatAbs>>(d, a),
            (PtxType.F32, false, false) => new Unary<float, FloatNegate>(d, a),
            (PtxType.F32, false, true) => new Unary<float, Flushed1<FloatNegate>>(d, a),
            (PtxType.F64, true, false) => new LaneUnary<double, double>(Math.Abs, d, a),
            (PtxType.F64, false, false) => new LaneUnary<double, double>(x => -x, d, a),
            (PtxType.F16 or PtxType.BF16 or PtxType.F16x2 or PtxType.BF16x2, true, false) => new LaneUnary<uint, uint>(x => x & ~sign, d, a),
            (PtxType.F16 or PtxType.BF16 or PtxType.F16x2 or PtxType.BF16x2, false, false) => new LaneUnary<uint, uint>(x => x ^ sign, d, a),
            _ => throw form.Unknown("of this type"),
        };
    }

    static Operation Reciprocal(Form form)
    {
        if (!form.Syntax.Modifiers.Contains("f32"))
        {
            return form.Take("approx") ? throw form.Unknown("with .approx") : Double(form, x => 1 / x);
        }

        bool approximate = form.Take("approx");
        Rounding rounding = approximate ? Rounding.NearestEven : TakeRounding(form);
        bool flush = form.Take("ftz");
        PtxType type = form.TakeType();
        (int d, Slot a) = (form.Write(0, type), form.Read(1, type));
        FloatFinish finish = new(rounding, flush, Saturates: false);
        return (rounding, flush) switch
        {
            (Rounding.NearestEven, false) => new Unary<float, FloatReciprocal>(d, a),
            (Rounding.NearestEven, true) => new Unary<float, Flushed1<FloatReciprocal>>(d, a),
            _ => new LaneUnary<uint, uint>(x => finish.Result(Exact.Quotient(1, finish.Operand(x))), d, a),
        };
    }

    static Operation SquareRoot(Form form)
    {
        if (!form.Syntax.Modifiers.Contains("f32"))
        {
            return Double(form, Math.Sqrt);
        }

        Rounding rounding = form.Take("approx") ? Rounding.NearestEven : TakeRounding(form);
        bool flush = form.Take("ftz");
        PtxType type = form.TakeType();
        (int d, Slot a) = (form.Write(0, type), form.Read(1, type));
        FloatFinish finish = new(rounding, flush, Saturates: false);
        return (rounding, flush) switch
        {
            (Rounding.NearestEven, false) => new Unary<float, FloatSquareRoot>(d, a),
            (Rounding.NearestEven, true) => new Unary<float, Flushed1<FloatSquareRoot>>(d, a),
            _ => new LaneUnary<uint, uint>(x => finish.Result(Exact.SquareRoot(finish.Operand(x))), d, a),
        };
    }

    static Operation Double(Form form, Func<double, double> function)
    {
        TakeRounding(form, onlyNearest: true);
        PtxType type = form.TakeType();
        return type == PtxType.F64 ? new LaneUnary<double, double>(function, form.Write(0, type), form.Read(1, type)) : throw form.Unknown("of this type");
    }

    /// <summary>A function that the hardware approximates, here rounded from float64: a result within the error PTX allows.</summary>
    static Operation Approximate(Form form, Func<double, double> function)
    {
        form.Demand("approx");
        bool flush = form.Take("ftz");
        PtxType type = form.TakeType();
        (int d, Slot a) = (form.Write(0, type), form.Read(1, type));
        if (type == PtxType.F32)
        {
            FloatFinish finish = new(Rounding.NearestEven, flush, Saturates: false);
            return new LaneUnary<uint, uint>(x => finish.Result(function(finish.Operand(x))), d, a);
        }

        HalfLanes lanes = HalfLanes.Of(form, type, flush, saturate: false, relu: false);
        return new LaneUnary<uint, uint>(x => lanes.Apply(x, function), d, a);
    }

    static Operation ExponentialOfFloat(Form form)
    {
        form.Demand("approx");
        bool flush = form.Take("ftz");
        PtxType type = form.TakeType();
        (int d, Slot a) = (form.Write(0, type), form.Read(1, type));
        return flush ? new Unary<float, Flushed1<FloatExp2>>(d, a) : new Unary<float, FloatExp2>(d, a);
    }

    static Operation CopySign(Form form)
    {
        PtxType type = form.TakeType();
        (int d, Slot a, Slot b) = (form.Write(0, type), form.Read(1, type), form.Read(2, type));
        return type == PtxType.F32
            ? new LaneBinary<uint, uint, uint>((x, y) => (y & 0x7fffffff) | (x & 0x80000000), d, a, b)
            : new LaneBinary<double, double, double>((x, y) => Math.CopySign(y, x), d, a, b);
    }

    static Operation Test(Form form)
    {
        string? what = form.TakeAny("finite", "infinite", "number", "notanumber", "normal", "subnormal");
        PtxType type = form.TakeType();
        if (type != PtxType.F32)
        {
            throw form.Unknown("of this type");
        }

        Slot a = form.Read(1, type);
        return new LaneCompare(
            (bits, _) => BitConverter.UInt32BitsToSingle(bits) is var x && what switch
            {
                "finite" => float.IsFinite(x),
                "infinite" => float.IsInfinity(x),
                "number" => !float.IsNaN(x),
                "notanumber" => float.IsNaN(x),
                "normal" => float.IsNormal(x),
                _ => float.IsSubnormal(x),
            },
            form.WritePredicate(form.At(0)), -1, a, a, Combination.None, a, 0);
    }

    public static Rounding TakeRounding(Form form, bool onlyNearest = false)
    {
        Rounding rounding = form.TakeAny("rn", "rz", "rm", "rp") switch
        {
            "rz" => Rounding.Zero,
            "rm" => Rounding.Down,
            "rp" => Rounding.Up,
            _ => Rounding.NearestEven,
        };
        return onlyNearest && rounding != Rounding.NearestEven ? throw form.Unknown("with this rounding") : rounding;
    }

    static Operation Counted(Operation operation)
    {
        operation.IsFloat32 = true;
        return operation;
    }

    /// <summary>What is common to add, sub, mul and div.</summary>
    readonly record struct Arithmetic(Form Form, PtxType Type, Rounding Rounding, bool Flush, bool Saturate, int D, Slot A, Slot B)
    {
        public static Arithmetic Of(Form form, PtxType type)
        {
            form.DemandOperands(3);
            Rounding rounding = TakeRounding(form, onlyNearest: type != PtxType.F32);
            return new(form, type, rounding, form.Take("ftz"), form.Take("sat"), form.Write(0, type), form.Read(1, type), form.Read(2, type));
        }

        public Operation Double(Func<double, double, double> operation) => new LaneBinary<double, double, double>(operation, D, A, B);

        /// <param name="exact">The operation on doubles that hold the operands, rounded to odd.</param>
        public Operation Float<TVector>(Func<double, double, double> exact)
            where TVector : struct, IBinary<float>
        {
            if (Type != PtxType.F32)
            {
                HalfLanes lanes = HalfLanes.Of(Form, Type, Flush, Saturate, relu: false);
                return new LaneBinary<uint, uint, uint>((x, y) => lanes.Apply(x, y, exact), D, A, B);
            }

            if (Rounding != Rounding.NearestEven)
            {
                FloatFinish finish = new(Rounding, Flush, Saturate);
                return Counted(new LaneBinary<uint, uint, uint>((x, y) => finish.Result(exact(finish.Operand(x), finish.Operand(y))), D, A, B));
            }

            return Counted((Flush, Saturate) switch
            {
                (false, false) => new Binary<float, TVector>(D, A, B),
                (true, false) => new Binary<float, Flushed2<TVector>>(D, A, B),
                (false, true) => new Binary<float, Saturated2<TVector>>(D, A, B),
                _ => new Binary<float, Saturated2<Flushed2<TVector>>>(D, A, B),
            });
        }
    }
}
