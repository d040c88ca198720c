namespace PtxEmulator;

/// <summary>Lays out the variables of a module and translates its functions into one list of operations.</summary>
sealed class ModuleTranslator
{
    const int MaxStaticShared = 48 * 1024;

    static long s_nextVariable = (long)AddressWindows.Variables;

    readonly PtxModule _module;
    readonly ModuleSyntax _syntax;
    readonly NameScope _names = new(null);
    readonly Dictionary<string, FunctionCode> _functions = [];
    readonly List<Operation> _code = [];
    readonly Dictionary<string, PtxVariable> _variables = [];
    readonly List<int> _functionMasks = [];

    // Registers, local memory and shared memory of device functions come first; every kernel's own begin behind them.
    int _frame = SpecialRegister.FrameBytes;
    int _local;
    int _shared = AddressWindows.SharedStart;

    public ModuleTranslator(PtxModule module, ModuleSyntax syntax)
    {
        _module = module;
        _syntax = syntax;
        if (InstructionSupport.MinimumVersion(syntax.Target) is var minimum && syntax.Version.CompareTo(minimum) < 0)
        {
            throw new PtxException(PtxError.NotInTarget, 1, $".target {syntax.Target} needs .version {minimum}, not {syntax.Version}");
        }
    }

    public ConstantPool Constants => _module.Constants;

    public PtxVersion Version => _syntax.Version;

    public PtxTarget Target => _syntax.Target;

    public NameScope Names => _names;

    public FunctionCode? Function(string name) => _functions.GetValueOrDefault(name);

    public void Translate()
    {
        foreach (FunctionSyntax function in _syntax.Functions.Where(function => function.Body is not null))
        {
            var code = new FunctionCode(function);
            Survey.Of(function.Body!, code);
            if (!_functions.TryAdd(function.Name, code))
            {
                throw new PtxException(PtxError.Syntax, function.Line, $"{function.Name} is there twice");
            }
        }

        foreach (VariableSyntax variable in _syntax.Variables.Where(variable => variable.Space != StateSpace.Shared))
        {
            AddVariable(variable, _names);
        }

        LayOutCommonShared();
        foreach (FunctionCode function in _functions.Values.Where(function => !function.Syntax.IsKernel))
        {
            RefuseRecursion(function, []);
            var translator = new FunctionTranslator(this, function, _names, _frame, _local);
            translator.DeclareFunction();
            (_frame, _local) = (translator.FrameEnd, translator.LocalEnd);
        }

        foreach (FunctionCode function in _functions.Values.Where(function => !function.Syntax.IsKernel))
        {
            RegisterPlan plan = new FunctionTranslator(this, function, _names, _frame, _local).Plan();
            var translator = new FunctionTranslator(this, function, _names, _frame, _local, plan);
            translator.Translate(_code);
            (_frame, _local) = (translator.FrameEnd, translator.LocalEnd);
        }

        _module.Kernels = _functions.Values.Where(function => function.Syntax.IsKernel).Select(Kernel).ToDictionary(kernel => kernel.Name);
        _module.Variables = _variables;
        _module.Code = [.. _code];
    }

    /// <summary>Gives a variable in global or constant memory its address.</summary>
    public void AddVariable(VariableSyntax variable, NameScope scope)
    {
        if (variable.IsExternal)
        {
            throw new PtxException(PtxError.UnknownInstruction, variable.Line, $"{variable.Name} is defined elsewhere (.extern): modules are not linked here");
        }

        long size = Math.Max(1, variable.Bytes);
        ulong room = ((ulong)size + 511) / 512 * 512;
        ulong address = (ulong)Interlocked.Add(ref s_nextVariable, (long)room + 4096) - room - 4096;
        scope.Add(variable.Name, new Place(variable.Space, address));
        _variables[variable.Name] = new PtxVariable(variable.Name, address, size)
        {
            Initial = InitialBytes(variable, scope),
            IsConstant = variable.Space == StateSpace.Constant,
        };
    }

