using System.Text.Json.Nodes;

namespace Octet.Cli.Measurement;

/// <summary>Several measurements of one speed.</summary>
readonly record struct Spread(double Median, double Min, double Max)
{
    internal static Spread Of(double[] values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return new Spread(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }

    internal JsonObject ToJson() => new() { ["median"] = Median, ["min"] = Min, ["max"] = Max };
}
