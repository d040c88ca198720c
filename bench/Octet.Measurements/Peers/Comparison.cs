using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Measurements.Mixtures;

namespace Octet.Measurements.Peers;

/// <summary>Every contender once a round, the rounds one after another, so that a bad minute of the machine hits all alike.</summary>
static class Comparison
{
    static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static void Run(ComparisonOptions options, CancellationToken cancellation)
    {
        if (!options.TablesOnly)
        {
            var workshop = new Workshop(cancellation);
            workshop.RequireLibraries();
            foreach (string shape in options.Chosen)
            {
                Measure(shape, Contenders(shape, workshop, options, cancellation), options, cancellation);
            }
        }

        PeerTables.Write();
    }

    static List<Contender> Contenders(string shape, Workshop workshop, ComparisonOptions options, CancellationToken cancellation)
    {
        string checkpoint = workshop.Checkpoint(shape);
        string same = workshop.Gguf(shape, shape == MixtureOptions.GptOss ? "bf16" : "q8_0", "bf16"), eight = workshop.Gguf(shape, "q8_0", null);
        foreach (string path in (string[])[checkpoint, same, eight])
        {
            PageCache.Forget(path);
        }

        bool head = OctetBench.Has("--lm-head", cancellation);
        (string ours, string sameName, string eightName) = shape == MixtureOptions.GptOss
            ? ("Octet MXFP4", "llama.cpp MXFP4, rest BF16", "llama.cpp MXFP4, rest Q8_0")
            : ("Octet FP8", "llama.cpp Q8_0, BF16 head", "llama.cpp Q8_0");
        List<Contender> contenders = [];
        void Both(string suffix, string[] peer, Dictionary<string, string> environment)
        {
            contenders.Add(new LlamaContender(sameName + suffix, workshop, same, peer));
            contenders.Add(new OctetContender(ours + suffix, checkpoint, [], environment));
            contenders.Add(new LlamaContender(eightName + suffix, workshop, eight, peer));
            if (head)
            {
                contenders.Add(new OctetContender(ours + ", FP8 head" + suffix, checkpoint, ["--lm-head", "fp8"], environment));
            }
        }

        Both("", [], []);
        if (options.WithBFloat16)
        {
            contenders.Add(new LlamaContender("llama.cpp BF16", workshop, workshop.Gguf(shape, "bf16", null), []));
        }

        foreach (string set in options.InstructionSets)
        {
            Both($" ({set})", set == "avx2" ? ["--backend", "haswell"] : ["--no-repack"], new() { ["OCTET_CPU"] = set });
        }

        return contenders;
    }

    static void Measure(string shape, List<Contender> contenders, ComparisonOptions options, CancellationToken cancellation)
    {
        var progress = new Progress(options.Rounds * contenders.Count * options.Threads.Count);
        var runs = new JsonArray();
        for (int round = 1; round <= options.Rounds; round++)
        {
            foreach (int threads in options.Threads)
            {
                foreach (Contender contender in contenders)
                {
                    progress.Next($"{shape}, round {round}, {threads} threads: {contender.Name}");
                    JsonObject run = contender.Run(threads, options.Depth, options.Repetitions, cancellation);
                    run.Insert(0, "contender", contender.Name);
                    run.Insert(1, "threads", threads);
                    run.Insert(2, "round", round);
                    runs.Add((JsonNode)run);
                }
            }
        }

        var all = new JsonObject
        {
            ["shape"] = shape,
            ["processor"] = Repository.Processor,
            ["processors"] = Environment.ProcessorCount,
            ["instruction_set"] = Repository.Widest(),
            ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd"),
            ["rounds"] = options.Rounds,
            ["repetitions"] = options.Repetitions,
            ["depth"] = options.Depth,
            ["runs"] = runs,
        };
        RemovePlaces(all);
        string path = Path.Combine(Repository.Results, $"peers-{shape}.json");
        Repository.Write(path, all.ToJsonString(s_indented) + "\n");
        Console.Error.WriteLine($"wrote {Path.GetRelativePath(Repository.Root, path)}");
    }

    /// <summary>Where the files lay on this machine is nobody's business: only their names are kept.</summary>
    static void RemovePlaces(JsonNode node)
    {
        if (node is JsonArray array)
        {
            foreach (JsonNode? item in array.OfType<JsonNode>())
            {
                RemovePlaces(item);
            }
        }
        else if (node is JsonObject properties)
        {
            foreach ((string name, JsonNode? value) in properties.ToList())
            {
                if (name is "model" or "gguf" && value is JsonValue path && path.TryGetValue(out string? text))
                {
                    properties[name] = Path.GetFileName(text);
                }
                else if (value is not null)
                {
                    RemovePlaces(value);
                }
            }
        }
    }
}
