using System.Numerics;

namespace PtxEmulator;

/// <summary>Bits: logic, shifts, fields, permutations.</summary>
static class LogicDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["and"] = form => Logic(form, (x, y) => x & y, (d, a, b) => new Binary<uint, BitAnd<uint>>(d, a, b), (d, a, b) => new Binary<ulong, BitAnd<ulong>>(d, a, b));
        table["or"] = form => Logic(form, (x, y) => x | y, (d, a, b) => new Binary<uint, BitOr<uint>>(d, a, b), (d, a, b) => new Binary<ulong, BitOr<ulong>>(d, a, b));
        table["xor"] = form => Logic(form, (x, y) => x ^ y, (d, a, b) => new Binary<uint, BitXor<uint>>(d, a, b), (d, a, b) => new Binary<ulong, BitXor<ulong>>(d, a, b));
        table["not"] = Not;
        table["cnot"] = LogicalNot;
        table["shl"] = form => Shift(form, ShiftKind.Left);
        table["shr"] = form => Shift(form, ShiftKind.Right);
        table["lop3"] = ThreeInputs;
        table["shf"] = Funnel;
        table["prmt"] = Permute;
        table["brev"] = Reverse;
        table["bfe"] = Extract;
        table["bfi"] = Insert;
        table["bmsk"] = Mask;
        table["szext"] = Extend;
    }

    static Operation Logic(Form form, Func<uint, uint, uint> masks, Func<int, Slot, Slot, Operation> narrow, Func<int, Slot, Slot, Operation> wide)
    {
        PtxType type = form.TakeType();
        form.DemandOperands(3);
        if (type == PtxType.Pred)
        {
            (Slot a, uint aFlip) = form.ReadPredicate(form.At(1));
            (Slot b, uint bFlip) = form.ReadPredicate(form.At(2));
            return new PredicateLogic(masks, form.WritePredicate(form.At(0)), a, aFlip, b, bFlip);
        }

        return type.IsWide()
            ? wide(form.Write(0, type), form.Read(1, type), form.Read(2, type))
            : narrow(form.Write(0, type), form.Read(1, type), form.Read(2, type));
    }

    static Operation Not(Form form)
    {
        PtxType type = form.TakeType();
        if (type == PtxType.Pred)
        {
            (Slot a, uint flip) = form.ReadPredicate(form.At(1));
            return new PredicateLogic((x, _) => ~x, form.WritePredicate(form.At(0)), a, flip, a, 0);
        }

        (int d, Slot source) = (form.Write(0, type), form.Read(1, type));
        return type.Bytes() switch
        {
            2 => new LaneUnary<uint, uint>(x => (ushort)~x, d, source),
            4 => new Unary<uint, BitNot<uint>>(d, source),
            _ => new Unary<ulong, BitNot<ulong>>(d, source),
        };
    }

    static Operation LogicalNot(Form form)
    {
        PtxType type = form.TakeType();
        (int d, Slot a) = (form.Write(0, type), form.Read(1, type));
        return type.IsWide() ? new LaneUnary<ulong, ulong>(x => x == 0 ? 1UL : 0, d, a) : new LaneUnary<uint, uint>(x => x == 0 ? 1u : 0, d, a);
    }

    static Operation Shift(Form form, ShiftKind kind)
    {
        PtxType type = form.TakeType();
        form.DemandOperands(3);
        bool signed = kind == ShiftKind.Right && type.IsSigned();
        kind = signed ? ShiftKind.RightSigned : kind;
        (int d, Slot a, Slot b) = (form.Write(0, type), form.Read(1, type), form.Read(2, PtxType.U32));
        if (form.At(2) is IntegerOperand { Value: var count } && count < (ulong)type.Bytes() * 8 && type.Bytes() > 2)
        {
            return (type.IsWide(), signed) switch
            {
                (false, false) => new ShiftByConstant<uint>(d, a, (int)count, kind),
                (false, true) => new ShiftByConstant<int>(d, a, (int)count, kind),
                (true, false) => new ShiftByConstant<ulong>(d, a, (int)count, kind),
                _ => new ShiftByConstant<long>(d, a, (int)count, kind),
            };
        }

        return (type.Bytes(), kind) switch
        {
            (2, ShiftKind.Left) => Narrow((x, n) => n > 15 ? 0u : (ushort)(x << (int)n)),
            (2, ShiftKind.Right) => Narrow((x, n) => n > 15 ? 0 : x >> (int)n),
            (2, _) => Narrow((x, n) => (ushort)((short)x >> (int)Math.Min(n, 15))),
            (4, ShiftKind.Left) => Narrow((x, n) => n > 31 ? 0 : x << (int)n),
            (4, ShiftKind.Right) => Narrow((x, n) => n > 31 ? 0 : x >> (int)n),
            (4, _) => Narrow((x, n) => (uint)((int)x >> (int)Math.Min(n, 31))),
            (8, ShiftKind.Left) => Wide((x, n) => n > 63 ? 0 : x << (int)n),
            (8, ShiftKind.Right) => Wide((x, n) => n > 63 ? 0 : x >> (int)n),
            _ => Wide((x, n) => (ulong)((long)x >> (int)Math.Min(n, 63))),
        };

        Operation Narrow(Func<uint, uint, uint> shift) => new LaneBinary<uint, uint, uint>(shift, d, a, b);
        Operation Wide(Func<ulong, uint, ulong> shift) => new LaneBinary<ulong, uint, ulong>(shift, d, a, b);
    }

    static Operation ThreeInputs(Form form)
    {
        PtxType type = form.TakeType();
        form.DemandOperands(5);
        uint table = (uint)form.Integer(4);
        return new LaneTernary<uint, uint, uint, uint>(
            (a, b, c) =>
            {
                uint result = 0;
                for (int term = 0; term < 8; term++)
                {
                    if ((table >> term & 1) != 0)
                    {
                        result |= ((term & 4) != 0 ? a : ~a) & ((term & 2) != 0 ? b : ~b) & ((term & 1) != 0 ? c : ~c);
                    }
                }

                return result;
            },
            form.Write(0, type), form.Read(1, type), form.Read(2, type), form.Read(3, type));
    }

    static Operation Funnel(Form form)
    {
        bool left = form.TakeAny("l", "r") == "l";
        bool clamp = form.TakeAny("clamp", "wrap") == "clamp";
        PtxType type = form.TakeType();
        return new LaneTernary<uint, uint, uint, uint>(
            (a, b, c) =>
            {
                int count = (int)(clamp ? Math.Min(c, 32) : c & 31);
                ulong pair = ((ulong)b << 32) | a;
                return left ? (uint)(pair << count >> 32) : (uint)(pair >> count);
            },
            form.Write(0, type), form.Read(1, type), form.Read(2, type), form.Read(3, PtxType.U32));
    }

    static Operation Permute(Form form)
    {
        PtxType type = form.TakeType();
        string? mode = form.TakeAny("f4e", "b4e", "rc8", "ecl", "ecr", "rc16");
        return new LaneTernary<uint, uint, uint, uint>((a, b, c) => Permute(a, b, c, mode), form.Write(0, type), form.Read(1, type), form.Read(2, type), form.Read(3, type));
    }

    /// <summary>Chooses four of eight bytes; bit 3 of a selector repeats the chosen byte's sign.</summary>
    static uint Permute(uint a, uint b, uint c, string? mode)
    {
        ulong bytes = ((ulong)b << 32) | a;
        uint result = 0;
        for (int i = 0; i < 4; i++)
        {
            int low = (int)(c & 3);
            int selector = mode switch
            {
                null => (int)(c >> (4 * i)) & 15,
                "f4e" => low + i,
                "b4e" => (low - i) & 7,
                "rc8" => low,
                "ecl" => Math.Max(i, low),
                "ecr" => Math.Min(i, low),
                _ => ((low & 1) * 2) + (i & 1),
            };
            uint chosen = (uint)(bytes >> (8 * (selector & 7))) & 0xff;
            if (mode is null && (selector & 8) != 0)
            {
                chosen = (chosen & 0x80) != 0 ? 0xffu : 0;
            }

            result |= chosen << (8 * i);
        }

        return result;
    }

    static Operation Reverse(Form form)
    {
        PtxType type = form.TakeType();
        (int d, Slot a) = (form.Write(0, type), form.Read(1, type));
        return type.IsWide() ? new LaneUnary<ulong, ulong>(x => ((ulong)Reverse((uint)x) << 32) | Reverse((uint)(x >> 32)), d, a) : new LaneUnary<uint, uint>(Reverse, d, a);
    }

    static uint Reverse(uint x)
    {
        x = (x & 0x55555555) << 1 | (x >> 1 & 0x55555555);
        x = (x & 0x33333333) << 2 | (x >> 2 & 0x33333333);
        x = (x & 0x0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f);
        return System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(x);
    }

    static Operation Extract(Form form)
    {
        PtxType type = form.TakeType();
        (int d, Slot a, Slot b, Slot c) = (form.Write(0, type), form.Read(1, type), form.Read(2, PtxType.U32), form.Read(3, PtxType.U32));
        bool signed = type.IsSigned();
        return type.IsWide()
            ? new LaneTernary<ulong, uint, uint, ulong>((x, at, length) => Field(x, 63, at, length, signed), d, a, b, c)
            : new LaneTernary<uint, uint, uint, uint>((x, at, length) => (uint)Field(x, 31, at, length, signed), d, a, b, c);
    }

    /// <summary>The definition of bfe: beyond the word, and above the field, bits are zero or the sign.</summary>
    static ulong Field(ulong x, int top, uint at, uint length, bool signed)
    {
        int position = (int)(at & 0xff);
        int count = (int)(length & 0xff);
        bool sign = signed && count > 0 && (x >> Math.Min(position + count - 1, top) & 1) != 0;
        ulong result = 0;
        for (int i = 0; i <= top; i++)
        {
            bool bit = i < count && position + i <= top ? (x >> (position + i) & 1) != 0 : sign;
            result |= bit ? 1UL << i : 0;
        }

        return result;
    }

    static Operation Insert(Form form)
    {
        PtxType type = form.TakeType();
        form.DemandOperands(5);
        (int d, Slot a, Slot b, Slot c, Slot e) = (form.Write(0, type), form.Read(1, type), form.Read(2, type), form.Read(3, PtxType.U32), form.Read(4, PtxType.U32));
        return type.IsWide()
            ? new LaneQuaternary<ulong>((field, into, at, length) => Insert(field, into, 64, at, length), d, a, b, c, e)
            : new LaneQuaternary<uint>((field, into, at, length) => (uint)Insert(field, into, 32, at, length), d, a, b, c, e);
    }

    static ulong Insert(ulong field, ulong into, int width, uint at, uint length)
    {
        for (int i = 0, position = (int)(at & 0xff); i < (int)(length & 0xff) && position < width; i++, position++)
        {
            into = (into & ~(1UL << position)) | ((field >> i & 1) << position);
        }

        return into;
    }

    static Operation Mask(Form form)
    {
        bool clamp = form.TakeAny("clamp", "wrap") == "clamp";
        PtxType type = form.TakeType();
        return new LaneBinary<uint, uint, uint>(
            (start, length) =>
            {
                uint at = clamp ? start : start & 31;
                uint count = clamp ? length : length & 31;
                ulong mask = count >= 32 ? uint.MaxValue : (1UL << (int)count) - 1;
                return at >= 32 ? 0 : (uint)(mask << (int)at);
            },
            form.Write(0, type), form.Read(1, type), form.Read(2, type));
    }

    static Operation Extend(Form form)
    {
        bool clamp = form.TakeAny("clamp", "wrap") == "clamp";
        PtxType type = form.TakeType();
        bool signed = type.IsSigned();
        return new LaneBinary<uint, uint, uint>(
            (x, length) =>
            {
                uint count = clamp ? length : length & 31;
                return count >= 32 ? x : (uint)Field(x, 31, 0, count, signed);
            },
            form.Write(0, type), form.Read(1, type), form.Read(2, PtxType.U32));
    }
}
