using System.Text.Json.Nodes;
using Octet.Testing;

namespace Octet.Tests.Embeddings;

/// <summary>Where the published model is, and what the reference makes of texts.</summary>
static class MiniLm
{
    /// <summary>The model's directory; skips the running test where it is not there.</summary>
    internal static string Directory()
    {
        string path = Environment.GetEnvironmentVariable("OCTET_MINILM") is { Length: > 0 } named ? named : Path.Combine(Fixtures.Repository, "artifacts", "models", "all-MiniLM-L6-v2");
        if (!File.Exists(Path.Combine(path, "model.safetensors")))
        {
            Assert.Skip($"all-MiniLM-L6-v2 is not in {path}: OCTET_MINILM names its folder");
        }

        return path;
    }

    internal static IEnumerable<JsonObject> Embeddings() => Lines("embeddings.jsonl");

    internal static IEnumerable<JsonObject> Pairs() => Lines("pairs.jsonl");

    static IEnumerable<JsonObject> Lines(string name) => File.ReadLines(Fixtures.Path("minilm", name)).Select(line => JsonNode.Parse(line)!.AsObject());
}
