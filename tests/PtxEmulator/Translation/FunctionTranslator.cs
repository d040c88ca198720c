namespace PtxEmulator;

/// <summary>
/// Translates the body of a function: gives registers and variables their places and decodes the instructions. That is done
/// twice: the first time to see which registers can share a place, the second time with those places.
/// </summary>
/// <param name="module">Of the function.</param>
/// <param name="function">What to translate.</param>
/// <param name="outer">The names of the module.</param>
/// <param name="frame">Where the function's registers begin.</param>
/// <param name="local">Where its local memory begins.</param>
/// <param name="plan">The registers' places; null the first time.</param>
sealed class FunctionTranslator(ModuleTranslator module, FunctionCode function, NameScope outer, int frame, int local, RegisterPlan? plan = null)
{
    const int Alignment = 64;

    readonly List<CodeItem> _items = [];
    readonly NameScope _scope = new(outer);
    readonly List<Register> _registers = [];
    int _scratch = -1;

    public ModuleTranslator Module => module;

    public FunctionCode Function => function;

    /// <summary>The frame's bytes behind this function's registers.</summary>
    public int FrameEnd { get; private set; } = plan?.End ?? frame;

    /// <summary>The bytes of local memory behind this function's variables.</summary>
    public int LocalEnd { get; private set; } = local;

    /// <summary>The shared address behind this kernel's variables.</summary>
    public int SharedEnd { get; set; }

    public List<int> TrackedMasks { get; } = [];

    /// <summary>The names of a kernel's registers that products use.</summary>
    public IReadOnlyList<string> ProductRegisters { get; private set; } = [];

    public bool IsKernel => function.Syntax.IsKernel;

    /// <summary>Parameters and results of a device function lie in local memory.</summary>
    public void DeclareFunction()
    {
        function.ReturnOffset = Reserve(4 * Lanes.Count);
        function.ParameterOffsets = [.. function.Syntax.Parameters.Select(ReserveLocal)];
        function.ResultOffsets = [.. function.Syntax.Results.Select(ReserveLocal)];
    }

    public List<PtxParameter> DeclareKernel()
    {
        var parameters = new List<PtxParameter>();
        int end = 0;
        foreach (VariableSyntax parameter in function.Syntax.Parameters)
        {
            int at = ModuleTranslator.AlignUp(end, parameter.Align);
            parameters.Add(new PtxParameter(parameter.Name, at, (int)parameter.Bytes, parameter.Align));
            _scope.Add(parameter.Name, new Place(StateSpace.Parameter, (ulong)at));
            end = at + (int)parameter.Bytes;
        }

        return parameters;
    }

    /// <summary>Translates to see how long registers are needed.</summary>
    public RegisterPlan Plan()
    {
        TranslateBody(0);
        return new RegisterPlan(new FlowGraph(_items, 0), _registers, frame);
    }

    public void Translate(List<Operation> code)
    {
        function.Entry = code.Count;
        TranslateBody(code.Count);
        Watch(code.Count);
        ProductRegisters = IsKernel ? PtxEmulator.ProductRegisters.Watch(_items) : [];
        code.AddRange(_items.Select(item => item.Operation));
        function.End = code.Count;
    }

    void TranslateBody(int firstPc)
    {
        for (int i = 0; !IsKernel && i < function.Syntax.Parameters.Count; i++)
        {
            _scope.Add(function.Syntax.Parameters[i].Name, new Place(StateSpace.Local, (ulong)function.ParameterOffsets[i]));
        }

        for (int i = 0; !IsKernel && i < function.Syntax.Results.Count; i++)
        {
            _scope.Add(function.Syntax.Results[i].Name, new Place(StateSpace.Local, (ulong)function.ResultOffsets[i]));
        }

        Translate(function.Syntax.Body!, _scope, firstPc);
        if (_items.Count == 0 || _items[^1].FallsThrough || _items[^1].IsGuarded)
        {
            Decode(new InstructionSyntax("ret", [], [], function.Syntax.Line), _scope);
        }
    }

    public int Reserve(int bytes)
    {
        int at = FrameEnd;
        FrameEnd += (bytes + Alignment - 1) / Alignment * Alignment;
        return at;
    }

    /// <summary>A place for results that nobody reads.</summary>
    public int Scratch => _scratch >= 0 ? _scratch : _scratch = Reserve(8 * Lanes.Count);

    int ReserveLocal(VariableSyntax variable)
    {
        int at = ModuleTranslator.AlignUp(LocalEnd, Math.Max(variable.Align, 8));
        LocalEnd = checked(at + (int)variable.Bytes);
        return at;
    }

    void Translate(ScopeSyntax body, NameScope scope, int firstPc)
    {
        DeclareLabels(body, scope);
        foreach (StatementSyntax statement in body.Statements)
        {
            switch (statement)
            {
                case RegistersSyntax registers:
                    Declare(registers, scope);
                    break;
                case VariableSyntax variable:
                    Declare(variable, scope);
                    break;
                case ScopeSyntax inner:
                    Translate(inner, new NameScope(scope), firstPc);
                    break;
                case LabelSyntax label:
                    scope.FindLabel(label.Name)!.Pc = firstPc + _items.Count;
                    break;
                case ImplicitDefinitionSyntax definition:
                    if (scope.FindRegister(definition.Register) is { } register)
                    {
                        var item = new CodeItem(new ImplicitDefinition(register) { Line = definition.Line });
                        item.Writes.Add(register);
                        _items.Add(item);
                    }

                    break;
                case InstructionSyntax instruction:
                    Decode(instruction, scope);
                    break;
            }
        }
    }

