using System.Runtime.Intrinsics.X86;
using System.Text.RegularExpressions;

namespace Octet.Measurements;

/// <summary>This repository's folders, and the folder of this processor's results in it.</summary>
static partial class Repository
{
    internal static string Root { get; } = Find();

    internal static string AllResults { get; } = Path.Combine(Root, "bench", "results");

    /// <summary>As <c>/proc/cpuinfo</c> calls it, e.g. <c>AMD EPYC</c>.</summary>
    internal static string Processor { get; } = ProcessorName();

    /// <summary>Processor and widest instruction set, as bench/Octet.Benchmarks names the folder.</summary>
    internal static string Results { get; } = Path.Combine(AllResults, Separators().Replace($"{Processor} {Widest()}".ToLowerInvariant(), "-").Trim('-'));

    internal static string Widest() => Avx512Vbmi.IsSupported ? "avx512-vbmi" : Avx512F.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : "vector128";

    /// <summary>Writes a text file that appears whole or not at all.</summary>
    internal static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = path + ".tmp";
        File.WriteAllText(temporary, text);
        File.Move(temporary, path, overwrite: true);
    }

    static string ProcessorName()
    {
        const string Key = "model name";
        string? line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Replace(" Processor", "", StringComparison.Ordinal).Trim() ?? "unknown";
    }

    // A deterministic build leaves no paths of sources in the program.
    static string Find()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "Octet.slnx")))
            {
                return at;
            }
        }

        throw new MeasurementException($"there is no Octet.slnx above {AppContext.BaseDirectory}: run this from a build inside the repository");
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Separators();
}
