using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>Generated code through the interpreter everywhere, and on the processor where that can run it.</summary>
static class ProductCodes
{
    static readonly Dictionary<string, (ProductCode? Code, string? Refusal)> s_codes = Make();

    internal static IEnumerable<string> Names => s_codes.Keys;

    /// <summary>Skips the test, with the reason, where the machine cannot run it.</summary>
    internal static ProductCode Get(string name)
    {
        (ProductCode? code, string? refusal) = s_codes[name];
        Assert.SkipWhen(code is null, refusal ?? "");
        return code!;
    }

    static Dictionary<string, (ProductCode? Code, string? Refusal)> Make()
    {
        ProductCode.TryCreateTiles(out ProductCode? tiles, out string? noTiles);
        ProductCode.TryCreateDotProducts(out ProductCode? dotProducts, out string? noDotProducts);
        return new()
        {
            ["amx, interpreted"] = (InterpretedCode.Tiles, null),
            ["avx512bf16, interpreted"] = (InterpretedCode.DotProducts, null),
            ["amx, on this processor"] = (tiles, noTiles),
            ["avx512bf16, on this processor"] = (dotProducts, noDotProducts),
        };
    }
}
