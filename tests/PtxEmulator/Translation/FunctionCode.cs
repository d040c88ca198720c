namespace PtxEmulator;

/// <summary>A function of a module while it is translated: where callers find its parameters and its code.</summary>
sealed class FunctionCode(FunctionSyntax syntax)
{
    public FunctionSyntax Syntax { get; } = syntax;

    public int Entry { get; set; }

    public int End { get; set; }

    /// <summary>The lanes' return addresses, of a device function.</summary>
    public int ReturnOffset { get; set; }

    /// <summary>Offsets in local memory, of a device function.</summary>
    public int[] ParameterOffsets { get; set; } = [];

    public int[] ResultOffsets { get; set; } = [];

    /// <summary>All names that the body mentions.</summary>
    public HashSet<string> Mentions { get; } = [];

    public bool Communicates { get; set; }
}
