namespace PtxEmulator;

/// <summary>The opcodes and who decodes them.</summary>
static class InstructionTable
{
    static readonly Dictionary<string, Func<Form, Operation>> s_decoders = Build();

    public static IReadOnlyCollection<string> Opcodes => s_decoders.Keys;

    public static Operation Decode(Form form)
    {
        if (!s_decoders.TryGetValue(form.Syntax.Opcode, out Func<Form, Operation>? decode))
        {
            throw form.Unknown("as an opcode");
        }

        InstructionSupport.Check(form.Syntax, form.Function.Module.Version, form.Function.Module.Target);
        Operation operation = decode(form);
        form.End();
        return operation;
    }

    static Dictionary<string, Func<Form, Operation>> Build()
    {
        var table = new Dictionary<string, Func<Form, Operation>>();
        Action<Dictionary<string, Func<Form, Operation>>>[] groups =
        [
            IntegerDecoder.Add, LogicDecoder.Add, FloatDecoder.Add, CompareDecoder.Add, MoveDecoder.Add, ConvertDecoder.Add,
            MemoryDecoder.Add, AtomicDecoder.Add, ControlDecoder.Add, BarrierDecoder.Add, PhaseBarrierDecoder.Add,
            WarpDecoder.Add, MatrixDecoder.Add, AsyncCopyDecoder.Add, WarpgroupDecoder.Add,
        ];
        Array.ForEach(groups, add => add(table));
        return table;
    }
}
