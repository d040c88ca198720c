using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Cli.IO;

namespace Octet.Cli.Measurement;

/// <summary>What <c>octet bench</c> found, for people (80 columns) and for programs.</summary>
sealed record BenchReport(LanguageModel Model, List<BenchResult> Results, long PeakMemoryBytes, long? DiskReadBytes, long? HugePageBytes, Ceilings Ceilings)
{
    static readonly string[] s_columns = ["tokens/s of", "median", "min", "max", "clean", "of peak", "of bandwidth", "sustained"];
    static readonly int[] s_widths = [-14, 8, 9, 9, 7, 9, 14, 10];

    internal void Print()
    {
        Standard.Output.WriteLine(Line(s_columns));
        foreach (BenchResult result in Results)
        {
            Standard.Output.WriteLine(Line(result.Cells(Ceilings)));
        }

        Standard.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            device            {Model.Device}
            load              {Model.LoadDuration.TotalSeconds:0.000} s
            peak memory       {ByteCount.Text(PeakMemoryBytes)} (checkpoint {ByteCount.Text(Model.CheckpointBytes)})
            read from disk    {(DiskReadBytes is { } read ? ByteCount.Text(read) : "not known here")}
            in huge pages     {(HugePageBytes is { } huge ? $"{ByteCount.Text(huge)} of the mapped files" : "not known here")}
            read per token    {ByteCount.Text(Model.BytesPerToken)}, and {ByteCount.Text(Model.KvCacheBytesPerToken)} for each token of context
            memory bandwidth  {Measured(Ceilings.Bandwidth, 1e9, "GB/s")}: fastest pass
            sustained         {Measured(Ceilings.SustainedBandwidth, 1e9, "GB/s")}: median pass
            float32 peak      {Measured(Ceilings.Arithmetic, 1e9, "GFLOP/s")}
            shares            of the medians, {Ceilings.Source}; over 100 %: caches or faster
                              arithmetic than float32
            clean             repetitions while others used at most {100 * CoreUse.Tolerated:0} % of a core
            """));
        if (Ceilings.Memory() is { } memory)
        {
            Standard.Output.WriteLine($"memory            {memory}");
        }

        if (Model.Speculation != Speculation.None)
        {
            Standard.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"guesses           {Model.Statistics.AcceptedTokens} of {Model.Statistics.GuessedTokens} tokens right"));
        }
    }

    internal JsonObject ToJson()
    {
        BenchResult? decode = Results.FirstOrDefault(result => result.Test.BytesPerToken is not null);
        var json = new JsonObject
        {
            ["model"] = Model.Path,
            ["device"] = Model.Device,
            ["threads"] = Ceilings.Threads,
            ["results"] = new JsonArray([.. Results.Select(result => result.ToJson(Ceilings))]),
            ["load_seconds"] = Model.LoadDuration.TotalSeconds,
            ["peak_rss_bytes"] = PeakMemoryBytes,
            ["disk_read_bytes"] = DiskReadBytes,
            ["huge_page_bytes"] = HugePageBytes,
            ["checkpoint_bytes"] = Model.CheckpointBytes,
            ["bytes_per_token"] = Model.BytesPerToken,
            ["kv_cache_bytes_per_token"] = Model.KvCacheBytesPerToken,
            ["linear_weights"] = Model.LinearWeights,
            ["bandwidth_bytes_per_second"] = Ceilings.Bandwidth.Median,
            ["bandwidth_measurements"] = Ceilings.Bandwidth.ToJson(),
            ["bandwidth_fraction"] = decode?.BandwidthFraction(Ceilings.Bandwidth),
            ["sustained_bandwidth_bytes_per_second"] = Ceilings.SustainedBandwidth.Median,
            ["sustained_bandwidth_measurements"] = Ceilings.SustainedBandwidth.ToJson(),
            ["sustained_bandwidth_fraction"] = decode?.BandwidthFraction(Ceilings.SustainedBandwidth),
            ["arithmetic_peak_flops"] = Ceilings.Arithmetic.Median,
            ["arithmetic_peak_measurements"] = Ceilings.Arithmetic.ToJson(),
        };
        if (Model.Speculation != Speculation.None)
        {
            json["guessed_tokens"] = Model.Statistics.GuessedTokens;
            json["accepted_tokens"] = Model.Statistics.AcceptedTokens;
        }

        return json;
    }

    static string Line(string[] cells)
    {
        var line = new StringBuilder();
        for (int i = 0; i < cells.Length; i++)
        {
            line.Append(s_widths[i] < 0 ? cells[i].PadRight(-s_widths[i]) : cells[i].PadLeft(s_widths[i]));
        }

        return line.ToString().TrimEnd();
    }

    static string Measured(Ceiling ceiling, double unit, string name)
    {
        if (ceiling.Count == 0)
        {
            return "not measured";
        }

        Spread spread = ceiling.Measurements;
        return string.Create(CultureInfo.InvariantCulture, $"{spread.Median / unit:0.0} {name}, {spread.Min / unit:0.0} to {spread.Max / unit:0.0} measured {ceiling.Count} times");
    }
}
