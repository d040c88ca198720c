using System.Text.Json.Nodes;
using System.Xml.Linq;
using Octet.Numerics;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class CompareTests : IDisposable
{
    readonly TestModel _a = new(new SyntheticCheckpoint { Tied = false, ScaleType = DataType.Float32 });
    readonly TestModel _b = new(new SyntheticCheckpoint { Tied = false, ScaleType = DataType.BFloat16 });

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public void The_figures_are_one_object_and_the_chart_has_a_point_for_each_layer()
    {
        string plot = Path.Combine(_a.Path, "error.svg");

        ToolResult result = Run("compare", _a.Path, _b.Path, "--text", "A text of some tokens.", "--plot", plot, "--json");

        Assert.Equal("", result.Error);
        JsonObject json = result.Json;
        Assert.Equal((22, 21), ((int)json["positions"]!, (int)json["tokens"]!));
        double[] kl = [.. ((string[])["median", "p99", "max"]).Select(name => (double)json["kl"]![name]!)];
        Assert.InRange((double)json["kl"]!["mean"]!, 1e-9, kl[2]);
        Assert.Equal(kl.Order(), kl);
        JsonNode largest = json["logit_difference"]!;
        Assert.Equal(Math.Abs((double)largest["a"]! - (double)largest["b"]!), (double)largest["max"]!, 1e-6);
        Assert.Equal(2, json["snr_db"]!.AsArray().Count);
        Assert.InRange((double)json["final_norm_snr_db"]!, 10, 100);
        Assert.Null(json["layers_not_compared"]);
        JsonObject score = Run("score", _b.Path, "--text", "A text of some tokens.").Json;
        Assert.Equal((double)score["nll"]!, (double)json["nll"]!["b"]!, 1e-3);
        Assert.Equal((double)score["perplexity"]!, (double)json["perplexity"]!["b"]!, 1e-2);
        Assert.Equal(2, XDocument.Load(plot).Descendants().Count(element => element.Name.LocalName == "circle"));
    }

    [Fact]
    public void A_model_and_itself_do_not_differ_which_null_says_of_decibels()
    {
        string plot = Path.Combine(_a.Path, "error.svg");

        JsonObject json = Run("compare", _a.Path, _a.Path, "--ids", "5,17,300,0,42", "--plot", plot).Json;

        Assert.Equal("""{"mean":0,"standard_error":0,"median":0,"p99":0,"max":0}""", json["kl"]!.ToJsonString());
        Assert.Equal(1, (double)json["top1_agreement"]!);
        Assert.Equal("[null,null]", json["snr_db"]!.ToJsonString());
        Assert.True(json.ContainsKey("final_norm_snr_db"));
        Assert.Null(json["final_norm_snr_db"]);
        Assert.Equal(2, XDocument.Load(plot).Descendants().Count(element => element.Name.LocalName == "circle"));
    }

    [Theory]
    [InlineData("--b-activation", "dynamic")]
    [InlineData("--b-kv-cache", "bf16")]
    [InlineData("--b-kv-cache", "fp8_e5m2")]
    [InlineData("--b-lm-head", "fp8")]
    public void One_model_is_compared_with_itself_opened_otherwise(string option, string word)
    {
        JsonObject json = Run("compare", _a.Path, _a.Path, "--ids", "5,17,300,0,42,42,7", option, word).Json;

        Assert.True((double)json["kl"]!["mean"]! > 0);
    }

    [Fact]
    public void What_holds_for_both_models_makes_no_difference()
        => Assert.Equal(0, (double)Run("compare", _a.Path, _a.Path, "--ids", "5,17,300,0,42,42,7", "--kv-cache", "bf16", "--lm-head", "fp8").Json["kl"]!["max"]!);

    [Fact]
    public void Prompts_are_texts_of_their_own_and_a_file_is_one()
    {
        string prompts = Path.Combine(_a.Path, "prompts.jsonl");
        string file = Path.Combine(_a.Path, "text.txt");
        File.WriteAllText(prompts, "{\"text\":\"abc\"}\n\n{\"text\":\"defgh\"}\n");
        File.WriteAllText(file, "abcdefgh");

        JsonObject two = Run("compare", _a.Path, _b.Path, "--prompts", prompts).Json;
        JsonObject one = Run("compare", _a.Path, _b.Path, "--file", file).Json;
        ToolResult piped = Run(["compare", _a.Path, _b.Path, "--file", "-"], "abcdefgh");

        Assert.Equal((8, 6), ((int)two["positions"]!, (int)two["tokens"]!));
        Assert.Equal((8, 7), ((int)one["positions"]!, (int)one["tokens"]!));
        Assert.Equal(one.ToJsonString(), piped.Json.ToJsonString());
    }

    [Fact]
    public void A_text_goes_on_behind_its_context_without_a_second_beginning()
    {
        string prompts = Path.Combine(_a.Path, "prompts.jsonl");
        File.WriteAllText(prompts, "{\"context\":\"abc\",\"text\":\"de\"}\n");
        ByteTokenizer.Write(_a.Path, ["<s>"], "<s>", null);
        ByteTokenizer.Write(_b.Path, ["<s>"], "<s>", null);

        JsonObject found = Run("compare", _a.Path, _b.Path, "--prompts", prompts).Json;

        // The rows of c, d and e, of which the first two predict d and e.
        Assert.Equal((3, 2), ((int)found["positions"]!, (int)found["tokens"]!));
    }

    [Fact]
    public void Windows_are_those_of_score()
    {
        string text = new('x', 50);
        JsonObject score = Run("score", _a.Path, "--text", text, "--window", "16", "--stride", "4").Json;
        JsonObject json = Run("compare", _a.Path, _b.Path, "--text", text, "--window", "16", "--stride", "4").Json;

        Assert.Equal(49, (int)score["tokens"]!);
        Assert.Equal(49, (int)json["tokens"]!);
        Assert.Equal((double)score["nll"]!, (double)json["nll"]!["a"]!, 1e-3);
    }

    [Fact]
    public void Layers_of_another_number_are_not_compared_and_cannot_be_drawn()
    {
        using var other = new TestModel(new SyntheticCheckpoint { Tied = false, Layers = 1 });

        JsonObject json = Run("compare", _a.Path, other.Path, "--ids", "5,17").Json;

        Assert.Equal("2 layers and 1", (string?)json["layers_not_compared"]);
        Assert.Null(json["snr_db"]);
        Assert.Null(json["final_norm_snr_db"]);
        AssertError(Run("compare", _a.Path, other.Path, "--ids", "5,17", "--plot", "x.svg"), 1, "--plot", "2 layers and 1");
    }

    [Fact]
    public void Tokenizers_that_differ_are_an_error_that_says_where()
    {
        // The other one knows the id of "b" as "c" and the reverse.
        JsonObject tokenizer = JsonNode.Parse(File.ReadAllText(Path.Combine(_b.Path, "tokenizer.json")))!.AsObject();
        JsonNode vocabulary = tokenizer["model"]!["vocab"]!;
        (vocabulary["b"], vocabulary["c"]) = (99, 98);
        _b.Write("tokenizer.json", tokenizer.ToJsonString());

        AssertError(Run("compare", _a.Path, _b.Path, "--text", "aabc"), 1, "token 2 of the text is id 98", "id 99");
    }

    [Fact]
    public void Vocabularies_of_other_sizes_are_an_error()
    {
        using var other = new TestModel(new SyntheticCheckpoint { Tied = false, VocabSize = 310 });

        AssertError(Run("compare", _a.Path, other.Path, "--ids", "5,17"), 1, "301", "310");
    }

    [Theory]
    [InlineData("expected one of --text, --file, --prompts and --ids", 2)]
    [InlineData("expected one of --text, --file, --prompts and --ids", 2, "--ids", "1", "--text", "a")]
    [InlineData("--stride is 9: expected at most --window, 8", 2, "--ids", "1", "--window", "8", "--stride", "9")]
    [InlineData("--window is '1': expected a whole number from 2", 2, "--ids", "1", "--window", "1")]
    [InlineData("--b-kv-cache is 'int3'", 2, "--ids", "1", "--b-kv-cache", "int3")]
    [InlineData("there is no file no-such.jsonl", 1, "--prompts", "no-such.jsonl")]
    [InlineData("a window of 600 tokens: expected 2 to 512", 1, "--ids", "1", "--window", "600")]
    [InlineData("token id 301", 1, "--ids", "1,301")]
    [InlineData("cannot write no-such/x.svg", 1, "--ids", "1,2", "--plot", "no-such/x.svg")]
    public void Wrong_usage_is_told_in_one_line(string fragment, int code, params string[] arguments)
        => AssertError(Run(["compare", _a.Path, _b.Path, .. arguments]), code, fragment);

    [Theory]
    [InlineData("""{"ids":[1]}""", "line 1: expected {\"text\":\"...\"}")]
    [InlineData("", "has no lines")]
    public void Prompts_that_are_not_texts_are_an_error(string line, string fragment)
    {
        string prompts = Path.Combine(_a.Path, "prompts.jsonl");
        File.WriteAllText(prompts, line);

        AssertError(Run("compare", _a.Path, _b.Path, "--prompts", prompts), 1, fragment);
    }
}
