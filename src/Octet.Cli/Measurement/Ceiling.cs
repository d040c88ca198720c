using System.Text.Json.Nodes;

namespace Octet.Cli.Measurement;

/// <summary>
/// What the machine can do at most, measured again before each repetition of what is compared with it and once at the end: on a shared
/// machine it changes from second to second. The median counts, as it does for the repetitions.
/// </summary>
sealed class Ceiling(Func<double> measure)
{
    readonly List<double> _measurements = [];

    internal Spread Measurements => Spread.Of([.. _measurements]);

    internal int Count => _measurements.Count;

    internal double Median => Measurements.Median;

    internal void Measure() => _measurements.Add(measure());

    internal JsonArray ToJson() => new([.. _measurements.Select(measurement => JsonValue.Create(measurement))]);
}
