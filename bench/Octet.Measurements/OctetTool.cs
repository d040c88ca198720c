using System.Text.Json.Nodes;

namespace Octet.Measurements;

/// <summary>The <c>octet</c> tool of the release build.</summary>
static class OctetTool
{
    internal static string Path { get; } = System.IO.Path.Combine(Repository.Root, "artifacts", "bin", "Octet.Cli", "release", OperatingSystem.IsWindows() ? "octet.exe" : "octet");
    static readonly Dictionary<string, string> s_nothing = [];

    /// <returns>What it wrote on its output.</returns>
    internal static string Run(IEnumerable<string> arguments, CancellationToken cancellation, IReadOnlyDictionary<string, string>? environment = null)
        => File.Exists(Path)
            ? ChildProcess.Run(Path, arguments, environment ?? s_nothing, cancellation)
            : throw new MeasurementException($"there is no {System.IO.Path.GetRelativePath(Repository.Root, Path)}: build it with dotnet build -c Release src/Octet.Cli");

    /// <returns>The one object that it wrote with <c>--json</c>.</returns>
    internal static JsonObject Json(IEnumerable<string> arguments, CancellationToken cancellation, IReadOnlyDictionary<string, string>? environment = null)
        => JsonNode.Parse(Run([.. arguments, "--json"], cancellation, environment))!.AsObject();
}
