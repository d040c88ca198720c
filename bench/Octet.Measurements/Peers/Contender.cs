using System.Text.Json.Nodes;

namespace Octet.Measurements.Peers;

/// <summary>One engine with one file and one way to run it. A run gives what the engine's own benchmark prints.</summary>
abstract record Contender(string Name)
{
    // The peer's decode test: 32 tokens behind a prompt of 128.
    internal const int Tokens = 32;
    internal const int Prompt = 128;
    internal const int Sequences = 16;

    internal abstract JsonObject Run(int threads, int depth, int repetitions, CancellationToken cancellation);
}

/// <summary>llama.cpp on a GGUF file, through <c>llama_bench.py</c> and our <c>llama_depth.py</c>.</summary>
sealed record LlamaContender(string Name, Workshop Workshop, string File, string[] Switches) : Contender(Name)
{
    // As octet bench does, in percent of a core.
    const string MaxOther = "10";

    internal override JsonObject Run(int threads, int depth, int repetitions, CancellationToken cancellation)
    {
        string report = Path.GetTempFileName();
        try
        {
            string[] common = [File, "--threads", $"{threads}", "--reps", $"{repetitions}", "--max-other", MaxOther, .. Switches];
            Workshop.Script("llama_bench.py", [.. common, "--json", report]);
            string text = System.IO.File.ReadAllText(report);
            return text.Length > 0 && JsonNode.Parse(text) is JsonArray { Count: 1 } runs
                ? new JsonObject
                {
                    ["speed"] = runs[0]!.DeepClone(),
                    ["depth"] = JsonNode.Parse(Workshop.OwnScript("llama_depth.py", [.. common, "--depth", $"{depth}", "--tokens", $"{Tokens}"])),
                    ["file_bytes"] = new FileInfo(File).Length,
                }
                : throw new MeasurementException($"llama_bench.py measured nothing on {File}: run it alone to see why");
        }
        finally
        {
            System.IO.File.Delete(report);
        }
    }
}

/// <summary>Octet on the checkpoint. Memory is taken from the run without the long context.</summary>
sealed record OctetContender(string Name, string Checkpoint, string[] Switches, IReadOnlyDictionary<string, string> Environment) : Contender(Name)
{
    internal override JsonObject Run(int threads, int depth, int repetitions, CancellationToken cancellation)
    {
        string[] common = ["-n", $"{Tokens}", "-r", $"{repetitions}", "--threads", $"{threads}", .. Switches];
        return new JsonObject
        {
            ["speed"] = OctetBench.Run(Checkpoint, ["-p", "128,512", "-d", $"{Prompt}", .. common], Environment, cancellation),
            ["depth"] = OctetBench.Run(Checkpoint, ["-p", "0", "-d", $"{depth}", "-b", $"{Sequences}", .. common], Environment, cancellation),
            ["file_bytes"] = Directory.EnumerateFiles(Checkpoint, "*.safetensors").Sum(path => new FileInfo(path).Length),
        };
    }
}
