using System.Text.Json.Nodes;

namespace Octet.Cli.Measurement;

/// <summary>
/// What the machine can do at most, measured before and after what is compared with it. The larger counts: a busy neighbour makes such a
/// measurement smaller, never larger, and a share of the larger one is the less flattering. Before is null where it could not be measured.
/// </summary>
readonly record struct Ceiling(double? Before, double After)
{
    internal double Larger => Math.Max(Before ?? After, After);

    internal JsonObject ToJson() => new() { ["before"] = Before, ["after"] = After };
}
