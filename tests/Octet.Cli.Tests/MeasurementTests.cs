using System.Text.Json.Nodes;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public class MeasurementTests
{
    [Fact]
    public void Bench_gives_speeds_load_time_memory_and_bandwidth()
    {
        using var model = new TestModel(tokenizer: false, template: false);

        ToolResult result = Run("bench", model.Path, "-p", "16,32", "-n", "4", "-r", "2", "--threads", "1", "--json");

        Assert.Equal("", result.Error);
        JsonObject json = result.Json;
        Assert.Equal(["pp16", "pp32", "tg4"], json["results"]!.AsArray().Select(entry => (string)entry!["name"]!));
        Assert.All(json["results"]!.AsArray(), entry =>
        {
            JsonNode speed = entry!["tokens_per_second"]!;
            Assert.True((double)speed["min"]! > 0);
            Assert.InRange((double)speed["median"]!, (double)speed["min"]!, (double)speed["max"]!);
        });
        foreach (string key in (string[])["load_seconds", "peak_rss_bytes", "bandwidth_bytes_per_second"])
        {
            Assert.True((double)json[key]! > 0, key);
        }

        // The linears' codes and scales and the embedding as the output layer are read for every token: more than the codes alone.
        const long Codes = 2L * (160 * (128 + 64 + 64 + 128) + 3 * 160 * 288);
        Assert.True((long)json["bytes_per_token"]! > Codes);
    }

    [Fact]
    public void Bench_refuses_more_than_the_context()
    {
        using var model = new TestModel(tokenizer: false, template: false);

        AssertError(Run("bench", model.Path, "-p", "513"), 1, "513", "512");
    }

    [Fact]
    public void Doctor_names_the_instruction_set_that_is_forced()
    {
        ToolResult result = Run(["doctor", "--json"], null, ("OCTET_CPU", "scalar"));

        JsonObject json = result.Json;
        Assert.Equal("scalar", (string?)json["instruction_set"]);
        Assert.True((bool?)json["instruction_sets"]!["scalar"]);
        Assert.True((bool?)json["unicode_normalisation"]);
        Assert.True((double)json["bandwidth_bytes_per_second"]!["all_threads"]! > 0);
        Assert.Equal((bool)json["ok"]! ? 0 : 1, result.ExitCode);
        Assert.Equal(File.Exists(Path.Combine(AppContext.BaseDirectory, "models", "octet-tiny", "config.json")), json["built_in_model_answer"] is not null);
    }
}
