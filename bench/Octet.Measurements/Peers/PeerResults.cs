using System.Text.Json.Nodes;

namespace Octet.Measurements.Peers;

/// <summary>One <c>peers-SHAPE.json</c>: its rows, and the ceilings that its runs measured, the median of each.</summary>
sealed class PeerResults
{
    PeerResults(JsonObject all)
    {
        Shape = (string)all["shape"]!;
        Machine = $"{(string)all["processor"]!}, {(int)all["processors"]!} cores, {(string)all["instruction_set"]!}";
        Date = (string)all["date"]!;
        Depth = (int)all["depth"]!;
        JsonObject[] runs = [.. all["runs"]!.AsArray().Select(run => run!.AsObject())];
        JsonObject[] ours = [.. runs.Where(run => run["speed"]!["results"] is not null)];
        double kvBytes = (double)ours[0]["speed"]!["kv_cache_bytes_per_token"]!;
        FlopsPerToken = (double)ours[0]["speed"]!["results"]!.AsArray().Single(result => (string)result!["name"]! == "pp512")!["flops_per_token"]!;
        Peer = $"{(string)runs.First(run => run["speed"]!["version"] is not null)["speed"]!["version"]!}";
        int wanted = (int)all["rounds"]! * (int)all["repetitions"]!;
        Rows = [.. runs.GroupBy(run => ((string)run["contender"]!, (int)run["threads"]!)).Select(group => PeerRow.Of([.. group], wanted, Depth, !ComparisonOptions.IsMixture(Shape), kvBytes))];

        // Results of before a ceiling was measured do not have it.
        double Median(int threads, string ceiling)
        {
            double[] values = [.. ours.Where(run => (int)run["threads"]! == threads).SelectMany(run => new[] { run["speed"]!, run["depth"]! }).Select(part => (double?)part[ceiling] ?? double.NaN).Order()];
            return values[values.Length / 2];
        }

        Bandwidth = Threads.ToDictionary(threads => threads, threads => Median(threads, "bandwidth_bytes_per_second"));
        SustainedBandwidth = Threads.ToDictionary(threads => threads, threads => Median(threads, "sustained_bandwidth_bytes_per_second"));
        Arithmetic = Threads.ToDictionary(threads => threads, threads => Median(threads, "arithmetic_peak_flops"));
    }

    internal string Shape { get; }

    internal string Machine { get; }

    internal string Date { get; }

    internal string Peer { get; }

    internal int Depth { get; }

    internal double FlopsPerToken { get; }

    internal IReadOnlyList<PeerRow> Rows { get; }

    internal IEnumerable<int> Threads => Rows.Select(row => row.Threads).Distinct().OrderDescending();

    internal IReadOnlyDictionary<int, double> Bandwidth { get; }

    /// <summary>Of the median pass; NaN where it was not measured.</summary>
    internal IReadOnlyDictionary<int, double> SustainedBandwidth { get; }

    internal IReadOnlyDictionary<int, double> Arithmetic { get; }

    internal PeerRow? Row(string contender, int threads) => Rows.FirstOrDefault(row => row.Contender == contender && row.Threads == threads);

    /// <summary>Of every processor that the repository has results of.</summary>
    internal static IEnumerable<PeerResults> All()
        => from path in Directory.EnumerateFiles(Repository.AllResults, "peers-*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
           select new PeerResults(JsonNode.Parse(File.ReadAllText(path))!.AsObject());
}
