namespace PtxEmulator;

/// <summary>
/// An instruction while it is decoded. Decoders take its modifiers one by one and resolve its operands; a modifier that
/// nobody took makes the form unknown.
/// </summary>
sealed class Form(FunctionTranslator function, NameScope scope, InstructionSyntax syntax)
{
    readonly bool[] _taken = new bool[syntax.Modifiers.Length];

    public InstructionSyntax Syntax => syntax;

    public FunctionTranslator Function => function;

    public ConstantPool Constants => function.Module.Constants;

    public Operand[] Operands => syntax.Operands;

    public List<Register> Reads { get; } = [];

    public List<Register> Writes { get; } = [];

    /// <summary>Steps before and behind the operation itself.</summary>
    public List<Operation> Before { get; } = [];

    public List<Operation> After { get; } = [];

    public CodeLabel[] Targets { get; set; } = [];

    public bool FallsThrough { get; set; } = true;

    public bool Take(string modifier)
    {
        for (int i = 0; i < _taken.Length; i++)
        {
            if (!_taken[i] && syntax.Modifiers[i] == modifier)
            {
                return _taken[i] = true;
            }
        }

        return false;
    }

    /// <summary>The first of these that is there.</summary>
    public string? TakeAny(params ReadOnlySpan<string> modifiers)
    {
        foreach (string modifier in modifiers)
        {
            if (Take(modifier))
            {
                return modifier;
            }
        }

        return null;
    }

    public void Demand(string modifier)
    {
        if (!Take(modifier))
        {
            throw Unknown($"without .{modifier}");
        }
    }

    /// <summary>The next modifier that is a type.</summary>
    public PtxType TakeType()
    {
        for (int i = 0; i < _taken.Length; i++)
        {
            if (!_taken[i] && PtxTypes.Parse(syntax.Modifiers[i]) is not PtxType.None and var type)
            {
                _taken[i] = true;
                return type;
            }
        }

        throw Unknown("without a type");
    }

    /// <summary>The next modifier, whatever it is.</summary>
    public string? TakeNext()
    {
        int at = Array.IndexOf(_taken, false);
        if (at < 0)
        {
            return null;
        }

        _taken[at] = true;
        return syntax.Modifiers[at];
    }

    public void DemandOperands(int least, int most)
    {
        if (Operands.Length < least || Operands.Length > most)
        {
            throw Unknown($"with {Operands.Length} operands");
        }
    }

    public void DemandOperands(int count) => DemandOperands(count, count);

    /// <summary>Refuses the form if some modifier means nothing to the decoder.</summary>
    public void End()
    {
        int at = Array.IndexOf(_taken, false);
        if (at >= 0)
        {
            throw Unknown($"with .{syntax.Modifiers[at]}");
        }
    }

    public PtxException Unknown(string what) => new(PtxError.UnknownInstruction, syntax.Line, $"{syntax.FullName} {what} is not known here");

    public Register Register(string name) =>
        scope.FindRegister(name) ?? throw new PtxException(PtxError.Syntax, syntax.Line, $"there is no register {name}");

    public Slot Read(int operand, PtxType type) => Read(At(operand), type);

    /// <summary>The lanes of an operand that an instruction of this type reads.</summary>
    public Slot Read(Operand operand, PtxType type)
    {
        switch (operand)
        {
            case IntegerOperand integer:
                return Constants.Add(type.Bytes() == 2 ? (ushort)integer.Value : integer.Value, type.IsWide());
            case FloatOperand real:
                return Constants.Add(OperandBits.Of(real, type, syntax.Line), type.IsWide());
            case NameOperand { Name: var name } when SpecialRegister.Find(name) is { } special:
                return special.IsWide == type.IsWide() ? Slot.Register(special.Offset) : throw Unknown($"of {name}, whose size is another,");
            case NameOperand { Name: var name } when scope.FindRegister(name) is { } register:
                Check(register, type);
                Reads.Add(register);
                return Slot.Register(register.Offset);
            case NameOperand { Name: var name }:
                return Address(name, 0, type);
            case OffsetOperand part:
                return Address(part.Name, part.Offset, type);
            default:
                throw Unknown($"of {operand}");
        }
    }

    public int Write(int operand, PtxType type) => Write(At(operand), type);

    /// <summary>The place of a register that an instruction of this type writes.</summary>
    public int Write(Operand operand, PtxType type)
    {
        if (operand is SinkOperand)
        {
            return function.Scratch;
        }

        Register register = Register(NameOf(operand));
        Check(register, type);
        Writes.Add(register);
        return register.Offset;
    }

    /// <summary>The place of a register of any size, and whether its lanes have 64 bits.</summary>
    public (int Place, bool IsWide) WriteAny(Operand operand, int leastBytes)
    {
        if (operand is SinkOperand)
        {
            return (function.Scratch, leastBytes == 8);
        }

        Register register = Register(NameOf(operand));
        if (register.IsPredicate || register.Type.Bytes() < leastBytes)
        {
            throw Unknown($"of {register.Name}, which is too small,");
        }

        Writes.Add(register);
        return (register.Offset, register.Type.IsWide());
    }

    /// <summary>The lanes of a register of any size, and whether they have 64 bits.</summary>
    public (Slot Slot, bool IsWide) ReadAny(Operand operand, PtxType type)
    {
        if (operand is NameOperand { Name: var name } && scope.FindRegister(name) is { } register)
        {
            if (register.IsPredicate || register.Type.Bytes() < type.Bytes())
            {
                throw Unknown($"of {register.Name}, which is too small,");
            }

            Reads.Add(register);
            return (Slot.Register(register.Offset), register.Type.IsWide());
        }

        return (Read(operand, type), type.IsWide());
    }

