using System.Text.Json.Nodes;

namespace Octet.Measurements;

/// <summary><c>octet bench --json</c> of the release build.</summary>
static class OctetBench
{
    static readonly string s_tool = Path.Combine(Repository.Root, "artifacts", "bin", "Octet.Cli", "release", OperatingSystem.IsWindows() ? "octet.exe" : "octet");

    internal static JsonObject Run(string model, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken cancellation)
        => JsonNode.Parse(ChildProcess.Run(Tool(), ["bench", model, .. arguments, "--json"], environment, cancellation))!.AsObject();

    /// <summary>Whether the tool knows an option: what this compares may be older than an option of the newest.</summary>
    internal static bool Has(string option, CancellationToken cancellation)
        => ChildProcess.Run(Tool(), ["bench", "--help"], new Dictionary<string, string>(), cancellation).Contains(option, StringComparison.Ordinal);

    static string Tool() => File.Exists(s_tool) ? s_tool : throw new MeasurementException($"there is no {Path.GetRelativePath(Repository.Root, s_tool)}: build it with dotnet build -c Release src/Octet.Cli");
}
