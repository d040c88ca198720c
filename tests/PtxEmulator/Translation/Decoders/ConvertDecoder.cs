namespace PtxEmulator;

/// <summary><c>cvt</c> in all its forms.</summary>
static class ConvertDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table) => table["cvt"] = Convert;

    static Operation Convert(Form form)
    {
        PtxType to = form.TakeType();
        PtxType from = form.TakeType();
        return (to, from) switch
        {
            (PtxType.F16x2 or PtxType.BF16x2 or PtxType.E4M3x2 or PtxType.E5M2x2, PtxType.F32) => Pair(form, to),
            (PtxType.E4M3x2 or PtxType.E5M2x2, PtxType.F16x2) => FromHalfPair(form, to),
            (PtxType.F16x2, PtxType.E4M3x2 or PtxType.E5M2x2) => ToHalfPair(form, from),
            _ => Scalar(form, to, from),
        };
    }

    /// <summary>Two float32 values become one register; the first is the upper half.</summary>
    static Operation Pair(Form form, PtxType to)
    {
        form.DemandOperands(3);
        Rounding rounding = Direction(form);
        bool relu = form.Take("relu");
        bool finite = form.Take("satfinite");
        Func<uint, uint> part = To16(form, to, rounding, relu, finite);
        int shift = to.Bytes() * 4;
        return new LaneBinary<uint, uint, uint>((high, low) => (part(high) << shift) | part(low), form.Write(0, to), form.Read(1, PtxType.F32), form.Read(2, PtxType.F32));
    }

    static Operation FromHalfPair(Form form, PtxType to)
    {
        Direction(form);
        bool relu = form.Take("relu");
        Func<uint, uint> part = To16(form, to, Rounding.NearestEven, relu, form.Take("satfinite"));
        return new LaneUnary<uint, uint>(
            pair => (part(HalfToSingle(pair >> 16)) << 8) | part(HalfToSingle(pair & 0xffff)),
            form.Write(0, to), form.Read(1, PtxType.F16x2));
    }

    static Operation ToHalfPair(Form form, PtxType from)
    {
        Direction(form);
        bool relu = form.Take("relu");
        float[] values = from == PtxType.E4M3x2 ? FloatBits.E4M3 : FloatBits.E5M2;
        ushort[] halves = [.. values.Select(value => (ushort)FloatBits.ToF16(relu && value < 0 ? 0 : value, Rounding.NearestEven))];
        return new LaneUnary<uint, uint>(pair => ((uint)halves[pair >> 8 & 0xff] << 16) | halves[pair & 0xff], form.Write(0, PtxType.F16x2), form.Read(1, from));
    }

    /// <summary>From the bits of a float32 to those of a narrower format.</summary>
    static Func<uint, uint> To16(Form form, PtxType to, Rounding rounding, bool relu, bool finite)
    {
        if (to is PtxType.E4M3x2 or PtxType.E5M2x2 && (!finite || rounding != Rounding.NearestEven))
        {
            throw form.Unknown("without .rn.satfinite");
        }

        Func<uint, uint> convert = (to, rounding) switch
        {
            (PtxType.E4M3x2, _) => bits => Narrowing.ToSmall(bits, mantissaBits: 3, bias: 7, largestCode: 0x7e),
            (PtxType.E5M2x2, _) => bits => Narrowing.ToSmall(bits, mantissaBits: 2, bias: 15, largestCode: 0x7b),
            (PtxType.F16 or PtxType.F16x2, Rounding.NearestEven) => Narrowing.ToF16,
            (PtxType.BF16 or PtxType.BF16x2, Rounding.NearestEven) => Narrowing.ToBF16,
            (PtxType.F16 or PtxType.F16x2, _) => bits => FloatBits.ToF16(FloatBits.FromF32(bits), rounding),
            _ => bits => FloatBits.ToBF16(FloatBits.FromF32(bits), rounding),
        };
        if (finite && to is PtxType.F16 or PtxType.F16x2 or PtxType.BF16 or PtxType.BF16x2)
        {
            uint largest = to is PtxType.F16 or PtxType.F16x2 ? 0x7bffu : 0x7f7fu;
            Func<uint, uint> unbounded = convert;
            convert = bits => unbounded(bits) is var result && (result & 0x7fff) == largest + 1 ? (result & 0x8000) | largest : result;
        }

        Func<uint, uint> signed = convert;
        return relu ? bits => (int)bits < 0 && (bits & 0x7fffffff) <= 0x7f800000 ? 0 : signed(bits) : convert;
    }

    static Operation Scalar(Form form, PtxType to, PtxType from)
    {
        form.DemandOperands(2);
        string? integer = form.TakeAny("rni", "rzi", "rmi", "rpi");
        string? direction = form.TakeAny("rn", "rz", "rm", "rp", "rna");
        bool flush = form.Take("ftz");
        bool saturate = form.Take("sat");
        bool relu = form.Take("relu");
        bool finite = form.Take("satfinite");
        Rounding rounding = (integer ?? direction) switch
        {
            "rzi" or "rz" => Rounding.Zero,
            "rmi" or "rm" => Rounding.Down,
            "rpi" or "rp" => Rounding.Up,
            "rna" => Rounding.NearestAway,
            _ => Rounding.NearestEven,
        };
        bool needsDirection = (to.IsFloat() && from.IsInteger()) || (to.IsFloat() && from.IsFloat() && to.Bytes() < from.Bytes());
        if ((needsDirection && direction is null) || (to.IsInteger() && from.IsFloat() && integer is null))
        {
            throw form.Unknown("without a rounding");
        }

        if (from.IsInteger() && to.IsInteger() && !saturate && from.Bytes() >= 4 && (from.Bytes() != to.Bytes()) && to.Bytes() >= 4)
        {
            return to.IsWide()
                ? new Widen(form.Write(0, to), form.Read(1, from), from.IsSigned())
                : new Narrow(form.Write(0, to), form.Read(1, from));
        }

        (int d, bool dWide) = form.WriteAny(form.At(0), to.Bytes());
        (Slot a, bool aWide) = form.ReadAny(form.At(1), from);
        if (Fast(to, from, rounding, flush || saturate || relu || finite || integer == "rni") is { } fast && !dWide && !aWide)
        {
            return new LaneUnary<uint, uint>(fast, d, a);
        }

        var conversion = new Conversion(to, from, rounding, integer is not null, flush, saturate, relu, finite);
        int register = dWide ? 8 : form.RegisterBytes(form.At(0));
        return (dWide, aWide) switch
        {
            (false, false) => new LaneUnary<uint, uint>(x => (uint)Extend(conversion.Apply(x), to, register), d, a),
            (true, false) => new LaneUnary<uint, ulong>(x => Extend(conversion.Apply(x), to, register), d, a),
            (false, true) => new LaneUnary<ulong, uint>(x => (uint)Extend(conversion.Apply(x), to, register), d, a),
            _ => new LaneUnary<ulong, ulong>(x => Extend(conversion.Apply(x), to, register), d, a),
        };
    }

    /// <summary>The common conversions between 32-bit lanes without more ado.</summary>
    static Func<uint, uint>? Fast(PtxType to, PtxType from, Rounding rounding, bool special) => (to, from, rounding, special) switch
    {
        (PtxType.F32, PtxType.S32, Rounding.NearestEven, false) => x => BitConverter.SingleToUInt32Bits((int)x),
        (PtxType.F32, PtxType.U32, Rounding.NearestEven, false) => x => BitConverter.SingleToUInt32Bits((float)(double)x),
        (PtxType.F32, PtxType.F16, _, false) => HalfToSingle,
        (PtxType.F32, PtxType.BF16, _, false) => x => (x & 0x7fff) > 0x7f80 ? FloatBits.NaN32 : x << 16,
        (PtxType.F16, PtxType.F32, Rounding.NearestEven, false) => Narrowing.ToF16,
        (PtxType.BF16, PtxType.F32, Rounding.NearestEven, false) => Narrowing.ToBF16,
        (PtxType.U32 or PtxType.S32, PtxType.U8, _, false) => x => x & 0xff,
        (PtxType.U32 or PtxType.S32, PtxType.U16, _, false) => x => x & 0xffff,
        (PtxType.U32 or PtxType.S32, PtxType.S8, _, false) => x => (uint)(sbyte)x,
        (PtxType.U32 or PtxType.S32, PtxType.S16, _, false) => x => (uint)(short)x,
        _ => null,
    };

    /// <summary>What is narrower than its register is extended by its sign, or by zeros.</summary>
    static ulong Extend(ulong bits, PtxType to, int registerBytes)
    {
        ulong extended = to switch
        {
            PtxType.S8 => (ulong)(sbyte)bits,
            PtxType.S16 => (ulong)(short)bits,
            PtxType.S32 => (ulong)(int)bits,
            _ => bits,
        };
        return registerBytes == 2 ? (ushort)extended : extended;
    }

    static Rounding Direction(Form form) => form.TakeAny("rn", "rz") switch
    {
        "rn" => Rounding.NearestEven,
        "rz" => Rounding.Zero,
        _ => throw form.Unknown("without .rn or .rz"),
    };

    static uint HalfToSingle(uint bits)
    {
        float value = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
        return float.IsNaN(value) ? FloatBits.NaN32 : BitConverter.SingleToUInt32Bits(value);
    }
}
