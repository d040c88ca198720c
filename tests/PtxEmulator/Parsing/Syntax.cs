namespace PtxEmulator;

/// <summary>A module as it is written.</summary>
sealed class ModuleSyntax
{
    public PtxVersion Version { get; set; }

    public PtxTarget Target { get; set; }

    public List<VariableSyntax> Variables { get; } = [];

    public List<FunctionSyntax> Functions { get; } = [];
}

/// <summary>A kernel or a device function; a body of null only declares it.</summary>
sealed record FunctionSyntax(string Name, bool IsKernel, int Line)
{
    public List<VariableSyntax> Results { get; } = [];

    public List<VariableSyntax> Parameters { get; } = [];

    public Dictionary<string, int[]> Directives { get; } = [];

    public ScopeSyntax? Body { get; set; }
}

/// <summary>What stands between two braces.</summary>
sealed record ScopeSyntax(int Line) : StatementSyntax(Line)
{
    public List<StatementSyntax> Statements { get; } = [];
}

abstract record StatementSyntax(int Line);

sealed record LabelSyntax(string Name, int Line) : StatementSyntax(Line);

/// <summary>Registers <c>name</c>, or <c>name0</c> to <c>name(count-1)</c>.</summary>
sealed record RegistersSyntax(string Name, int? Count, PtxType Type, int Line) : StatementSyntax(Line);

/// <summary>LLVM says that the register's value does not matter here.</summary>
sealed record ImplicitDefinitionSyntax(string Register, int Line) : StatementSyntax(Line);

/// <summary>The targets of a <c>brx.idx</c>, under the name of their label.</summary>
sealed record BranchTargetsSyntax(string[] Targets, int Line) : StatementSyntax(Line);

enum StateSpace
{
    Generic,
    Global,
    Constant,
    Shared,
    Local,
    Parameter,
}

/// <summary>A variable: its size is that of one element for scalars. Elements of 0 mean an array whose length the launch tells.</summary>
sealed record VariableSyntax(string Name, StateSpace Space, PtxType Type, int Vector, long Elements, int Align, int Line) : StatementSyntax(Line)
{
    public bool IsExternal { get; init; }

    /// <summary>The initial elements: numbers as bits of the type, or names of variables whose address is meant.</summary>
    public List<Operand> Initial { get; init; } = [];

    public long Bytes => Elements * Vector * Type.Bytes();
}

/// <summary>An instruction with its guard, opcode, modifiers and operands.</summary>
sealed record InstructionSyntax(string Opcode, string[] Modifiers, Operand[] Operands, int Line) : StatementSyntax(Line)
{
    /// <summary>The predicate before it, without <c>@</c> and <c>!</c>.</summary>
    public string? Guard { get; init; }

    public bool GuardNegated { get; init; }

    public string FullName => Modifiers.Length == 0 ? Opcode : $"{Opcode}.{string.Join('.', Modifiers)}";
}

abstract record Operand;

/// <summary>A register, label, function, variable or special register.</summary>
sealed record NameOperand(string Name) : Operand;

/// <summary>An integer, in two's complement.</summary>
sealed record IntegerOperand(ulong Value) : Operand;

/// <summary>A float given by its bits (<c>0f3F800000</c>, <c>0d...</c>).</summary>
sealed record FloatOperand(ulong Bits, bool IsDouble) : Operand;

/// <summary><c>[base + offset]</c>, or <c>[base, {coordinates}]</c> of a tensor; no base means an absolute address.</summary>
sealed record AddressOperand(string? Base, long Offset, Operand[] Coordinates) : Operand;

/// <summary><c>{a, b, ...}</c>.</summary>
sealed record VectorOperand(Operand[] Elements) : Operand;

/// <summary><c>(a, b, ...)</c> of a call.</summary>
sealed record ListOperand(Operand[] Elements) : Operand;

/// <summary><c>!p</c>.</summary>
sealed record NotOperand(string Name) : Operand;

/// <summary><c>p|q</c>.</summary>
sealed record PairOperand(Operand First, Operand Second) : Operand;

/// <summary><c>_</c>: a result that nobody wants.</summary>
sealed record SinkOperand : Operand;

/// <summary><c>name + offset</c> outside of brackets: the address of a variable's part.</summary>
sealed record OffsetOperand(string Name, long Offset) : Operand;
