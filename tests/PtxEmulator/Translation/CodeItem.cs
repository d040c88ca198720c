namespace PtxEmulator;

/// <summary>An operation with what the analysis of registers has to know of it.</summary>
sealed class CodeItem(Operation operation)
{
    public Operation Operation { get; } = operation;

    public List<Register> Reads { get; } = [];

    public List<Register> Writes { get; } = [];

    /// <summary>Where it may jump to.</summary>
    public CodeLabel[] Targets { get; init; } = [];

    /// <summary>Whether the next instruction may follow it.</summary>
    public bool FallsThrough { get; init; } = true;

    /// <summary>Whether its writes may not happen, because it has a guard.</summary>
    public bool IsGuarded { get; init; }
}
