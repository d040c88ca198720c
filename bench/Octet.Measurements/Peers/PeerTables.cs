using System.Text;

namespace Octet.Measurements.Peers;

/// <summary>The tables of docs/performance.md and of the README, written between their markers from every result in the repository.</summary>
static class PeerTables
{
    // Ours : theirs. The first pair reads the same bytes a token.
    static readonly (string Ours, string Theirs)[] s_pairs =
    [
        ("Octet FP8", "llama.cpp Q8_0, BF16 head"),
        ("Octet FP8", "llama.cpp Q8_0"),
        ("Octet FP8, FP8 head", "llama.cpp Q8_0"),
        ("Octet MXFP4", "llama.cpp MXFP4, rest BF16"),
        ("Octet MXFP4", "llama.cpp MXFP4, rest Q8_0"),
        ("Octet MXFP4, FP8 head", "llama.cpp MXFP4, rest Q8_0"),
    ];

    internal static void Write()
    {
        PeerResults[] all = [.. PeerResults.All()];
        MarkedTable.Replace(Path.Combine(Repository.Root, "docs", "performance.md"), "peers", string.Join("\n", all.Select(Full)));
        MarkedTable.Replace(Path.Combine(Repository.Root, "README.md"), "peers-short", Short(all));
    }

    static string Full(PeerResults results)
    {
        var text = new StringBuilder($"""
            ### {ComparisonOptions.Title(results.Shape)}: {results.Machine} ({results.Date}, llama.cpp {results.Peer})

            | engine and weights | threads | prefill 512 | of float32 peak | decode | of bandwidth | of sustained | decode at {results.Depth} | {Contender.Sequences} sequences | clean | peak memory / file | load |
            |---|---|---|---|---|---|---|---|---|---|---|---|

            """);
        foreach (int threads in results.Threads)
        {
            foreach (PeerRow row in results.Rows.Where(row => row.Threads == threads))
            {
                Sample[] samples = [row.Prefill, row.Decode, row.Deep, .. row.Together is { } together ? (Sample[])[together] : []];
                text.Append($"| {row.Contender} | {threads} | {row.Prefill.Median:0.0} | {row.Prefill.Median * results.FlopsPerToken / results.Arithmetic[threads]:0 %} ");
                text.Append($"| {row.Decode.Median:0.0} | {Share(row.Decode.Median * row.DecodeBytes / results.Bandwidth[threads])} | {Share(row.Decode.Median * row.DecodeBytes / results.SustainedBandwidth[threads])} | {row.Deep.Median:0.0} | {row.Together?.Median.ToString("0.0") ?? "-"} ");
                text.Append($"| {samples.Sum(sample => sample.CleanCount)}/{samples.Sum(sample => sample.Repetitions.Count)} | {row.PeakOverFile:0.00} | {row.LoadSeconds:0.00} s |\n");
            }
        }

        text.Append($"\nRead bandwidth {Each(results, results.Bandwidth, "GB/s")}{Sustained(results)}; float32 peak {Each(results, results.Arithmetic, "GFLOP/s")}.\n");
        text.Append($"\n| ratio | threads | prefill 512 | decode | decode at {results.Depth} |\n|---|---|---|---|---|\n");
        foreach (int threads in results.Threads)
        {
            foreach ((string Name, PeerRow Ours, PeerRow Theirs) in Pairs(results, threads))
            {
                text.Append($"| {Name} | {threads} | {Ours.Prefill.Median / Theirs.Prefill.Median:0.00} | {Ours.Decode.Median / Theirs.Decode.Median:0.00} | {Ours.Deep.Median / Theirs.Deep.Median:0.00} |\n");
            }

            foreach (PeerRow row in results.Rows.Where(row => row.Threads == threads && row.Together is not null))
            {
                text.Append($"| {row.Contender}: {Contender.Sequences} sequences / one | {threads} | | {row.Together!.Median / row.Decode.Median:0.00} | |\n");
            }
        }

        return text.ToString();
    }

    static string Short(PeerResults[] all)
    {
        var text = new StringBuilder("| tokens/s | machine | threads | prefill 512 | decode | decode behind a long context |\n|---|---|---|---|---|---|\n");
        foreach (PeerResults results in all)
        {
            int threads = results.Threads.First();
            foreach (PeerRow row in results.Rows.Where(row => row.Threads == threads && !row.Contender.EndsWith(')')))
            {
                text.Append($"| {ComparisonOptions.Title(results.Shape)}: {row.Contender} | {results.Machine} | {threads} | {row.Prefill.Median:0} | {row.Decode.Median:0.0} | {row.Deep.Median:0.0} ({results.Depth}) |\n");
            }
        }

        return text.ToString();
    }

    /// <summary>The pairs that were measured, and each with less of the instruction set: those names end with it in brackets.</summary>
    static IEnumerable<(string Name, PeerRow Ours, PeerRow Theirs)> Pairs(PeerResults results, int threads)
    {
        string[] suffixes = [.. results.Rows.Where(row => row.Contender.EndsWith(')')).Select(row => row.Contender[row.Contender.LastIndexOf(" (", StringComparison.Ordinal)..]).Distinct()];
        foreach (string suffix in suffixes.Prepend(""))
        {
            foreach ((string ours, string theirs) in s_pairs)
            {
                if (results.Row(ours + suffix, threads) is { } left && results.Row(theirs + suffix, threads) is { } right)
                {
                    yield return ($"{ours} : {theirs}{suffix}", left, right);
                }
            }
        }
    }

    static string Share(double share) => double.IsNaN(share) ? "-" : $"{share:0 %}";

    static string Sustained(PeerResults results)
        => results.SustainedBandwidth.Values.Any(double.IsNaN) ? "" : $"; sustained {Each(results, results.SustainedBandwidth, "GB/s")}";

    static string Each(PeerResults results, IReadOnlyDictionary<int, double> ceilings, string unit)
        => string.Join(", ", results.Threads.Select(threads => $"{ceilings[threads] / 1e9:0.0} {unit} with {threads} {(threads == 1 ? "thread" : "threads")}"));
}
