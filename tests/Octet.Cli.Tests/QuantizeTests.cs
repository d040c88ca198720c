using System.Diagnostics;
using System.Text.Json.Nodes;
using Octet.Safetensors;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class QuantizeTests : IDisposable
{
    readonly TestModel _model = new(new SyntheticCheckpoint { LinearType = Numerics.DataType.BFloat16 });
    readonly TemporaryDirectory _directory = new();

    public void Dispose()
    {
        _model.Dispose();
        _directory.Dispose();
    }

    string Destination => Path.Combine(_directory.Path, "größe 8");

    [Fact]
    public void A_model_is_quantised_with_all_that_belongs_to_it_and_runs()
    {
        ToolResult result = Run("quantize", _model.Path, Destination, "--scheme", "channel", "--json");

        Assert.Equal("", result.Error);
        Assert.Equal(14, result.Json["modules"]!.AsArray().Count);
        Assert.All(result.Json["modules"]!.AsArray(), module => Assert.InRange((double)module!["signal_to_noise_db"]!, 25, 45));
        Assert.True((long)result.Json["destination_bytes"]! < (long)result.Json["source_bytes"]!);
        Assert.Equal(
            ["chat_template.jinja", "config.json", "model.safetensors", "tokenizer.json"],
            result.Json["files"]!.AsArray().Select(file => Path.GetFileName((string)file!)));
        Assert.Equal(0, Run("run", Destination, "abc", "--max-tokens", "3").ExitCode);
        Assert.Equal(0, Run("inspect", Destination, "--verify").ExitCode);
    }

    [Fact]
    public void A_reader_at_the_terminal_gets_a_summary()
    {
        ToolResult result = Run("quantize", _model.Path, Destination, "--scheme", "nvfp4", "--search", "--exclude", "*.mlp.*", "--lm-head");

        Assert.Equal("", result.Error);
        Assert.Contains("9 encoded", result.Output, StringComparison.Ordinal);
        Assert.Contains("signal to noise of the weights: ", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Back_to_bfloat16_and_forth_with_the_same_scales_gives_the_same_file()
    {
        Assert.Equal(0, Run("quantize", _model.Path, Destination, "--shard-size", "300KB").ExitCode);
        Assert.Equal(0, Run("quantize", Destination, Destination + " wide", "--scheme", "bf16").ExitCode);
        Assert.Equal(0, Run("quantize", Destination + " wide", Destination + " again", "--scales-from", Destination, "--shard-size", "300KB").ExitCode);

        string[] files = [.. Directory.EnumerateFiles(Destination).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
        Assert.True(files.Length > 4);
        Assert.All(files, name => Assert.Equal(File.ReadAllBytes(Path.Combine(Destination, name)), File.ReadAllBytes(Path.Combine(Destination + " again", name))));
    }

    [Theory]
    [InlineData("--scheme is 'int8'", "--scheme", "int8")]
    [InlineData("--scale-dtype with --scheme nvfp4", "--scheme", "nvfp4", "--scale-dtype", "bf16")]
    [InlineData("--power-of-two with --scheme mxfp8", "--scheme", "mxfp8", "--power-of-two")]
    [InlineData("--scale-dtype e8m0 with --scheme channel", "--scheme", "channel", "--scale-dtype", "e8m0")]
    [InlineData("--scheme bf16 quantises nothing", "--scheme", "bf16", "--search")]
    [InlineData("--scales-from with --exclude", "--scales-from", "x", "--exclude", "y")]
    [InlineData("--exclude is empty", "--exclude", "")]
    [InlineData("--exclude is empty", "--exclude", "*.mlp.*", "--exclude", "")]
    [InlineData("--shard-size is '5 apples'", "--shard-size", "5 apples")]
    [InlineData("--shard-size is '0'", "--shard-size", "0")]
    [InlineData("--threads is '0'", "--threads", "0")]
    public void Wrong_usage_is_one_line_and_exit_code_2(string message, params string[] options)
    {
        ToolResult result = Run(["quantize", _model.Path, Destination, .. options]);

        Assert.Equal(2, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.StartsWith("octet: error: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Destination));
    }

    [Theory]
    [InlineData("model.layers.0.mlp.donw_proj", "model.layers.0.mlp.down_proj")]
    [InlineData("model.layers.0.mlp.down_proj.weight", "model.layers.0.mlp.down_proj")]
    [InlineData("*.q_porj", "model.layers.0.self_attn.q_proj")]
    public void A_name_to_leave_out_that_no_module_has_is_refused_with_the_nearest(string pattern, string nearest)
    {
        ToolResult result = Run("quantize", _model.Path, Destination, "--exclude", "*.up_proj", "--exclude", pattern);

        AssertError(result, 1, _model.Path, $"--exclude '{pattern}' is no module; the nearest is {nearest};");
        Assert.False(Directory.Exists(Destination));
    }

    [Fact]
    public void Modules_that_stay_wide_anyway_may_be_named()
        => Assert.Equal(0, Run("quantize", _model.Path, Destination, "--exclude", "lm_head", "--exclude", "*norm").ExitCode);

    [Fact]
    public void Scales_of_a_checkpoint_that_has_none_are_refused()
    {
        AssertError(Run("quantize", _model.Path, Destination, "--scales-from", _model.Path), 1, $"{_model.Path} is not quantised: expected a quantised checkpoint");
        Assert.False(Directory.Exists(Destination));
    }

    [Fact]
    public void A_text_for_the_cache_that_is_not_there_is_an_error()
    {
        ToolResult result = Run("quantize", _model.Path, Destination, "--kv-cache", Destination + ".txt");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("there is no file", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Destination));
    }

    [Fact]
    public void What_is_there_already_is_not_touched()
    {
        Directory.CreateDirectory(Destination);
        File.WriteAllText(Path.Combine(Destination, "mine.txt"), "mine");

        ToolResult result = Run("quantize", _model.Path, Destination);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is there already", result.Error, StringComparison.Ordinal);
        Assert.Equal(["mine.txt"], Directory.EnumerateFileSystemEntries(Destination).Select(Path.GetFileName));
    }

    [Fact]
    public void Killed_at_any_moment_it_leaves_nothing_that_loads_and_the_next_run_succeeds()
    {
        // Moments of a whole run, which takes ten times as long with the tool that is compiled as it runs as with one compiled ahead.
        long started = Stopwatch.GetTimestamp();
        Assert.Equal(0, Run("quantize", _model.Path, Destination).ExitCode);
        TimeSpan duration = Stopwatch.GetElapsedTime(started);
        Directory.Delete(Destination, recursive: true);

        var random = new Random(2);
        int whole = 0;
        for (int i = 0; i < 8; i++)
        {
            using Process process = Start(["quantize", _model.Path, Destination]);
            Thread.Sleep(duration * (0.1 + 0.8 * random.NextDouble()));
            process.Kill();
            process.WaitForExit();

            // No model without its config, which comes when all else is there and was read back.
            string partial = Destination + ".partial";
            Assert.False(File.Exists(Path.Combine(partial, "config.json")) && Directory.EnumerateFiles(partial, "*.tmp").Any());
            if (Directory.Exists(Destination))
            {
                using var checkpoint = SafetensorsCheckpoint.Open(Destination);
                Assert.NotNull(JsonNode.Parse(File.ReadAllText(Path.Combine(Destination, "config.json")))!["quantization_config"]);
                Directory.Delete(Destination, recursive: true);
                whole++;

                // The first run was slower than others are.
                duration *= 0.7;
            }
        }

        Assert.True(whole < 8, "it was never killed in time");
        Assert.Equal(0, Run("quantize", _model.Path, Destination).ExitCode);
        Assert.Equal([Path.GetFileName(Destination)], Directory.EnumerateFileSystemEntries(_directory.Path).Select(Path.GetFileName));
    }
}
