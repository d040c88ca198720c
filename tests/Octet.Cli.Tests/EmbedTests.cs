using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Safetensors;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class EmbedTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();
    readonly string _model;

    public EmbedTests()
    {
        _model = Directory.CreateDirectory(Path.Combine(_directory.Path, "model")).FullName;
        new EncoderCheckpoint { VocabSize = 300, Layers = 2 }.Write(_model);
        ByteTokenizer.Write(_model, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        File.WriteAllText(Path.Combine(_model, "config_sentence_transformers.json"), """{"prompts":{"query":"ask: "}}""");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Arguments_lines_and_files_give_the_library_s_vectors()
    {
        using var model = EmbeddingModel.Load(_model);
        float[][] expected = model.Embed(["one", "two words"]);
        string file = Write("texts.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two words\"}\n");

        Assert.Equal(expected, Vectors(Run("embed", _model, "one", "two words")));
        Assert.Equal(expected, Vectors(Run("embed", _model, "--file", file, "--threads", "1")));
        Assert.Equal(expected, Vectors(Run(["embed", _model], "one\ntwo words\n")));
    }

    [Fact]
    public void Token_ids_may_stand_for_a_text()
    {
        using var model = EmbeddingModel.Load(_model);
        string file = Write("texts.jsonl", "{\"ids\":[256,97,257]}\n{\"text\":\"b\"}\n");
        Assert.Equal(model.Embed(["a", "b"]), Vectors(Run("embed", _model, "--file", file)));
    }

    [Fact]
    public void A_text_that_cannot_be_computed_is_told_with_its_line()
    {
        string empty = Write("texts.jsonl", "{\"ids\":[256,257]}\n\n{\"ids\":[]}\n"), foreign = Write("foreign.jsonl", "{\"ids\":[256,9999]}\n");

        AssertError(Run("embed", _model, "--file", empty), 1, $"{empty}, line 3 has 0 tokens: expected 1 to ");
        AssertError(Run("embed", _model, "--file", foreign), 1, $"{foreign}, line 1 has the token id 9999, which is outside the model's vocabulary: expected 0 to ");
    }

    [Fact]
    public void An_argument_that_cannot_be_computed_is_told_with_its_place()
    {
        ByteTokenizer.Write(_model, ["[CLS]", "[SEP]"], null, null);

        AssertError(Run("embed", _model, "a", ""), 1, "text 2 has 0 tokens: expected 1 to ");
    }

    [Fact]
    public void Prompt_prefix_and_dimensions_are_those_of_the_options()
    {
        using var model = EmbeddingModel.Load(_model);
        Assert.Equal([model.Embed("ask: me")], Vectors(Run("embed", _model, "--prompt", "query", "me")));
        Assert.Equal([model.Embed("say me")], Vectors(Run("embed", _model, "--prefix", "say ", "me")));
        Assert.Equal([model.Embed("me", new() { Dimensions = 5 })], Vectors(Run("embed", _model, "--dims", "5", "me")));
    }

    [Fact]
    public void A_numpy_file_and_a_safetensors_file_hold_the_matrix()
    {
        using var model = EmbeddingModel.Load(_model);
        float[] expected = [.. model.Embed(["one", "two words"]).SelectMany(vector => vector)];
        string numpy = Path.Combine(_directory.Path, "out.npy"), tensors = Path.Combine(_directory.Path, "out.safetensors");
        Assert.Equal("", Run("embed", _model, "--out", numpy, "one", "two words").Output);
        Run("embed", _model, "--out", tensors, "one", "two words");

        byte[] bytes = File.ReadAllBytes(numpy);
        int header = bytes[8] | (bytes[9] << 8);
        Assert.Equal(0, (10 + header) % 64);
        Assert.StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 96), }", Encoding.ASCII.GetString(bytes, 10, header));
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(bytes.AsSpan(10 + header)).ToArray());

        using SafetensorsFile file = SafetensorsFile.Open(tensors);
        Assert.Equal([2, 96], file["embeddings"].Shape.ToArray());
        Assert.Equal(expected, file["embeddings"].AsSpan<float>().ToArray());
    }

    [Theory]
    [InlineData(2, "--out is 'x.txt': expected a name that ends in .npy or .safetensors", "--out", "x.txt", "a")]
    [InlineData(2, "--prompt and --prefix: expected one of them", "--prompt", "query", "--prefix", "x", "a")]
    [InlineData(2, "--dims is '0': expected a whole number from 1", "--dims", "0", "a")]
    [InlineData(1, "has no prompt passage: expected one of query", "--prompt", "passage", "a")]
    [InlineData(1, "vectors of 97 elements: expected 1 to 96", "--dims", "97", "a")]
    [InlineData(1, "texts of 900 tokens are more than the model was made for: at most 160", "--max-tokens", "900", "a")]
    public void What_is_wrong_is_said_in_one_line(int code, string expected, params string[] arguments)
    {
        ToolResult result = Run(["embed", _model, .. arguments]);
        Assert.Equal(code, result.ExitCode);
        Assert.StartsWith("octet: error: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void A_malformed_line_is_named()
    {
        string file = Write("texts.jsonl", "{\"text\":\"one\"}\n{\"words\":\"two\"}\n");
        ToolResult result = Run("embed", _model, "--file", file);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("texts.jsonl, line 2: expected {\"text\":\"...\"} or {\"ids\":[...]}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_encoder_is_inspected_quantised_and_compared()
    {
        string quantized = Path.Combine(_directory.Path, "quantized");
        string texts = Write("texts.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two words\"}\n{\"text\":\"a third text\"}\n{\"text\":\"4\"}\n");
        ToolResult inspected = Run("inspect", _model, "--verify");
        Assert.Equal(0, inspected.ExitCode);
        Assert.Contains("BertModel, 2 layers, hidden 96, feed-forward 160, heads 3 of 32, vocabulary 300, texts of 160 tokens", inspected.Output, StringComparison.Ordinal);
        Assert.Contains("verified: every tensor has its place in the model", inspected.Output, StringComparison.Ordinal);

        JsonObject report = Run("quantize", _model, quantized, "--json").Json;
        Assert.Equal(12, report["modules"]!.AsArray().Count);
        Assert.DoesNotContain(report["modules"]!.AsArray(), module => ((string)module!["name"]!).Contains("pooler", StringComparison.Ordinal));
        Assert.Equal("BertModel", (string?)Run("inspect", quantized, "--json").Json["encoder"]!["architecture"]);

        JsonObject compared = Run("compare", _model, quantized, "--prompts", texts, "--json").Json;
        Assert.Equal(4, (int)compared["texts"]!);
        Assert.InRange((double)compared["cosine"]!["min"]!, 0.98, 0.9999999);
        Assert.InRange((double)compared["rank_correlation"]!, 0.5, 1);
        Assert.Contains("A makes vectors of texts: expected --prompts", Run("compare", _model, quantized, "--text", "x").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_language_model_does_not_embed_and_an_encoder_does_not_answer()
    {
        using var language = new TestModel();
        Assert.Contains("has no modules.json that says how the states of tokens become one vector, and a decoder's own files do not: add the files of sentence-transformers, or say how with --pooling", Run("embed", language.Path, "x").Error, StringComparison.Ordinal);
        Assert.Single(Vectors(Run("embed", language.Path, "--pooling", "last", "x")));
        Assert.Contains("architectures is [\"BertModel\"], which is not read: an encoder makes vectors or scores and no text: open it as an EmbeddingModel or a Reranker (octet embed, octet rerank)", Run("run", _model, "x").Error, StringComparison.Ordinal);
    }

    string Write(string name, string text)
    {
        string path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    static float[][] Vectors(ToolResult result)
    {
        Assert.Equal("", result.Error);
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!["embedding"]!.AsArray().Select(value => value!.GetValue<float>()).ToArray())];
    }
}
