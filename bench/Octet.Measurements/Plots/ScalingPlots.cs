using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Octet.Cli.Plots;

namespace Octet.Measurements.Plots;

/// <summary>The charts of docs/plots: from this processor's <c>scaling.json</c>, and of the machine that exists on paper.</summary>
static partial class ScalingPlots
{
    const string Rate = "tokens per second";

    internal static void Write()
    {
        Save("two-nodes-decode", TwoNodeMachine.Decode());
        Save("two-nodes-barriers", TwoNodeMachine.Barriers());
        string path = Path.Combine(Repository.Results, Scaling.FileName);
        if (!File.Exists(path))
        {
            throw new MeasurementException($"there is no {Path.GetRelativePath(Repository.Root, path)}: measure it with plots --measure MODELDIR");
        }

        JsonObject all = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        JsonObject[] threads = [.. all["threads"]!.AsArray().Select(run => run!.AsObject())];
        string machine = $"{(string)threads[0]["model"]!} shape, {(string)all["processor"]!} {(string)all["instruction_set"]!}";
        Save("threads-decode", Threads(threads, machine, $"tg{Scaling.Tokens}", "Decode, one sequence", "bytes_per_token", "bandwidth_bytes_per_second", "read bandwidth"));
        Save("threads-prefill", Threads(threads, machine, $"pp{Scaling.Prompt}", $"Prefill of {Scaling.Prompt} tokens", "flops_per_token", "arithmetic_peak_flops", "float32 peak"));
        Save("context-decode", Context(all["context"]!.AsObject(), machine));
        Save("batch-decode", Batch(all["batch"]!.AsObject(), machine));
    }

    static LineChart Threads(JsonObject[] runs, string machine, string test, string title, string work, string ceiling, string bound)
    {
        JsonNode Result(JsonObject run) => run["results"]!.AsArray().Single(result => (string)result!["name"]! == test)!;
        Series measured = new("Octet", SeriesKind.Measured, [.. runs.Select(run => ((double)run["threads"]!, Median(Result(run))))]);
        Series most = new(bound, SeriesKind.Bound, [.. runs.Select(run => ((double)run["threads"]!, (double)run[ceiling]! / (double)Result(run)[work]!))]);
        double[] ticks = [.. measured.Points.Select(point => point.X)];
        return new LineChart(title, machine, Axis.Through("threads", ticks, false), FromZero(measured, most), [measured, most]);
    }

    static LineChart Context(JsonObject run, string machine)
    {
        JsonNode[] results = [.. run["results"]!.AsArray().Select(result => result!).Where(result => ((string)result["name"]!).Contains("@d", StringComparison.Ordinal))];
        Series measured = new("Octet", SeriesKind.Measured, [.. results.Select(result => (Count(result), Median(result)))]);
        Series most = new("read bandwidth", SeriesKind.Bound, [.. results.Select(result => (Count(result), (double)run["bandwidth_bytes_per_second"]! / (double)result["bytes_per_token"]!))]);
        return new LineChart(
            "Decode behind a context", $"{machine}, {(int)run["threads"]!} threads", Axis.Through("tokens of context", [.. measured.Points.Select(point => point.X)], true), FromZero(measured, most), [measured, most]);
    }

    static LineChart Batch(JsonObject run, string machine)
    {
        JsonNode[] results = [.. run["results"]!.AsArray().Select(result => result!).Where(result => ((string)result["name"]!).Contains("@b", StringComparison.Ordinal))];
        Series measured = new("Octet", SeriesKind.Measured, [.. results.Select(result => (Count(result), Median(result)))]);
        Series memory = new("read bandwidth", SeriesKind.Bound, [.. results.Select(result => (Count(result), (double)run["bandwidth_bytes_per_second"]! / (double)result["bytes_per_token"]!))]);
        Series arithmetic = new("float32 peak", SeriesKind.Bound, [.. results.Select(result => (Count(result), (double)run["arithmetic_peak_flops"]! / (double)result["flops_per_token"]!))]);
        double[] values = [.. new[] { measured, memory, arithmetic }.SelectMany(series => series.Points).Select(point => point.Y)];
        return new LineChart(
            "Decode of several sequences together", $"{machine}, {(int)run["threads"]!} threads; tokens of all sequences",
            Axis.Through("sequences", [.. measured.Points.Select(point => point.X)], true), Axis.Logarithmic(Rate, values.Min(), values.Max()), [measured, memory, arithmetic]);
    }

    static void Save(string name, LineChart chart) => Repository.Write(Path.Combine(Repository.Root, "docs", "plots", name + ".svg"), chart.ToSvg());

    static Axis FromZero(params Series[] series) => Axis.FromZero(Rate, series.SelectMany(line => line.Points).Max(point => point.Y));

    static double Median(JsonNode result) => (double)result["tokens_per_second"]!["median"]!;

    /// <summary>The 4096 of <c>tg16@d4096</c>.</summary>
    static double Count(JsonNode result) => double.Parse(LastNumber().Match((string)result["name"]!).Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("[0-9]+$")]
    private static partial Regex LastNumber();
}
