namespace PtxEmulator;

/// <summary>A conversion of one lane between any two scalar types, by way of an exact value.</summary>
/// <param name="To">The target.</param>
/// <param name="From">The source; the bits given may hold more above it.</param>
/// <param name="Rounding">The direction.</param>
/// <param name="ToInteger">Whether the rounding is to whole numbers, of a float target too.</param>
/// <param name="Flushes">Whether subnormal float32 values become zero.</param>
/// <param name="Saturates">Integers: clamped to the target's range; floats: to [0, 1].</param>
/// <param name="Clamps">Negative floats become zero (<c>.relu</c>).</param>
/// <param name="Finite">Beyond the largest number the target stays finite.</param>
readonly record struct Conversion(PtxType To, PtxType From, Rounding Rounding, bool ToInteger, bool Flushes, bool Saturates, bool Clamps, bool Finite)
{
    public ulong Apply(ulong bits)
    {
        if (From.IsInteger())
        {
            bool signed = From.IsSigned();
            int unused = 64 - (8 * From.Bytes());
            ulong value = signed ? (ulong)((long)(bits << unused) >> unused) : bits << unused >> unused;
            return To.IsInteger() ? ToInteger64(value, signed) : FromInteger(value, signed);
        }

        double real = Decode(bits);
        return To.IsInteger() ? FloatToInteger(real) : FloatToFloat(real);
    }

    double Decode(ulong bits)
    {
        double value = From switch
        {
            PtxType.F16 => FloatBits.FromF16((uint)bits),
            PtxType.BF16 => FloatBits.FromBF16((uint)bits),
            PtxType.F64 => BitConverter.UInt64BitsToDouble(bits),
            _ => FloatBits.FromF32((uint)bits),
        };
        return Flushes && From == PtxType.F32 ? Flush(value) : value;
    }

    ulong ToInteger64(ulong value, bool signed)
    {
        if (!Saturates)
        {
            return Cut(value);
        }

        Int128 exact = signed ? (long)value : value;
        (Int128 least, Int128 most) = Range();
        return Cut((ulong)Int128.Clamp(exact, least, most));
    }

    ulong FromInteger(ulong value, bool signed) => Encode(signed ? Exact.FromSigned((long)value) : Exact.FromUnsigned(value), signed ? (long)value : (double)value);

    /// <summary>Out of range to the nearest end. NaN becomes 0, but 2^63 where either type has 64 bits.</summary>
    ulong FloatToInteger(double value)
    {
        if (double.IsNaN(value))
        {
            return To.Bytes() == 8 || From == PtxType.F64 ? 1UL << ((8 * To.Bytes()) - 1) : 0;
        }

        (Int128 least, Int128 most) = Range();
        double whole = Exact.ToInteger(value, Rounding);
        return Cut(whole <= (double)least ? (ulong)least : whole >= (double)most ? (ulong)most : (ulong)(Int128)whole);
    }

    ulong FloatToFloat(double value)
    {
        value = ToInteger ? Exact.ToInteger(value, Rounding) : value;
        value = Clamps && value < 0 ? 0 : value;
        return Encode(value, value);
    }

    /// <param name="exact">To round from, rounded to odd where the value has more bits than a double.</param>
    /// <param name="nearest">The nearest double.</param>
    ulong Encode(double exact, double nearest)
    {
        if (Saturates)
        {
            exact = nearest = exact > 0 ? Math.Min(exact, 1) : 0;
        }

        Rounding rounding = ToInteger ? Rounding.NearestEven : Rounding;
        if (Finite && double.IsFinite(exact) && To is PtxType.F16 or PtxType.BF16)
        {
            double largest = To == PtxType.F16 ? 65504 : FloatBits.FromBF16(0x7f7f);
            exact = Math.Clamp(exact, -largest, largest);
        }

        return To switch
        {
            PtxType.F16 => FloatBits.ToF16(exact, rounding),
            PtxType.BF16 => FloatBits.ToBF16(exact, rounding),
            PtxType.TF32 => FloatBits.ToTF32(exact, rounding),
            PtxType.F64 => BitConverter.DoubleToUInt64Bits(nearest),
            _ => FloatBits.ToF32(Flushes ? Flush(exact) : exact, rounding),
        };
    }

    (Int128 Least, Int128 Most) Range()
    {
        int bits = 8 * To.Bytes();
        return To.IsSigned() ? (-(Int128.One << (bits - 1)), (Int128.One << (bits - 1)) - 1) : (0, (Int128.One << bits) - 1);
    }

    ulong Cut(ulong value) => To.Bytes() == 8 ? value : value & ((1UL << (8 * To.Bytes())) - 1);

    static double Flush(double value) => Math.Abs(value) < 1.1754943508222875e-38 ? Math.CopySign(0, value) : value;
}
