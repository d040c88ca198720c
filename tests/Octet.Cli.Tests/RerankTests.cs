using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class RerankTests : IDisposable
{
    static readonly string[] s_documents = ["one", "a second one", "a\tthird"];

    readonly TemporaryDirectory _directory = new();

    public RerankTests()
    {
        new EncoderCheckpoint { Architecture = "BertForSequenceClassification", Prefix = "bert.", VocabSize = 300, Layers = 1 }.Write(_directory.Path);
        ByteTokenizer.Write(_directory.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Documents_are_printed_with_their_scores_the_best_first()
    {
        using var model = Reranker.Load(_directory.Path);
        RankedDocument[] expected = [.. model.Rank("what?", s_documents)];
        ToolResult result = Run(["rerank", _directory.Path, "--query", "what?", .. s_documents]);
        Assert.Equal("", result.Error);
        Assert.Equal(
            [.. expected.Select(document => string.Create(CultureInfo.InvariantCulture, $"{document.Score:0.000000}\t{document.Index}\t{s_documents[document.Index].Replace("\t", "\\t", StringComparison.Ordinal)}"))],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Json_holds_index_score_and_text_of_the_best()
    {
        using var model = Reranker.Load(_directory.Path);
        RankedDocument best = model.Rank("what?", s_documents)[0];
        JsonArray results = Run(["rerank", _directory.Path, "--query", "what?", "--top", "1", "--json"], string.Join('\n', s_documents)).Json["results"]!.AsArray();
        JsonNode only = Assert.Single(results)!;
        Assert.Equal((best.Index, s_documents[best.Index]), ((int)only["index"]!, (string?)only["text"]));
        Assert.Equal(best.Score, (float)only["score"]!, 1e-6);
    }

    [Fact]
    public void What_is_missing_is_said()
    {
        Assert.Contains("--query is missing", Run("rerank", _directory.Path, "one").Error, StringComparison.Ordinal);
        Assert.Contains("there are no documents", Run(["rerank", _directory.Path, "--query", "x"], "").Error, StringComparison.Ordinal);
        Assert.Contains("an instruction for BertForSequenceClassification", Run("rerank", _directory.Path, "--query", "x", "--instruction", "y", "one").Error, StringComparison.Ordinal);
    }
}
