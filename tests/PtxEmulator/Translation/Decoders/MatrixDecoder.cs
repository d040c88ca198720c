using System.Globalization;

namespace PtxEmulator;

/// <summary><c>mma.sync</c> and what fills its registers.</summary>
static class MatrixDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["mma"] = Multiply;
        table["ldmatrix"] = Load;
        table["stmatrix"] = Store;
        table["movmatrix"] = Transpose;
    }

    static Operation Multiply(Form form)
    {
        form.Demand("sync");
        form.Demand("aligned");
        string shape = form.TakeAny("m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32") ?? throw form.Unknown("of this shape");
        form.Demand("row");
        form.Demand("col");
        bool saturates = form.Take("satfinite");
        (PtxType d, PtxType a, PtxType b, PtxType c) = (form.TakeType(), form.TakeType(), form.TakeType(), form.TakeType());
        int k = int.Parse(shape.AsSpan("m16n8k".Length), CultureInfo.InvariantCulture);
        form.DemandOperands(4);
        bool known = (a, k) switch
        {
            (PtxType.F16 or PtxType.BF16, 8 or 16) => a == b,
            (PtxType.TF32, 4 or 8) => a == b,
            (PtxType.E4M3 or PtxType.E5M2, 16 or 32) => b is PtxType.E4M3 or PtxType.E5M2,
            (PtxType.S8 or PtxType.U8, 16 or 32) => b is PtxType.S8 or PtxType.U8,
            _ => false,
        };
        bool isInteger = a.IsInteger();
        known &= d == c && (isInteger ? d == PtxType.S32 : d == PtxType.F32 || (d == PtxType.F16 && a is PtxType.F16 or PtxType.E4M3 or PtxType.E5M2));
        if (!known || (saturates && !isInteger))
        {
            throw form.Unknown("of these types and this shape");
        }

        int bytes = isInteger ? 1 : MatrixElements.Bytes(a);
        int pieces = k * bytes / 16;
        Slot[] aSlots = Slots(form, 1, 2 * pieces, a == PtxType.TF32 ? PtxType.TF32 : PtxType.B32);
        Slot[] bSlots = Slots(form, 2, pieces, b == PtxType.TF32 ? PtxType.TF32 : PtxType.B32);
        int accumulators = d == PtxType.F16 ? 2 : 4;
        PtxType accumulator = d == PtxType.F16 ? PtxType.B32 : d;
        Slot[] cSlots = Slots(form, 3, accumulators, accumulator);
        int[] places = Places(form, 0, accumulators, accumulator);
        return isInteger
            ? new IntegerMatrixMultiply(a.IsSigned(), b.IsSigned(), saturates, k, aSlots, bSlots, cSlots, places)
            : new MatrixMultiply(a, b, k, aSlots, bSlots, cSlots, places, d == PtxType.F16);
    }

    static Operation Load(Form form)
    {
        (int matrices, StateSpace space, bool transposed) = Shape(form);
        return new LoadMatrix(Places(form, 0, matrices, PtxType.B32), form.Address(form.At(1), space), transposed);
    }

    static Operation Store(Form form)
    {
        (int matrices, StateSpace space, bool transposed) = Shape(form);
        return new StoreMatrix(Slots(form, 1, matrices, PtxType.B32), form.Address(form.At(0), space), transposed);
    }

    static Operation Transpose(Form form)
    {
        form.Demand("sync");
        form.Demand("aligned");
        form.Demand("m8n8");
        form.Demand("trans");
        form.Demand("b16");
        return new TransposeMatrix(form.Write(0, PtxType.B32), form.Read(1, PtxType.B32));
    }

    static (int Matrices, StateSpace Space, bool Transposed) Shape(Form form)
    {
        form.Demand("sync");
        form.Demand("aligned");
        form.Demand("m8n8");
        int matrices = form.TakeAny("x1", "x2", "x4") switch
        {
            "x1" => 1,
            "x2" => 2,
            "x4" => 4,
            _ => throw form.Unknown("without a number of matrices"),
        };
        bool transposed = form.Take("trans");
        StateSpace space = form.TakeAny("shared", "shared::cta") is null ? StateSpace.Generic : StateSpace.Shared;
        form.Demand("b16");
        return (matrices, space, transposed);
    }

    public static Slot[] Slots(Form form, int operand, int count, PtxType type)
    {
        Operand[] elements = form.Elements(operand);
        return elements.Length == count ? [.. elements.Select(element => form.Read(element, type))] : throw form.Unknown($"with {elements.Length} registers of operand {operand}, not {count}");
    }

    public static int[] Places(Form form, int operand, int count, PtxType type)
    {
        Operand[] elements = form.Elements(operand);
        return elements.Length == count ? [.. elements.Select(element => form.Write(element, type))] : throw form.Unknown($"with {elements.Length} registers of operand {operand}, not {count}");
    }
}
