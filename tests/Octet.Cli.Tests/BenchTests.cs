using System.Text.Json.Nodes;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public class BenchTests
{
    // The linear layers of the test model: 2 layers of q, k, v, o and gate, up, down.
    const long LinearWeights = 2L * (160 * (128 + 64 + 64 + 128) + 3 * 160 * 288);
    const long OutputWeights = 160L * TestModel.VocabularySize;

    // Keys and values in bfloat16: 2 layers, 2 heads of 32.
    const long ContextBytes = 2L * 2 * 2 * 32 * 2;

    [Fact]
    public void Every_test_is_given_with_its_speeds_its_repetitions_and_its_share_of_the_bound()
    {
        using var model = new TestModel(tokenizer: false, template: false);

        ToolResult result = Run("bench", model.Path, "-p", "16,32", "-n", "4", "-d", "64,20", "-b", "3", "-r", "2", "--threads", "1", "--json");

        Assert.Equal("", result.Error);
        JsonObject json = result.Json;
        JsonNode[] results = [.. json["results"]!.AsArray().Select(entry => entry!)];
        Assert.Equal(["pp16", "pp32", "tg4", "tg4@d64", "tg4@d20", "tg4@b3"], results.Select(entry => (string)entry["name"]!));
        Assert.All(results, entry =>
        {
            JsonNode speed = entry["tokens_per_second"]!;
            Assert.True((double)speed["min"]! > 0);
            Assert.InRange((double)speed["median"]!, (double)speed["min"]!, (double)speed["max"]!);

            // Two clean ones, or as many as three times two.
            JsonArray repetitions = entry["repetitions"]!.AsArray();
            Assert.Equal(repetitions.Count(repetition => (bool)repetition!["clean"]!), (int)entry["clean"]!);
            Assert.True((int)entry["clean"]! == 2 || repetitions.Count == 6);
        });
        foreach (string key in (string[])["load_seconds", "peak_rss_bytes", "bandwidth_bytes_per_second", "sustained_bandwidth_bytes_per_second", "arithmetic_peak_flops", "bandwidth_fraction"])
        {
            Assert.True((double)json[key]! > 0, key);
        }

        Assert.Equal(1, (int)json["threads"]!);
        AssertShare(results[0], "flops_per_token", "arithmetic_fraction", (double)json["arithmetic_peak_flops"]!);
        AssertShare(results[3], "bytes_per_token", "bandwidth_fraction", (double)json["bandwidth_bytes_per_second"]!);
        AssertShare(results[3], "bytes_per_token", "sustained_bandwidth_fraction", (double)json["sustained_bandwidth_bytes_per_second"]!);
        Assert.InRange((double)json["sustained_bandwidth_bytes_per_second"]!, 1, (double)json["bandwidth_bytes_per_second"]!);
        Assert.Null(results[0]["bandwidth_fraction"]);
        Assert.Null(results[2]["arithmetic_fraction"]);
    }

    [Fact]
    public void The_work_of_a_token_is_counted_from_the_shapes_and_generations_at_once_are_measured_as_a_server_runs_them()
    {
        using var model = new TestModel(tokenizer: false, template: false);

        JsonObject json = Run("bench", model.Path, "-p", "16", "-n", "5", "-d", "64", "-b", "4", "-s", "1,5", "-r", "1", "--threads", "1", "--json").Json;

        double Of(int index, string name) => (double)json["results"]![index]![name]!;
        double weights = (double)json["bytes_per_token"]!;
        Assert.Equal(LinearWeights, (long)json["linear_weights"]!);
        Assert.Equal(2.0 * LinearWeights + 2.0 * OutputWeights / 16, Of(0, "flops_per_token"));

        // The middle one of 5 tokens behind a prompt of 8 attends to 11, itself included.
        Assert.Equal(weights + 11 * ContextBytes, Of(1, "bytes_per_token"));
        Assert.Equal(weights + 67 * ContextBytes, Of(2, "bytes_per_token"));
        Assert.Equal(weights / 4 + 11 * ContextBytes, Of(3, "bytes_per_token"));
        Assert.Equal(2.0 * (LinearWeights + OutputWeights), Of(3, "flops_per_token"));

        JsonArray results = json["results"]!.AsArray();
        Assert.Equal(["pp16", "tg5", "tg5@d64", "tg5@b4", "tg5@s1", "tg5@s5"], results.Select(entry => (string)entry!["name"]!));
        Assert.All(results, entry => Assert.True((double)entry!["tokens_per_second"]!["median"]! > 0));
    }

    [Fact]
    public void Random_weights_of_a_shape_are_two_models_beside_a_path()
        => AssertError(Run("bench", "somewhere", "--shape", "4b"), 1, "somewhere and --shape 4b are two models: give one");

    [Fact]
    public void Random_weights_without_a_place_to_go_to_are_an_error_with_the_place()
        => AssertError(Run(["bench", "--shape", "0.6b"], environment: [("TMPDIR", "/no-such-place")]), 1, "/no-such-place/", "set TMPDIR");

    [Fact]
    public void A_shape_that_is_not_known_is_told_with_those_that_are()
        => AssertError(Run("bench", "--shape", "5b"), 2, "--shape is '5b': expected 0.6b or 1.7b or 4b or 8b or 14b or 32b or 30b-a3b");

    [Fact]
    public void Text_is_aligned_in_80_columns()
    {
        using var model = new TestModel(tokenizer: false, template: false);

        ToolResult result = Run("bench", model.Path, "-p", "0", "-n", "2", "-d", "500", "-b", "16", "-r", "1", "--threads", "1");

        string[] lines = result.Output.Split('\n');
        Assert.All(lines, line => Assert.True(line.Length <= 80, line));
        Assert.Equal(["tokens/s", "tg2", "tg2@d500", "tg2@b16", ""], lines.Take(5).Select(line => line.Split(' ')[0]));

        // Numbers end where their column's name ends.
        int median = lines[0].IndexOf("median", StringComparison.Ordinal) + "median".Length;
        Assert.All(lines.Skip(1).Take(3), line => Assert.True(char.IsDigit(line[median - 1]) && line[median] == ' ', line));
    }

    [Theory]
    [InlineData("513 tokens do not fit into a context of 512", "-p", "513")]
    [InlineData("516 tokens do not fit into a context of 512", "-p", "0", "-n", "4", "-d", "512")]
    [InlineData("257 sequences do not fit into a step of 256", "-b", "257")]
    public void More_than_fits_is_refused(string expected, params string[] arguments)
    {
        using var model = new TestModel(tokenizer: false, template: false);

        AssertError(Run(["bench", model.Path, .. arguments]), 1, expected);
    }

    static void AssertShare(JsonNode result, string work, string share, double ceiling)
        => Assert.Equal((double)result[work]! * (double)result["tokens_per_second"]!["median"]! / ceiling, (double)result[share]!, 1e-9);
}