    PtxKernel Kernel(FunctionCode function)
    {
        var scope = new NameScope(_names);
        int sharedEnd = _shared;
        foreach (VariableSyntax variable in SharedVariables().Where(variable => !IsDynamic(variable) && UsersOf(variable) is [var user] && user == function))
        {
            AddShared(variable, scope, ref sharedEnd);
        }

        var first = new FunctionTranslator(this, function, scope, _frame, _local) { SharedEnd = sharedEnd };
        first.DeclareKernel();
        var translator = new FunctionTranslator(this, function, scope, _frame, _local, first.Plan()) { SharedEnd = sharedEnd };
        List<PtxParameter> parameters = translator.DeclareKernel();
        FunctionCode[] reached = [.. Reach(function)];
        int align = SharedVariables().Where(IsDynamic).Where(variable => reached.Any(each => each.Mentions.Contains(variable.Name))).Select(variable => variable.Align).DefaultIfEmpty(16).Max();
        translator.Translate(_code);
        int staticEnd = translator.SharedEnd;
        var kernel = new PtxKernel(_module, function.Syntax.Name, parameters)
        {
            Entry = function.Entry,
            End = function.End,
            StaticSharedBytes = staticEnd - AddressWindows.SharedStart,
            DynamicSharedStart = AlignUp(staticEnd, align),
            LocalBytes = translator.LocalEnd,
            FrameBytes = translator.FrameEnd,
            InstructionCount = _code.Skip(function.Entry).Count(operation => operation.Name.Length > 0),
            BlocksCommunicate = reached.Any(each => each.Communicates),
            MaxThreads = Product(function.Syntax.Directives.GetValueOrDefault(".maxntid")),
            RequiredBlock = function.Syntax.Directives.TryGetValue(".reqntid", out int[]? exact) ? new Dim3(exact[0], exact.ElementAtOrDefault(1) is > 0 and var y ? y : 1, exact.ElementAtOrDefault(2) is > 0 and var z ? z : 1) : null,
            SpecialRegisters = [.. reached.SelectMany(each => each.Mentions).Append(SpecialRegister.DynamicShared).Distinct().Select(SpecialRegister.Find).OfType<SpecialRegister>()],
            ProductRegisters = translator.ProductRegisters,
            TrackedMasks = [.. translator.TrackedMasks, .. _functionMasks],
        };
        return kernel.StaticSharedBytes <= MaxStaticShared
            ? kernel
            : throw new PtxException(PtxError.Launch, function.Syntax.Line, $"{kernel.Name} declares {kernel.StaticSharedBytes} bytes of shared memory: at most {MaxStaticShared} are possible, more only as dynamic");
    }

    /// <summary>Notes masks of a device function's watched registers: every kernel clears them.</summary>
    public void AddFunctionMasks(IEnumerable<int> masks) => _functionMasks.AddRange(masks);

    /// <summary>Shared variables of device functions and of several kernels have one place in all kernels; dynamic shared memory has none until the launch.</summary>
    void LayOutCommonShared()
    {
        foreach (VariableSyntax variable in SharedVariables())
        {
            if (IsDynamic(variable))
            {
                _names.Add(variable.Name, new Place(StateSpace.Shared, 0, IsDynamicShared: true));
            }
            else if (UsersOf(variable) is { Count: > 0 } users && (users.Count > 1 || !users[0].Syntax.IsKernel))
            {
                AddShared(variable, _names, ref _shared);
            }
        }
    }

    public static void AddShared(VariableSyntax variable, NameScope scope, ref int end)
    {
        int at = AlignUp(end, variable.Align);
        scope.Add(variable.Name, new Place(StateSpace.Shared, (ulong)at));
        end = checked(at + (int)variable.Bytes);
    }

    public static int AlignUp(int value, int align) => (value + align - 1) / align * align;

    IEnumerable<VariableSyntax> SharedVariables() => _syntax.Variables.Where(variable => variable.Space == StateSpace.Shared);

    static bool IsDynamic(VariableSyntax variable) => variable.IsExternal || variable.Elements == 0;

    List<FunctionCode> UsersOf(VariableSyntax variable) => [.. _functions.Values.Where(function => function.Mentions.Contains(variable.Name))];

    /// <summary>The function and all that it calls.</summary>
    HashSet<FunctionCode> Reach(FunctionCode function)
    {
        var reached = new HashSet<FunctionCode>();
        var open = new Stack<FunctionCode>([function]);
        while (open.TryPop(out FunctionCode? next))
        {
            if (reached.Add(next))
            {
                foreach (string name in next.Mentions.Where(_functions.ContainsKey))
                {
                    open.Push(_functions[name]);
                }
            }
        }

        return reached;
    }

    void RefuseRecursion(FunctionCode function, HashSet<FunctionCode> above)
    {
        if (!above.Add(function))
        {
            throw new PtxException(PtxError.UnknownInstruction, function.Syntax.Line, $"{function.Syntax.Name} calls itself, by way of others or at once: registers of functions have one place here");
        }

        foreach (string name in function.Mentions.Where(_functions.ContainsKey))
        {
            RefuseRecursion(_functions[name], above);
        }

        above.Remove(function);
    }

    static int Product(int[]? extents) => extents?.Aggregate(1, (product, extent) => product * extent) ?? 0;

    static byte[] InitialBytes(VariableSyntax variable, NameScope scope)
    {
        int size = variable.Type.Bytes();
        byte[] bytes = new byte[variable.Initial.Count * size];
        for (int i = 0; i < variable.Initial.Count; i++)
        {
            ulong bits = variable.Initial[i] switch
            {
                IntegerOperand integer => integer.Value,
                FloatOperand real => OperandBits.Of(real, variable.Type, variable.Line),
                NameOperand name when scope.FindPlace(name.Name) is { } place => place.Address,
                OffsetOperand part when scope.FindPlace(part.Name) is { } place => place.Address + (ulong)part.Offset,
                _ => throw new PtxException(PtxError.UnknownInstruction, variable.Line, $"an initial value of {variable.Name} is neither a number nor the address of a variable before it"),
            };
            BitConverter.GetBytes(bits).AsSpan(0, size).CopyTo(bytes.AsSpan(i * size));
        }

        return bytes;
    }
}
