namespace PtxEmulator;

/// <summary>An entry function of a <see cref="PtxModule"/>, ready to run.</summary>
public sealed class PtxKernel
{
    internal PtxKernel(PtxModule module, string name, IReadOnlyList<PtxParameter> parameters)
    {
        Module = module;
        Name = name;
        Parameters = parameters;
        ParameterBytes = parameters.Count == 0 ? 0 : parameters[^1].Offset + parameters[^1].Size;
    }

    public PtxModule Module { get; }

    public string Name { get; }

    public IReadOnlyList<PtxParameter> Parameters { get; }

    /// <summary>The size of the parameter block.</summary>
    public int ParameterBytes { get; }

    /// <summary>Shared memory that the kernel declares itself, in bytes; dynamic shared memory follows it.</summary>
    public int StaticSharedBytes { get; internal set; }

    /// <summary>The most threads a block may have (<c>.maxntid</c>), or 0.</summary>
    public int MaxThreads { get; internal set; }

    /// <summary>The exact block that the kernel asks for (<c>.reqntid</c>), or null.</summary>
    public Dim3? RequiredBlock { get; internal set; }

    /// <summary>The number of instructions in the kernel's own body.</summary>
    public int InstructionCount { get; internal set; }

    /// <summary>The index of the first instruction in the module's code.</summary>
    internal int Entry { get; set; }

    internal int End { get; set; }

    /// <summary>Where dynamic shared memory begins, as a shared address.</summary>
    internal int DynamicSharedStart { get; set; }

    /// <summary>Bytes of local memory (stack) that each thread has.</summary>
    internal int LocalBytes { get; set; }

    /// <summary>Bytes of registers that each warp has.</summary>
    internal int FrameBytes { get; set; }

    /// <summary>Whether blocks may see one another's writes, so that they have to run in order on one thread.</summary>
    internal bool BlocksCommunicate { get; set; }

    /// <summary>Registers that threads find filled: special registers and addresses that depend on the launch.</summary>
    internal IReadOnlyList<SpecialRegister> SpecialRegisters { get; set; } = [];

    /// <summary>Places in the frame of masks that tell which lanes have written a register which may be read unwritten.</summary>
    internal IReadOnlyList<int> TrackedMasks { get; set; } = [];

    /// <summary>The names of the registers that <see cref="OpenProducts"/> watches.</summary>
    internal IReadOnlyList<string> ProductRegisters { get; set; } = [];
}
