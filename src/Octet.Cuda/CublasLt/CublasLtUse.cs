namespace Octet.Cuda.CublasLt;

/// <summary>What the library is used for on a card.</summary>
/// <param name="Version">The library's, as text; empty: there is none.</param>
/// <param name="BFloat16">Why not for layers in bfloat16, in one line; null: it is.</param>
/// <param name="BlockCodes">Why not for layers in E4M3 with scales of blocks; null: it is.</param>
sealed record CublasLtUse(string Version, string? BFloat16, string? BlockCodes)
{
    /// <summary>Whether it is used for anything.</summary>
    internal bool IsUsed => BFloat16 is null || BlockCodes is null;

    /// <summary>In a few words, for who reads what computes.</summary>
    internal string Summary => (BFloat16, BlockCodes) switch
    {
        (null, null) => $"prompts in bfloat16 and E4M3 by cuBLASLt {Version}",
        (null, { } reason) => $"prompts in bfloat16 by cuBLASLt {Version}, not in E4M3: {reason}",
        ({ } reason, null) => $"prompts in E4M3 by cuBLASLt {Version}, not in bfloat16: {reason}",
        ({ } reason, _) => $"cuBLASLt not used: {reason}",
    };

    /// <summary>What is known before it is tried.</summary>
    internal static CublasLtUse Of(CublasLtProbe probe) => new(
        probe.Version == 0 ? "" : CublasLtLibrary.VersionText(probe.Version),
        probe.Reason,
        probe.Reason ?? (probe.Version < CublasLtProbe.BlockScalesVersion
            ? $"the library multiplies codes with scales of blocks from {CublasLtLibrary.VersionText(CublasLtProbe.BlockScalesVersion)} on, this is {CublasLtLibrary.VersionText(probe.Version)}"
            : null));

    /// <summary>Why it is not used for a kind; null: it is.</summary>
    internal string? Problem(MatmulKind kind) => kind == MatmulKind.BFloat16 ? BFloat16 : BlockCodes;

    /// <summary>It is used for nothing.</summary>
    internal CublasLtUse Without(string reason) => this with { BFloat16 = reason, BlockCodes = reason };
}