    /// <summary>Labels are known in the whole of their scope, before they stand there.</summary>
    static void DeclareLabels(ScopeSyntax body, NameScope scope)
    {
        foreach (LabelSyntax label in body.Statements.OfType<LabelSyntax>())
        {
            scope.Add(label.Name, new CodeLabel());
        }

        for (int i = 1; i < body.Statements.Count; i++)
        {
            if (body.Statements[i] is BranchTargetsSyntax targets && body.Statements[i - 1] is LabelSyntax name)
            {
                scope.FindLabel(name.Name)!.Targets = [.. targets.Targets.Select(target =>
                    scope.FindLabel(target) ?? throw new PtxException(PtxError.Syntax, targets.Line, $"there is no label {target}"))];
            }
        }
    }

    void Declare(RegistersSyntax registers, NameScope scope)
    {
        if (registers.Count is { } count)
        {
            scope.AddFamily(registers.Name, count, index => Create($"{registers.Name}{index}", registers.Type));
        }
        else
        {
            scope.Add(Create(registers.Name, registers.Type));
        }
    }

    Register Create(string name, PtxType type)
    {
        var register = new Register(name, type, plan?.Place(_registers.Count) ?? 0, _registers.Count);
        _registers.Add(register);
        return register;
    }

    void Declare(VariableSyntax variable, NameScope scope)
    {
        switch (variable.Space)
        {
            case StateSpace.Local or StateSpace.Parameter:
                scope.Add(variable.Name, new Place(StateSpace.Local, (ulong)ReserveLocal(variable)));
                break;
            case StateSpace.Shared when IsKernel:
                int end = SharedEnd;
                ModuleTranslator.AddShared(variable, scope, ref end);
                SharedEnd = end;
                break;
            case StateSpace.Global or StateSpace.Constant:
                module.AddVariable(variable, scope);
                break;
            default:
                throw new PtxException(PtxError.UnknownInstruction, variable.Line, $"{variable.Name}: shared variables in the body of a device function");
        }
    }

    void Decode(InstructionSyntax instruction, NameScope scope)
    {
        var form = new Form(this, scope, instruction);
        Operation operation = InstructionTable.Decode(form);
        foreach (Operation step in form.Before)
        {
            _items.Add(new CodeItem(Placed(step, instruction, scope)) { IsGuarded = instruction.Guard is not null });
        }

        operation.Name = instruction.FullName;
        var item = new CodeItem(Placed(operation, instruction, scope))
        {
            Targets = form.Targets,
            FallsThrough = form.FallsThrough,
            IsGuarded = instruction.Guard is not null,
        };
        item.Reads.AddRange(form.Reads);
        item.Writes.AddRange(form.Writes);
        if (instruction.Guard is { } guard)
        {
            item.Reads.Add(form.Register(guard));
        }

        _items.Add(item);
        foreach (Operation step in form.After)
        {
            _items.Add(new CodeItem(Placed(step, instruction, scope)) { IsGuarded = instruction.Guard is not null });
        }
    }

    static Operation Placed(Operation operation, InstructionSyntax instruction, NameScope scope)
    {
        operation.Line = instruction.Line;
        if (instruction.Guard is { } name)
        {
            Register guard = scope.FindRegister(name) is { IsPredicate: true } register
                ? register
                : throw new PtxException(PtxError.Syntax, instruction.Line, $"there is no predicate {name}");
            operation.Guard = guard.Offset;
            operation.GuardFlip = instruction.GuardNegated ? uint.MaxValue : 0;
        }

        return operation;
    }

    /// <summary>Has the machine watch the registers of which it is not certain that they are written before they are read.</summary>
    void Watch(int firstPc)
    {
        Dictionary<Register, HashSet<CodeItem>> watched = new RegisterAnalysis(new FlowGraph(_items, firstPc), _registers.Count).Find();
        if (watched.Count == 0)
        {
            return;
        }

        var masks = watched.Keys.ToDictionary(register => register, _ => Reserve(sizeof(uint)));
        TrackedMasks.AddRange(masks.Values);
        if (!IsKernel)
        {
            module.AddFunctionMasks(masks.Values);
        }

        foreach (CodeItem item in _items)
        {
            (int, string, bool)[] reads = [.. item.Reads
                .Where(register => watched.TryGetValue(register, out HashSet<CodeItem>? readers) && readers.Contains(item))
                .Select(register => (masks[register], register.Name, register.Offset == item.Operation.Guard))];
            int[] writes = [.. item.Writes.Where(masks.ContainsKey).Select(register => masks[register])];
            if (reads.Length > 0 || writes.Length > 0)
            {
                item.Operation.Track(reads, writes);
            }
        }
    }
}
