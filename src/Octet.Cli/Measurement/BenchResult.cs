using System.Globalization;
using System.Text.Json.Nodes;

namespace Octet.Cli.Measurement;

/// <summary>A test's speed, and its share of what bounds it.</summary>
sealed record BenchResult(BenchTest Test, Repetitions Repetitions, Spread Speed)
{
    internal double? PeakFraction(Ceiling arithmetic) => Test.FlopsPerToken * Speed.Median / arithmetic.Median;

    internal double? BandwidthFraction(Ceiling bandwidth) => Test.BytesPerToken * Speed.Median / bandwidth.Median;

    internal string[] Cells(Ceilings ceilings) =>
    [
        Test.Name,
        Rate(Speed.Median),
        Rate(Speed.Min),
        Rate(Speed.Max),
        $"{Repetitions.CleanCount}/{Repetitions.Speeds.Length}",
        Percent(PeakFraction(ceilings.Arithmetic)),
        Percent(BandwidthFraction(ceilings.Bandwidth)),
        Percent(BandwidthFraction(ceilings.SustainedBandwidth)),
    ];

    internal JsonObject ToJson(Ceilings ceilings) => new()
    {
        ["name"] = Test.Name,
        ["tokens_per_second"] = Speed.ToJson(),
        ["clean"] = Repetitions.CleanCount,
        ["repetitions"] = Repetitions.ToJson(),
        ["flops_per_token"] = Test.FlopsPerToken,
        ["arithmetic_fraction"] = PeakFraction(ceilings.Arithmetic),
        ["bytes_per_token"] = Test.BytesPerToken,
        ["bandwidth_fraction"] = BandwidthFraction(ceilings.Bandwidth),
        ["sustained_bandwidth_fraction"] = BandwidthFraction(ceilings.SustainedBandwidth),
    };

    static string Rate(double tokensPerSecond) => tokensPerSecond.ToString("0.0", CultureInfo.InvariantCulture);

    static string Percent(double? fraction) => fraction is { } value ? string.Create(CultureInfo.InvariantCulture, $"{100 * value:0} %") : "";
}
