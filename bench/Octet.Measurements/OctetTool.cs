using System.Text.Json.Nodes;

namespace Octet.Measurements;

/// <summary>The <c>octet</c> tool of the release build.</summary>
static class OctetTool
{
    static readonly string s_path = Path.Combine(Repository.Root, "artifacts", "bin", "Octet.Cli", "release", OperatingSystem.IsWindows() ? "octet.exe" : "octet");
    static readonly Dictionary<string, string> s_nothing = [];

    /// <returns>What it wrote on its output.</returns>
    internal static string Run(IEnumerable<string> arguments, CancellationToken cancellation, IReadOnlyDictionary<string, string>? environment = null)
        => File.Exists(s_path)
            ? ChildProcess.Run(s_path, arguments, environment ?? s_nothing, cancellation)
            : throw new MeasurementException($"there is no {Path.GetRelativePath(Repository.Root, s_path)}: build it with dotnet build -c Release src/Octet.Cli");

    /// <returns>The one object that it wrote with <c>--json</c>.</returns>
    internal static JsonObject Json(IEnumerable<string> arguments, CancellationToken cancellation, IReadOnlyDictionary<string, string>? environment = null)
        => JsonNode.Parse(Run([.. arguments, "--json"], cancellation, environment))!.AsObject();
}
