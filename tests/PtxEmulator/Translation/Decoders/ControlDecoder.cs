namespace PtxEmulator;

/// <summary>Branches, calls, ends.</summary>
static class ControlDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table)
    {
        table["bra"] = Branch;
        table["brx"] = BranchIndexed;
        table["call"] = Call;
        table["ret"] = Return;
        table["exit"] = form => End(form, new Exit());
        table["trap"] = form => End(form, new Trap());
        table["brkpt"] = _ => new NoOperation();
        table["nanosleep"] = Sleep;
        table["griddepcontrol"] = form => form.TakeAny("wait", "launch_dependents") == "wait" ? new LaunchWait() : new NoOperation();
        table["setmaxnreg"] = form =>
        {
            form.TakeAny("inc", "dec");
            form.Demand("sync");
            form.Demand("aligned");
            form.Demand("u32");
            long count = form.Integer(0);
            return count is >= 24 and <= 256 && count % 8 == 0 ? new SetMaxRegisters() : throw form.Unknown($"of {count} registers");
        };
    }

    static Operation Branch(Form form)
    {
        form.Take("uni");
        CodeLabel target = form.Label(form.At(0));
        form.Targets = [target];
        form.FallsThrough = false;
        return new Branch(target);
    }

    static Operation BranchIndexed(Form form)
    {
        form.Demand("idx");
        form.Take("uni");
        CodeLabel list = form.Label(form.At(1));
        form.Targets = list.Targets ?? throw form.Unknown("without a .branchtargets");
        form.FallsThrough = false;
        return new BranchIndexed(form.Read(0, PtxType.U32), list);
    }

    static Operation Call(Form form)
    {
        form.Take("uni");
        Operand[] results = form.At(0) is ListOperand list ? list.Elements : [];
        int at = form.At(0) is ListOperand ? 1 : 0;
        string name = form.At(at) is NameOperand named ? named.Name : throw form.Unknown("of no function");
        Operand[] arguments = at + 1 < form.Operands.Length && form.At(at + 1) is ListOperand given ? given.Elements : [];
        FunctionCode function = form.Function.Module.Function(name) ?? throw form.Unknown($"of {name}, which is no function of this module,");
        if (arguments.Length != function.ParameterOffsets.Length || results.Length != function.ResultOffsets.Length)
        {
            throw form.Unknown($"with {arguments.Length} arguments and {results.Length} results");
        }

        if (arguments.Length > 0)
        {
            form.Before.Add(new CopyLocal([.. arguments.Select((argument, i) =>
                (Place(form, argument), function.ParameterOffsets[i], (int)function.Syntax.Parameters[i].Bytes))]));
        }

        if (results.Length > 0)
        {
            form.After.Add(new CopyLocal([.. results.Select((result, i) =>
                (function.ResultOffsets[i], Place(form, result), (int)function.Syntax.Results[i].Bytes))]));
        }

        return new Call(function);
    }

    static int Place(Form form, Operand operand) =>
        operand is NameOperand { Name: var name } && form.PlaceOf(name) is { Space: StateSpace.Local } place
            ? (int)place.Address
            : throw form.Unknown("with an argument that is no .param variable");

    static Operation Return(Form form)
    {
        form.Take("uni");
        return End(form, form.Function.IsKernel ? new Exit() : new Return(form.Function.Function));
    }

    static Operation End(Form form, Operation operation)
    {
        form.FallsThrough = false;
        return operation;
    }

    static Operation Sleep(Form form)
    {
        form.Read(0, form.TakeType());
        return new Yield();
    }
}
