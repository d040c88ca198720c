using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Measurements.Plots;

/// <summary>How speed changes with threads, context and batch: measured by <c>octet bench</c>, kept in <c>scaling.json</c>.</summary>
static class Scaling
{
    internal const string FileName = "scaling.json";
    internal const int Prompt = 512;
    internal const int Tokens = 16;
    static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };
    static readonly Dictionary<string, string> s_plain = [];
    static readonly int[] s_depths = [128, 256, 512, 1024, 2048, 4096, 8192];

    internal static void Measure(string model, CancellationToken cancellation)
    {
        int[] threads = [.. Enumerable.Range(1, Environment.ProcessorCount).Where(count => count <= 8 || count % (Environment.ProcessorCount / 8) == 0)];
        int context = (int)JsonNode.Parse(File.ReadAllText(Path.Combine(model, "config.json")))!["max_position_embeddings"]!;
        string depths = string.Join(',', s_depths.Where(depth => depth + Tokens <= context));
        var progress = new Progress(threads.Length + 2);
        JsonObject Bench(string what, params string[] arguments)
        {
            progress.Next(what);
            JsonObject run = OctetBench.Run(model, ["-n", $"{Tokens}", "-r", "3", .. arguments], s_plain, cancellation);
            run["model"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(model));
            return run;
        }

        var all = new JsonObject
        {
            ["processor"] = Repository.Processor,
            ["instruction_set"] = Repository.Widest(),
            ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd"),
            ["threads"] = new JsonArray([.. threads.Select(count => Bench($"{count} threads", "-p", $"{Prompt}", "--threads", $"{count}"))]),
            ["context"] = Bench("context", "-p", "0", "-d", depths),
            ["batch"] = Bench("batch", "-p", "0", "-b", "1,2,4,8,16,32"),
        };
        Repository.Write(Path.Combine(Repository.Results, FileName), all.ToJsonString(s_indented) + "\n");
    }
}
