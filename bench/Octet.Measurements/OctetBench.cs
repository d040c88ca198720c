using System.Text.Json.Nodes;

namespace Octet.Measurements;

/// <summary><c>octet bench --json</c> of the release build.</summary>
static class OctetBench
{
    internal static JsonObject Run(string model, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken cancellation)
        => OctetTool.Json(["bench", model, .. arguments], cancellation, environment);

    /// <summary>Whether the tool knows an option: what this compares may be older than an option of the newest.</summary>
    internal static bool Has(string option, CancellationToken cancellation)
        => OctetTool.Run(["bench", "--help"], cancellation).Contains(option, StringComparison.Ordinal);
}
