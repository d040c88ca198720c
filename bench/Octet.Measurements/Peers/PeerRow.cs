using System.Text.Json.Nodes;

namespace Octet.Measurements.Peers;

/// <summary>One contender with one number of threads: what a line of the table says.</summary>
sealed record PeerRow(string Contender, int Threads, Sample Prefill, Sample Decode, Sample Deep, Sample? Together, double LoadSeconds, double PeakOverFile, double DecodeBytes)
{
    internal bool IsOctet => Contender.StartsWith("Octet", StringComparison.Ordinal);

    internal static PeerRow Of(JsonObject[] runs, int wanted, int depth, bool readsWholeFile, double kvBytesPerToken)
    {
        JsonObject first = runs[0];
        string name = (string)first["contender"]!;
        double file = (double)first["file_bytes"]!;
        if (first["speed"]!["results"] is null)
        {
            Sample Peer(Func<JsonObject, JsonNode> test) => new([.. runs.SelectMany(run => test(run)["all"]!.AsArray()).Select(entry => ((double)entry![0]!, (int)(double)entry[3]! == 1))], wanted);
            return new PeerRow(
                name, (int)first["threads"]!, Peer(run => run["speed"]!["pp512"]!), Peer(run => run["speed"]!["tg32"]!), Peer(run => run["depth"]!), null,
                runs.Min(run => (double)run["speed"]!["load_s"]!),
                runs.Max(run => (double)run["speed"]!["peak_rss_mb"]!) * (1 << 20) / file,
                (readsWholeFile ? file : double.NaN) + kvBytesPerToken * (Measurements.Peers.Contender.Prompt + (Measurements.Peers.Contender.Tokens + 1) / 2.0));
        }

        JsonObject Result(JsonObject run, string part, string test) => run[part]!["results"]!.AsArray().Single(result => (string)result!["name"]! == test)!.AsObject();
        Sample Ours(string part, string test)
            => new([.. runs.SelectMany(run => Result(run, part, test)["repetitions"]!.AsArray()).Select(entry => ((double)entry!["tokens_per_second"]!, (bool)entry["clean"]!))], wanted);
        string decode = $"tg{Measurements.Peers.Contender.Tokens}";
        return new PeerRow(
            name, (int)first["threads"]!, Ours("speed", "pp512"), Ours("speed", $"{decode}@d{Measurements.Peers.Contender.Prompt}"), Ours("depth", $"{decode}@d{depth}"),
            Ours("depth", $"{decode}@b{Measurements.Peers.Contender.Sequences}"),
            runs.Min(run => (double)run["speed"]!["load_seconds"]!),
            runs.Max(run => (double)run["speed"]!["peak_rss_bytes"]!) / file,
            (double)Result(first, "speed", $"{decode}@d{Measurements.Peers.Contender.Prompt}")["bytes_per_token"]!);
    }
}
