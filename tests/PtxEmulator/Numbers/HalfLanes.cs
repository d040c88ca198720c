namespace PtxEmulator;

/// <summary>Arithmetic of 16-bit floats, alone or two in a register, each rounded once from the exact result.</summary>
readonly record struct HalfLanes(bool IsBFloat, bool IsPair, bool Flushes, bool Saturates, bool Clamps)
{
    public static HalfLanes Of(Form form, PtxType type, bool flush, bool saturate, bool relu) => type switch
    {
        PtxType.F16 => new(false, false, flush, saturate, relu),
        PtxType.F16x2 => new(false, true, flush, saturate, relu),
        PtxType.BF16 => new(true, false, flush, saturate, relu),
        PtxType.BF16x2 => new(true, true, flush, saturate, relu),
        _ => throw form.Unknown("of this type"),
    };

    public uint Apply(uint a, Func<double, double> operation)
    {
        uint low = Encode(operation(Decode(a)));
        return IsPair ? low | (Encode(operation(Decode(a >> 16))) << 16) : low;
    }

    public uint Apply(uint a, uint b, Func<double, double, double> operation)
    {
        uint low = Encode(operation(Decode(a), Decode(b)));
        return IsPair ? low | (Encode(operation(Decode(a >> 16), Decode(b >> 16))) << 16) : low;
    }

    public uint Apply(uint a, uint b, uint c, Func<double, double, double, double> operation)
    {
        uint low = Encode(operation(Decode(a), Decode(b), Decode(c)));
        return IsPair ? low | (Encode(operation(Decode(a >> 16), Decode(b >> 16), Decode(c >> 16))) << 16) : low;
    }

    public double Decode(uint bits)
    {
        bits &= 0xffff;
        if (IsBFloat)
        {
            return FloatBits.FromBF16(bits);
        }

        return FloatBits.FromF16(Flushes && (bits & 0x7c00) == 0 ? bits & 0x8000 : bits);
    }

    uint Encode(double exact)
    {
        if (Saturates)
        {
            exact = exact > 0 ? Math.Min(exact, 1) : 0;
        }

        if (Clamps && exact < 0)
        {
            exact = 0;
        }

        uint bits = IsBFloat ? FloatBits.ToBF16(exact, Rounding.NearestEven) : FloatBits.ToF16(exact, Rounding.NearestEven);
        return Flushes && !IsBFloat && (bits & 0x7c00) == 0 ? bits & 0x8000 : bits;
    }
}
