using System.Text.Json.Nodes;
using Octet.Safetensors;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class ScoreTests : IDisposable
{
    readonly TestModel _model = new(tokenizer: false, template: false);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_likelihood_is_that_of_the_logits_written()
    {
        int[] ids = [5, 17, 300, 0, 42, 42, 7];
        string path = Path.Combine(_model.Path, "logits.safetensors");

        ToolResult result = Run("score", _model.Path, "--ids", string.Join(',', ids), "--logits", path, "--chunk", "3", "--json");

        Assert.Equal("", result.Error);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        TensorView logits = file["logits"];
        Assert.Equal([ids.Length, TestModel.VocabularySize], logits.Shape.ToArray());
        double expected = 0;
        for (int i = 0; i + 1 < ids.Length; i++)
        {
            float[] row = logits.AsSpan<float>().Slice(i * TestModel.VocabularySize, TestModel.VocabularySize).ToArray();
            expected += Math.Log(row.Sum(logit => Math.Exp(logit))) - row[ids[i + 1]];
        }

        Assert.Equal(ids.Length - 1, (int?)result.Json["tokens"]);
        Assert.Equal(expected, (double)result.Json["nll"]!, 1e-9 * expected);
        Assert.Equal(Math.Exp(expected / (ids.Length - 1)), (double)result.Json["perplexity"]!, 1e-6);
    }

    [Fact]
    public void One_token_predicts_nothing_and_has_no_perplexity()
    {
        ToolResult result = Run("score", _model.Path, "--ids", "5", "--json");

        Assert.Equal("""{"tokens":0,"nll":0,"perplexity":null}""" + "\n", result.Output);
    }

    [Fact]
    public void A_model_that_computes_NaN_has_no_likelihood_and_its_logits_are_written_all_the_same()
    {
        using var model = new TestModel(new SyntheticCheckpoint
        {
            Edit = tensors =>
            {
                int at = tensors.FindIndex(tensor => tensor.Name == "model.norm.weight");
                byte[] bytes = new byte[tensors[at].ByteLength];
                bytes.AsSpan().Fill(0xFF);
                tensors[at] = new TensorSource(tensors[at].Name, tensors[at].DataType, tensors[at].Shape, bytes);
            },
        });
        string path = Path.Combine(model.Path, "logits.safetensors");

        ToolResult result = Run("score", model.Path, "--ids", "5,17,300", "--logits", path, "--json");

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("computes logits that are not finite", result.Error, StringComparison.Ordinal);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.All(file["logits"].AsSpan<float>().ToArray(), logit => Assert.True(float.IsNaN(logit)));
    }

    [Fact]
    public void A_file_is_scored_as_the_same_text_is()
    {
        using var model = new TestModel();
        string file = Path.Combine(model.Path, "text.txt");
        File.WriteAllText(file, "abc é");

        ToolResult text = Run("score", model.Path, "--text", "abc é");
        ToolResult read = Run("score", model.Path, "--file", file);

        Assert.Equal(5, (int)JsonNode.Parse(text.Output)!["tokens"]!);
        Assert.Equal(text.Output, read.Output);
    }

    [Fact]
    public void A_text_longer_than_the_context_is_scored_in_windows_and_every_row_is_written_once()
    {
        int[] ids = [.. Enumerable.Range(0, 40)];
        string path = Path.Combine(_model.Path, "logits.safetensors");

        JsonObject cut = Run("score", _model.Path, "--ids", string.Join(',', ids), "--context", "16", "--logits", path).Json;
        JsonObject same = Run("score", _model.Path, "--ids", string.Join(',', ids), "--window", "16", "--stride", "8").Json;

        Assert.Equal(39, (int)cut["tokens"]!);
        Assert.Equal(same.ToJsonString(), cut.ToJsonString());
        using SafetensorsFile file = SafetensorsFile.Open(path);
        float[] logits = file["logits"].AsSpan<float>().ToArray();
        double expected = 0;
        for (int i = 0; i + 1 < ids.Length; i++)
        {
            ReadOnlySpan<float> row = logits.AsSpan(i * TestModel.VocabularySize, TestModel.VocabularySize);
            expected += Math.Log(row.ToArray().Sum(logit => Math.Exp(logit))) - row[ids[i + 1]];
        }

        Assert.Equal(expected, (double)cut["nll"]!, 1e-9 * expected);
    }

    [Fact]
    public void A_weight_file_names_the_model_that_it_lies_in()
        => Assert.Equal(Run("score", _model.Path, "--ids", "1,2,3").Output, Run("score", Path.Combine(_model.Path, "model.safetensors"), "--ids", "1,2,3").Output);

    [Fact]
    public void A_stride_longer_than_its_window_is_wrong_usage()
        => AssertError(Run("score", _model.Path, "--ids", "1,2", "--window", "4", "--stride", "5"), 2, "--stride is 5: expected at most --window, 4");

    [Fact]
    public void A_failure_leaves_no_file()
    {
        string path = Path.Combine(_model.Path, "logits.safetensors");
        int before = Directory.GetFiles(_model.Path).Length;

        AssertError(Run("score", _model.Path, "--ids", "1,2,301", "--logits", path), 1, "301");

        Assert.Equal(before, Directory.GetFiles(_model.Path).Length);
    }

    [Fact]
    public void Text_without_a_tokenizer_is_an_error()
        => AssertError(Run("score", _model.Path, "--text", "a"), 1, "tokenizer.json");
}