    /// <summary>The mask of a predicate, and all ones to flip it by if the operand is negated.</summary>
    public (Slot Slot, uint Flip) ReadPredicate(Operand operand)
    {
        if (operand is IntegerOperand integer)
        {
            return (Constants.Add(integer.Value == 0 ? 0 : uint.MaxValue, wide: false), 0);
        }

        Register register = Register(operand is NotOperand not ? not.Name : NameOf(operand));
        if (!register.IsPredicate)
        {
            throw Unknown($"of {register.Name}, which is no predicate,");
        }

        Reads.Add(register);
        return (Slot.Register(register.Offset), operand is NotOperand ? uint.MaxValue : 0);
    }

    /// <summary>The place of a predicate's mask, -1 for a sink.</summary>
    public int WritePredicate(Operand operand)
    {
        if (operand is SinkOperand)
        {
            return -1;
        }

        Register register = Register(NameOf(operand));
        if (!register.IsPredicate)
        {
            throw Unknown($"of {register.Name}, which is no predicate,");
        }

        Writes.Add(register);
        return register.Offset;
    }

    public bool IsPredicate(Operand operand) =>
        operand is NotOperand || (operand is NameOperand { Name: var name } && scope.FindRegister(name)?.IsPredicate == true);

    public bool IsWideRegister(Operand operand) => operand is NameOperand { Name: var name } && scope.FindRegister(name)?.Type.IsWide() == true;

    public int RegisterBytes(Operand operand) => operand is NameOperand { Name: var name } && scope.FindRegister(name) is { } register ? register.Type.Bytes() : 4;

    public Place? PlaceOf(string name) => scope.FindPlace(name);

    public CodeLabel Label(Operand operand) =>
        scope.FindLabel(NameOf(operand)) ?? throw new PtxException(PtxError.Syntax, syntax.Line, $"there is no label {NameOf(operand)}");

    /// <summary>The number that an operand is.</summary>
    public long Integer(int operand) => At(operand) is IntegerOperand integer ? (long)integer.Value : throw Unknown("with an operand that is no number");

    /// <summary>The elements of <c>{a, b}</c>, or the operand itself.</summary>
    public Operand[] Elements(int operand) => At(operand) is VectorOperand vector ? vector.Elements : [At(operand)];

    public Operand At(int operand) => operand < Operands.Length ? Operands[operand] : throw Unknown($"with {Operands.Length} operands");

    /// <summary>An address in brackets: its base's lanes and what is added.</summary>
    public AddressForm Address(Operand operand, StateSpace space)
    {
        if (operand is not AddressOperand address)
        {
            throw Unknown("of an operand that is no address");
        }

        if (address.Base is not { } name)
        {
            return new AddressForm(Constants.Add(0, wide: true), IsWide: true, address.Offset, space);
        }

        if (scope.FindRegister(name) is { } register)
        {
            Reads.Add(register);
            return new AddressForm(Slot.Register(register.Offset), register.Type.IsWide(), address.Offset, space);
        }

        Place place = scope.FindPlace(name) ?? throw new PtxException(PtxError.Syntax, syntax.Line, $"there is no variable {name}");
        if (space == StateSpace.Generic || (space == StateSpace.Parameter && place.Space == StateSpace.Local))
        {
            space = place.Space;
        }
        else if (space != place.Space && !(space == StateSpace.Global && place.Space == StateSpace.Constant))
        {
            throw Unknown($"of {name}, which lies in another state space,");
        }

        return place.IsDynamicShared
            ? new AddressForm(Slot.Register(SpecialRegister.Find(SpecialRegister.DynamicShared)!.Offset), IsWide: true, address.Offset, space)
            : new AddressForm(Constants.Add(place.Address, wide: true), IsWide: true, address.Offset, space) { Fixed = (long)place.Address + address.Offset };
    }

    Slot Address(string name, long offset, PtxType type)
    {
        Place place = scope.FindPlace(name) ?? throw new PtxException(PtxError.Syntax, syntax.Line, $"there is no register or variable {name}");
        if (!place.IsDynamicShared)
        {
            return Constants.Add(place.Address + (ulong)offset, type.IsWide());
        }

        if (offset != 0)
        {
            throw Unknown("of a part of dynamic shared memory");
        }

        int at = SpecialRegister.Find(SpecialRegister.DynamicShared)!.Offset;
        if (type.IsWide())
        {
            return Slot.Register(at);
        }

        int narrow = function.Reserve(4 * Lanes.Count);
        Before.Add(new Narrow(narrow, Slot.Register(at)));
        return Slot.Register(narrow);
    }

    void Check(Register register, PtxType type)
    {
        if (register.IsPredicate || register.Type.Bytes() != Math.Max(2, type.Bytes()))
        {
            throw Unknown($"of {register.Name}, a register of type .{register.Type.ToString().ToLowerInvariant()},");
        }
    }

    string NameOf(Operand operand) => operand is NameOperand name ? name.Name : throw Unknown($"of {operand}, where a register is expected,");
}

/// <summary>An address operand: the lanes of its base, what is added to each, and the space it is in.</summary>
readonly record struct AddressForm(Slot Base, bool IsWide, long Offset, StateSpace Space)
{
    /// <summary>The address where it is the same for all lanes and known.</summary>
    public long? Fixed { get; init; }
}
