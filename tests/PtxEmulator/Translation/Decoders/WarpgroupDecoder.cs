using System.Globalization;

namespace PtxEmulator;

/// <summary><c>wgmma</c>.</summary>
static class WarpgroupDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table) => table["wgmma"] = Decode;

    static Operation Decode(Form form)
    {
        string? kind = form.TakeAny("fence", "commit_group", "wait_group", "mma_async");
        form.Demand("sync");
        form.Demand("aligned");
        switch (kind)
        {
            case "fence":
                return new ProductFence();
            case "commit_group":
                return new ProductCommit();
            case "wait_group":
                return new ProductWait(checked((int)form.Integer(0)));
            case "mma_async":
                return Multiply(form);
            default:
                throw form.Unknown("of this kind");
        }
    }

    static Operation Multiply(Form form)
    {
        (int columns, int k) = Shape(form);
        (PtxType d, PtxType a, PtxType b) = (form.TakeType(), form.TakeType(), form.TakeType());
        bool known = a switch
        {
            PtxType.F16 or PtxType.BF16 => k == 16 && a == b,
            PtxType.E4M3 or PtxType.E5M2 => k == 32 && b is PtxType.E4M3 or PtxType.E5M2,
            _ => false,
        };
        if (!known || d != PtxType.F32 || columns % 8 != 0 || columns is < 8 or > 256)
        {
            throw form.Unknown("of these types and this shape");
        }

        bool fromRegisters = form.At(1) is VectorOperand;
        bool canTranspose = k == 16;
        form.DemandOperands(canTranspose ? (fromRegisters ? 7 : 8) : 6);
        int[] places = MatrixDecoder.Places(form, 0, columns / 2, PtxType.F32);
        Slot[] aSlots = fromRegisters ? MatrixDecoder.Slots(form, 1, 4, PtxType.B32) : [form.Read(1, PtxType.B64)];
        (Slot scale, uint flip) = form.ReadPredicate(form.At(3));
        if (form.At(3) is IntegerOperand { Value: not 0 })
        {
            // Under a predicate the accumulator may be unwritten where it is not added.
            MatrixDecoder.Slots(form, 0, columns / 2, PtxType.F32);
        }

        var shape = new WarpgroupShape(
            a,
            b,
            k,
            columns,
            NegatesA: Sign(form, 4),
            NegatesB: Sign(form, 5),
            TransposedA: canTranspose && !fromRegisters && form.Integer(6) == 1,
            TransposedB: canTranspose && form.Integer(fromRegisters ? 6 : 7) == 1);
        return new WarpgroupMultiply(shape, places, aSlots, form.Read(2, PtxType.B64), scale, flip);
    }

    static bool Sign(Form form, int operand) => form.Integer(operand) switch
    {
        1 => false,
        -1 => true,
        _ => throw form.Unknown("with a scale other than 1 and -1"),
    };

    static (int Columns, int K) Shape(Form form)
    {
        string shape = form.TakeNext() ?? "";
        string[] parts = shape.Split('n', 'k');
        return parts.Length == 3 && parts[0] == "m64"
            && int.TryParse(parts[1], CultureInfo.InvariantCulture, out int columns)
            && int.TryParse(parts[2], CultureInfo.InvariantCulture, out int k)
            ? (columns, k)
            : throw form.Unknown($"of shape {shape}");
    }
}
