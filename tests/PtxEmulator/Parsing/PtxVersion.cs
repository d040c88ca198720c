using System.Globalization;

namespace PtxEmulator;

/// <summary>A version of the PTX language.</summary>
readonly record struct PtxVersion(int Major, int Minor) : IComparable<PtxVersion>
{
    public static PtxVersion Parse(string text, int line)
    {
        string[] parts = text.Split('.');
        return parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out int major) && int.TryParse(parts[1], CultureInfo.InvariantCulture, out int minor)
            ? new PtxVersion(major, minor)
            : throw new PtxException(PtxError.Syntax, line, $"a .version is like 8.4, not '{text}'");
    }

    public int CompareTo(PtxVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    public override string ToString() => $"{Major}.{Minor}";
}

/// <summary>A <c>.target</c>: the compute capability times ten, and whether the code is for this architecture alone (<c>a</c>).</summary>
readonly record struct PtxTarget(int Capability, bool ArchitectureSpecific)
{
    public static PtxTarget Parse(string text, int line)
    {
        bool specific = text.EndsWith('a');
        string digits = text.StartsWith("sm_", StringComparison.Ordinal) ? text["sm_".Length..].TrimEnd('a') : "";
        return int.TryParse(digits, CultureInfo.InvariantCulture, out int capability)
            ? new PtxTarget(capability, specific)
            : throw new PtxException(PtxError.Syntax, line, $"a .target is like sm_90a, not '{text}'");
    }

    public override string ToString() => $"sm_{Capability}{(ArchitectureSpecific ? "a" : "")}";
}
