using System.Numerics;

namespace PtxEmulator;

/// <summary>Integer arithmetic. <c>add</c> and its like come from <see cref="FloatDecoder"/> when their type is an integer.</summary>
static class IntegerDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["mad"] = form => form.Syntax.Modifiers is [.., "f32" or "f64"] ? FloatDecoder.MultiplyAdd(form) : MultiplyAdd(form);
        table["mul24"] = form => Multiply24(form, add: false);
        table["mad24"] = form => Multiply24(form, add: true);
        table["addc"] = form => CarrySum(form, form.TakeType(), subtract: false, takesCarry: true, givesCarry: form.Take("cc"));
        table["subc"] = form => CarrySum(form, form.TakeType(), subtract: true, takesCarry: true, givesCarry: form.Take("cc"));
        table["rem"] = form => Divide(form, form.TakeType(), remainder: true);
        table["sad"] = SumOfDifference;
        table["popc"] = form => Count(form, value => BitOperations.PopCount((uint)value), BitOperations.PopCount);
        table["clz"] = form => Count(form, value => BitOperations.LeadingZeroCount((uint)value), BitOperations.LeadingZeroCount);
        table["bfind"] = FindBit;
        table["dp4a"] = DotProduct;
    }

    /// <summary>add, sub.</summary>
    public static Operation Sum(Form form, PtxType type, bool subtract)
    {
        form.DemandOperands(3);
        if (form.Take("cc"))
        {
            return CarrySum(form, type, subtract, takesCarry: false, givesCarry: true);
        }

        bool saturate = form.Take("sat");
        (int d, Slot a, Slot b) = (form.Write(0, type), form.Read(1, type), form.Read(2, type));
        if (saturate)
        {
            return type == PtxType.S32
                ? Lane(d, a, b, (x, y) => (uint)(int)Math.Clamp(subtract ? (long)(int)x - (int)y : (long)(int)x + (int)y, int.MinValue, int.MaxValue))
                : throw form.Unknown("with .sat");
        }

        if (type is PtxType.U16x2 or PtxType.S16x2)
        {
            return Lane(d, a, b, (x, y) => Pair(x, y, (p, q) => subtract ? p - q : p + q));
        }

        return (type.Bytes(), subtract) switch
        {
            (2, false) => Lane(d, a, b, (x, y) => (ushort)(x + y)),
            (2, true) => Lane(d, a, b, (x, y) => (ushort)(x - y)),
            (4, false) => new Binary<uint, IntegerAdd<uint>>(d, a, b),
            (4, true) => new Binary<uint, IntegerSubtract<uint>>(d, a, b),
            (8, false) => new Binary<ulong, IntegerAdd<ulong>>(d, a, b),
            _ => new Binary<ulong, IntegerSubtract<ulong>>(d, a, b),
        };
    }

    static Operation CarrySum(Form form, PtxType type, bool subtract, bool takesCarry, bool givesCarry)
    {
        form.DemandOperands(3);
        return type.Bytes() >= 4
            ? new CarrySum(form.Write(0, type), form.Read(1, type), form.Read(2, type), type.IsWide(), subtract, takesCarry, givesCarry)
            : throw form.Unknown("of this type");
    }

    public static Operation Multiply(Form form, PtxType type)
    {
        form.DemandOperands(3);
        switch (form.TakeAny("wide", "lo", "hi"))
        {
            case "wide":
                return Wide(form, type, hasAddend: false);
            case "lo":
                (int d, Slot a, Slot b) = (form.Write(0, type), form.Read(1, type), form.Read(2, type));
                return type.Bytes() switch
                {
                    2 => Lane(d, a, b, (x, y) => (ushort)(x * y)),
                    4 => new Binary<uint, IntegerMultiply<uint>>(d, a, b),
                    _ => new Binary<ulong, IntegerMultiply<ulong>>(d, a, b),
                };
            case "hi":
                (d, a, b) = (form.Write(0, type), form.Read(1, type), form.Read(2, type));
                return type switch
                {
                    PtxType.U16 => Lane(d, a, b, (x, y) => (x * y) >> 16),
                    PtxType.S16 => Lane(d, a, b, (x, y) => (ushort)(((short)x * (short)y) >> 16)),
                    PtxType.U32 => Lane(d, a, b, (x, y) => High(x, y)),
                    PtxType.S32 => Lane(d, a, b, (x, y) => (uint)SignedHigh((int)x, (int)y)),
                    PtxType.U64 => LaneWide(d, a, b, (x, y) => Math.BigMul(x, y, out _)),
                    PtxType.S64 => LaneWide(d, a, b, (x, y) => (ulong)Math.BigMul((long)x, (long)y, out _)),
                    _ => throw form.Unknown("of this type"),
                };
            default:
                throw form.Unknown("without .lo, .hi or .wide");
        }
    }

    public static Operation Divide(Form form, PtxType type, bool remainder)
    {
        form.DemandOperands(3);
        (int d, Slot a, Slot b) = (form.Write(0, type), form.Read(1, type), form.Read(2, type));
        return type switch
        {
            PtxType.U16 or PtxType.U32 => Lane(d, a, b, (x, y) => (uint)Unsigned(x, y, remainder) & (type == PtxType.U16 ? ushort.MaxValue : uint.MaxValue)),
            PtxType.S16 => Lane(d, a, b, (x, y) => (ushort)Signed((short)x, (short)y, remainder)),
            PtxType.S32 => Lane(d, a, b, (x, y) => (uint)Signed((int)x, (int)y, remainder)),
            PtxType.U64 => LaneWide(d, a, b, (x, y) => Unsigned(x, y, remainder)),
            PtxType.S64 => LaneWide(d, a, b, (x, y) => (ulong)Signed((long)x, (long)y, remainder)),
            _ => throw form.Unknown("of this type"),
        };
    }

    public static Operation MinMax(Form form, PtxType type, bool max)
    {
        form.DemandOperands(3);
        bool relu = form.Take("relu");
        (int d, Slot a, Slot b) = (form.Write(0, type), form.Read(1, type), form.Read(2, type));
        if (relu)
        {
            return type == PtxType.S32
                ? Lane(d, a, b, (x, y) => (uint)Math.Max(0, max ? Math.Max((int)x, (int)y) : Math.Min((int)x, (int)y)))
                : throw form.Unknown("with .relu");
        }

        return (type, max) switch
        {
            (PtxType.U16x2, _) => Lane(d, a, b, (x, y) => Pair(x, y, max ? Math.Max : Math.Min)),
            (PtxType.S16x2, _) => Lane(d, a, b, (x, y) => Pair(x, y, (p, q) => (uint)(max ? Math.Max((short)p, (short)q) : Math.Min((short)p, (short)q)))),
            (PtxType.U16, false) => Lane(d, a, b, Math.Min),
            (PtxType.U16, true) => Lane(d, a, b, Math.Max),
            (PtxType.S16, false) => Lane(d, a, b, (x, y) => (ushort)Math.Min((short)x, (short)y)),
            (PtxType.S16, true) => Lane(d, a, b, (x, y) => (ushort)Math.Max((short)x, (short)y)),
            (PtxType.U32, false) => new Binary<uint, IntegerMin<uint>>(d, a, b),
            (PtxType.U32, true) => new Binary<uint, IntegerMax<uint>>(d, a, b),
            (PtxType.S32, false) => new Binary<int, IntegerMin<int>>(d, a, b),
            (PtxType.S32, true) => new Binary<int, IntegerMax<int>>(d, a, b),
            (PtxType.U64, false) => new Binary<ulong, IntegerMin<ulong>>(d, a, b),
            (PtxType.U64, true) => new Binary<ulong, IntegerMax<ulong>>(d, a, b),
            (PtxType.S64, false) => new Binary<long, IntegerMin<long>>(d, a, b),
            (PtxType.S64, true) => new Binary<long, IntegerMax<long>>(d, a, b),
            _ => throw form.Unknown("of this type"),
        };
    }

    /// <summary>abs, neg.</summary>
    public static Operation Sign(Form form, PtxType type, bool absolute)
    {
        form.DemandOperands(2);
        (int d, Slot a) = (form.Write(0, type), form.Read(1, type));
        return type switch
        {
            PtxType.S16 => new LaneUnary<uint, uint>(x => (ushort)(absolute && (short)x >= 0 ? x : 0 - x), d, a),
            PtxType.S32 => new LaneUnary<uint, uint>(x => absolute && (int)x >= 0 ? x : 0 - x, d, a),
            PtxType.S64 => new LaneUnary<ulong, ulong>(x => absolute && (long)x >= 0 ? x : 0 - x, d, a),
            _ => throw form.Unknown("of this type"),
        };
    }

    static Operation MultiplyAdd(Form form)
    {
        PtxType type = form.TakeType();
        form.DemandOperands(4);
        string? part = form.TakeAny("wide", "lo", "hi");
        if (part == "wide")
        {
            return Wide(form, type, hasAddend: true);
        }

        bool saturate = form.Take("sat");
        (int d, Slot a, Slot b, Slot c) = (form.Write(0, type), form.Read(1, type), form.Read(2, type), form.Read(3, type));
        return (type, part, saturate) switch
        {
            (PtxType.U16 or PtxType.S16, "lo", false) => Lane(d, a, b, c, (x, y, z) => (ushort)((x * y) + z)),
            (PtxType.U32 or PtxType.S32, "lo", false) => new Ternary<uint, IntegerMultiplyAdd<uint>>(d, a, b, c),
            (PtxType.U64 or PtxType.S64, "lo", false) => new Ternary<ulong, IntegerMultiplyAdd<ulong>>(d, a, b, c),
            (PtxType.U32, "hi", false) => Lane(d, a, b, c, (x, y, z) => High(x, y) + z),
            (PtxType.S32, "hi", false) => Lane(d, a, b, c, (x, y, z) => (uint)SignedHigh((int)x, (int)y) + z),
            (PtxType.S32, "hi", true) => Lane(d, a, b, c, (x, y, z) => (uint)(int)Math.Clamp((long)SignedHigh((int)x, (int)y) + (int)z, int.MinValue, int.MaxValue)),
            (PtxType.U64, "hi", false) => new LaneTernary<ulong, ulong, ulong, ulong>((x, y, z) => Math.BigMul(x, y, out _) + z, d, a, b, c),
            (PtxType.S64, "hi", false) => new LaneTernary<ulong, ulong, ulong, ulong>((x, y, z) => (ulong)Math.BigMul((long)x, (long)y, out _) + z, d, a, b, c),
            _ => throw form.Unknown("of this type"),
        };
    }

    static Operation Wide(Form form, PtxType type, bool hasAddend)
    {
        bool signed = type.IsSigned();
        if (type.Bytes() == 4)
        {
            PtxType twice = signed ? PtxType.S64 : PtxType.U64;
            return new MultiplyWide(form.Write(0, twice), form.Read(1, type), form.Read(2, type), hasAddend ? form.Read(3, twice) : null, signed);
        }

        if (type.Bytes() != 2)
        {
            throw form.Unknown("of this type");
        }

        (int d, Slot a, Slot b) = (form.Write(0, PtxType.B32), form.Read(1, type), form.Read(2, type));
        return (hasAddend, signed) switch
        {
            (false, false) => Lane(d, a, b, (x, y) => x * y),
            (false, true) => Lane(d, a, b, (x, y) => (uint)((short)x * (short)y)),
            (true, false) => Lane(d, a, b, form.Read(3, PtxType.B32), (x, y, z) => (x * y) + z),
            _ => Lane(d, a, b, form.Read(3, PtxType.B32), (x, y, z) => (uint)((short)x * (short)y) + z),
        };
    }

    static Operation Multiply24(Form form, bool add)
    {
        PtxType type = form.TakeType();
        form.Demand("lo");
        (int d, Slot a, Slot b) = (form.Write(0, type), form.Read(1, type), form.Read(2, type));
        int shift = type.IsSigned() ? 0 : 8;
        uint Low(uint x) => shift == 0 ? (uint)((int)(x << 8) >> 8) : x & 0xffffff;
        return add ? Lane(d, a, b, form.Read(3, type), (x, y, z) => (Low(x) * Low(y)) + z) : Lane(d, a, b, (x, y) => Low(x) * Low(y));
    }

    static Operation SumOfDifference(Form form)
    {
        PtxType type = form.TakeType();
        (int d, Slot a, Slot b, Slot c) = (form.Write(0, type), form.Read(1, type), form.Read(2, type), form.Read(3, type));
        return type switch
        {
            PtxType.U32 => Lane(d, a, b, c, (x, y, z) => z + (x < y ? y - x : x - y)),
            PtxType.S32 => Lane(d, a, b, c, (x, y, z) => z + ((int)x < (int)y ? y - x : x - y)),
            _ => throw form.Unknown("of this type"),
        };
    }

    static Operation Count(Form form, Func<ulong, int> of32, Func<ulong, int> of64)
    {
        PtxType type = form.TakeType();
        (int d, Slot a) = (form.Write(0, PtxType.B32), form.Read(1, type));
        return type.IsWide() ? new LaneUnary<ulong, uint>(x => (uint)of64(x), d, a) : new LaneUnary<uint, uint>(x => (uint)of32(x), d, a);
    }

    static Operation FindBit(Form form)
    {
        bool shift = form.Take("shiftamt");
        PtxType type = form.TakeType();
        (int d, Slot a) = (form.Write(0, PtxType.B32), form.Read(1, type));
        int top = type.IsWide() ? 63 : 31;
        uint Find(ulong bits)
        {
            int at = bits == 0 ? -1 : BitOperations.Log2(bits);
            return at < 0 ? uint.MaxValue : (uint)(shift ? top - at : at);
        }

        return type switch
        {
            PtxType.U32 => new LaneUnary<uint, uint>(x => Find(x), d, a),
            PtxType.S32 => new LaneUnary<uint, uint>(x => Find((int)x < 0 ? ~x : x), d, a),
            PtxType.U64 => new LaneUnary<ulong, uint>(Find, d, a),
            PtxType.S64 => new LaneUnary<ulong, uint>(x => Find((long)x < 0 ? ~x : x), d, a),
            _ => throw form.Unknown("of this type"),
        };
    }

    static Operation DotProduct(Form form)
    {
        (PtxType left, PtxType right) = (form.TakeType(), form.TakeType());
        (int d, Slot a, Slot b, Slot c) = (form.Write(0, PtxType.B32), form.Read(1, PtxType.B32), form.Read(2, PtxType.B32), form.Read(3, PtxType.B32));
        return Lane(d, a, b, c, (x, y, z) =>
        {
            for (int i = 0; i < 32; i += 8)
            {
                int p = left.IsSigned() ? (sbyte)(x >> i) : (byte)(x >> i);
                int q = right.IsSigned() ? (sbyte)(y >> i) : (byte)(y >> i);
                z += (uint)(p * q);
            }

            return z;
        });
    }

    /// <summary>On both halves of 32 bits.</summary>
    static uint Pair(uint x, uint y, Func<uint, uint, uint> operation) =>
        (operation(x & ushort.MaxValue, y & ushort.MaxValue) & ushort.MaxValue) | (operation(x >> 16, y >> 16) << 16);

    static uint High(uint x, uint y) => (uint)(((ulong)x * y) >> 32);

    static int SignedHigh(int x, int y) => (int)(((long)x * y) >> 32);

    // A division by zero is undefined; the hardware's quotient is all ones.
    static ulong Unsigned(ulong x, ulong y, bool remainder) => y == 0 ? (remainder ? x : ulong.MaxValue) : remainder ? x % y : x / y;

    static long Signed(long x, long y, bool remainder) => y switch
    {
        0 => remainder ? x : -1,
        -1 => remainder ? 0 : unchecked(-x),
        _ => remainder ? x % y : x / y,
    };

    static LaneBinary<uint, uint, uint> Lane(int d, Slot a, Slot b, Func<uint, uint, uint> operation) => new(operation, d, a, b);

    static LaneBinary<ulong, ulong, ulong> LaneWide(int d, Slot a, Slot b, Func<ulong, ulong, ulong> operation) => new(operation, d, a, b);

    static LaneTernary<uint, uint, uint, uint> Lane(int d, Slot a, Slot b, Slot c, Func<uint, uint, uint, uint> operation) => new(operation, d, a, b, c);
}
