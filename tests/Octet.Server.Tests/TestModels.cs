using Octet.Testing;
using Octet.Tests.Reference;

namespace Octet.Server.Tests;

/// <summary>The models that tests serve: octet-tiny, and random ones that make vectors and scores.</summary>
static class TestModels
{
    static readonly TemporaryDirectory s_directory = new();

    static TestModels() => AppDomain.CurrentDomain.ProcessExit += static (_, _) => s_directory.Dispose();

    internal static string TinyPath { get; } = Path.Combine(Fixtures.Repository, "models", "octet-tiny");

    internal static ServedModel Tiny { get; } = new("octet-tiny", TinyPath) { Options = new() { Threads = 2 } };

    internal static ServedModel Embedder { get; } = new("embedder", Make("embedder", "BertModel", "")) { EncoderOptions = new() { Threads = 1 } };

    internal static ServedModel Reranker { get; } = new("reranker", Make("reranker", "BertForSequenceClassification", "bert.")) { EncoderOptions = new() { Threads = 1 } };

    static string Make(string name, string architecture, string prefix)
    {
        string path = Directory.CreateDirectory(Path.Combine(s_directory.Path, name)).FullName;
        new EncoderCheckpoint { Architecture = architecture, Prefix = prefix, VocabSize = 300, Layers = 1 }.Write(path);
        ByteTokenizer.Write(path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        return path;
    }
}
