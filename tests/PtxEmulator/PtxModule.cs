namespace PtxEmulator;

/// <summary>
/// A PTX text that was read, checked against its <c>.version</c> and <c>.target</c>, and decoded. Immutable; any number
/// of machines may run its kernels at once.
/// </summary>
public sealed class PtxModule
{
    PtxModule(string target, string version)
    {
        Target = target;
        Version = version;
    }

    /// <summary>Reads a module: kernels, device functions, variables of the module.</summary>
    /// <exception cref="PtxException">What the text holds is not PTX, is not known here, or is not in the version or target that it names.</exception>
    public static PtxModule Parse(string text)
    {
        ModuleSyntax syntax = new Parser(text).ParseModule();
        var module = new PtxModule(syntax.Target.ToString(), syntax.Version.ToString());
        new ModuleTranslator(module, syntax).Translate();
        return module;
    }

    /// <summary>As written after <c>.target</c>: <c>sm_80</c>, <c>sm_90a</c>.</summary>
    public string Target { get; }

    /// <summary>As written after <c>.version</c>: <c>8.4</c>.</summary>
    public string Version { get; }

    public IReadOnlyDictionary<string, PtxKernel> Kernels { get; internal set; } = new Dictionary<string, PtxKernel>();

    /// <summary>Variables of the module in global and constant memory.</summary>
    public IReadOnlyDictionary<string, PtxVariable> Variables { get; internal set; } = new Dictionary<string, PtxVariable>();

    /// <summary>The code of all kernels and functions.</summary>
    internal Operation[] Code { get; set; } = [];

    /// <summary>Memory of constants that instructions point into: kept alive as long as the module.</summary>
    internal ConstantPool Constants { get; } = new();
}
