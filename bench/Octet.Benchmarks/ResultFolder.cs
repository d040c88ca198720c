using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using System.Text.RegularExpressions;
using BenchmarkDotNet.Reports;

namespace Octet.Benchmarks;

/// <summary>Where results are kept: a folder for each processor and its widest instruction set, in the repository.</summary>
static partial class ResultFolder
{
    internal static string Repository { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    internal static void Keep(Summary[] summaries)
    {
        foreach (Summary summary in summaries.Where(summary => summary.Reports.Length > 0))
        {
            string folder = Path.Combine(Repository, "bench", "results", Name(summary));
            Directory.CreateDirectory(folder);
            foreach (string report in Directory.EnumerateFiles(summary.ResultsDirectoryPath, "*-report-github.md"))
            {
                string type = Path.GetFileName(report).Replace("Octet.Benchmarks.", "", StringComparison.Ordinal).Replace("-report-github", "", StringComparison.Ordinal);
                File.Copy(report, Path.Combine(folder, type), overwrite: true);
            }
        }
    }

    static string Name(Summary summary)
    {
        string processor = summary.HostEnvironmentInfo.Cpu.Value?.ProcessorName ?? "unknown";
        string widest = Avx512Vbmi.IsSupported ? "avx512-vbmi" : Avx512F.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : "vector128";
        return Separators().Replace($"{processor} {widest}".ToLowerInvariant(), "-").Trim('-');
    }

    static string Here([CallerFilePath] string path = "") => path;

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Separators();
}
