using System.Text.Json.Nodes;

namespace Octet.Cli.Measurement;

/// <summary>
/// What the machine can do, measured again before each repetition of what is compared with it and once at the end: on a shared machine it
/// changes from second to second. The median counts, as it does for the repetitions.
/// </summary>
sealed class Ceiling
{
    readonly List<double> _measurements = [];

    internal Spread Measurements => Spread.Of([.. _measurements]);

    internal int Count => _measurements.Count;

    internal double? Median => Count == 0 ? null : Measurements.Median;

    internal void Add(double measurement) => _measurements.Add(measurement);

    internal JsonArray ToJson() => new([.. _measurements.Select(measurement => JsonValue.Create(measurement))]);
}
