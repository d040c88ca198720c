using System.Diagnostics;
using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public class ModelOptionTests
{
    [Fact]
    public void An_fp8_head_is_read_and_scored_in_8_bits()
    {
        using var model = new TestModel(tokenizer: false, template: false);
        string[] score = ["score", model.Path, "--ids", "5,17,300,0,42,42,7", "--json"];
        double stored = (double)Run(score).Json["nll"]!;
        double same = (double)Run([.. score, "--lm-head", "as-stored"]).Json["nll"]!;
        double copied = (double)Run([.. score, "--lm-head", "fp8"]).Json["nll"]!;
        Assert.Equal(stored, same);
        Assert.InRange(Math.Abs(copied - stored) / stored, 1e-6, 0.02);

        string[] bench = ["bench", model.Path, "-p", "1", "-n", "1", "-r", "1", "--json"];
        long saved = (long)Run(bench).Json["bytes_per_token"]! - (long)Run([.. bench, "--lm-head", "fp8"]).Json["bytes_per_token"]!;
        Assert.Equal((160 - sizeof(float)) * TestModel.VocabularySize, saved);
    }

    [Fact]
    public void A_cache_in_fp8_is_scored_and_read_in_8_bits()
    {
        using var model = new TestModel(tokenizer: false, template: false);
        double Score(string type) => (double)Run("score", model.Path, "--ids", "5,17,300,0,42,42,7", "--json", "--kv-cache", type).Json["nll"]!;
        double exact = Score("f32"), e4m3 = Score("fp8_e4m3"), e5m2 = Score("fp8_e5m2");
        Assert.Equal(e4m3, Score("fp8"));
        Assert.Equal(3, new HashSet<double> { exact, e4m3, e5m2 }.Count);
        Assert.InRange(Math.Abs(e4m3 - exact) / exact, 1e-6, 0.1);
        Assert.InRange(Math.Abs(e5m2 - exact) / exact, 1e-6, 0.1);

        long Bytes(string type) => (long)Run("bench", model.Path, "-p", "1", "-n", "1", "-r", "1", "--json", "--kv-cache", type).Json["kv_cache_bytes_per_token"]!;
        Assert.Equal(Bytes("bf16"), 2 * Bytes("fp8_e5m2"));
    }

    [Fact]
    public void The_cache_keeps_to_the_memory_that_is_given_to_it()
    {
        // 2 layers x 2 heads x 32 numbers of keys and of values in float32 are 32 KiB for the 32 tokens of a page.
        using var model = new TestModel(tokenizer: false, template: false);
        string[] score = ["score", model.Path, "--ids", string.Join(',', Enumerable.Range(0, 40)), "--json", "--kv-cache-memory"];
        Assert.Equal(0, Run([.. score, "64KiB", "--context", "64"]).ExitCode);
        ToolResult refused = Run([.. score, "63KiB", "--context", "40"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("a context of 40 tokens needs", refused.Error, StringComparison.Ordinal);
        Assert.Contains("at most 32 tokens fit", refused.Error, StringComparison.Ordinal);
        Assert.Contains("32768 bytes", Run([.. score, "1000"]).Error, StringComparison.Ordinal);
        Assert.Contains("--kv-cache-memory is 'much'", Run([.. score, "much"]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Static_activations_use_the_checkpoints_scales_and_are_refused_without_them()
    {
        static void AddScales(List<TensorSource> tensors) => tensors.AddRange(
            tensors.Where(tensor => tensor.DataType == DataType.Float8E4M3FN).Select(tensor => new TensorSource(tensor.Name[..^"weight".Length] + "input_scale", DataType.Float32, [], BitConverter.GetBytes(0.02f))).ToArray());
        using var scaled = new TestModel(new SyntheticCheckpoint { Edit = AddScales }, tokenizer: false, template: false);
        double Score(params string[] more) => (double)Run(["score", scaled.Path, "--ids", "5,17,300,0,42,42,7", "--json", .. more]).Json["nll"]!;
        double exact = Score();
        double quantized = Score("--activation", "static");
        Assert.InRange(Math.Abs(quantized - exact) / exact, 1e-6, 0.1);
        Assert.NotEqual(Score("--activation", "dynamic"), quantized);

        using var model = new TestModel(tokenizer: false, template: false);
        ToolResult refused = Run("score", model.Path, "--ids", "5,17", "--activation", "static");
        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.StartsWith("octet: error: ", refused.Error, StringComparison.Ordinal);
        Assert.Contains("no layer has a scale of its inputs", refused.Error, StringComparison.Ordinal);
        Assert.Single(refused.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void As_many_threads_as_the_affinity_mask_has_processors_are_the_default()
    {
        const string TaskSet = "/usr/bin/taskset";
        Assert.SkipUnless(File.Exists(TaskSet), $"needs {TaskSet}");
        Assert.SkipUnless(Environment.ProcessorCount > 1, "needs two processors");
        using var model = new TestModel(tokenizer: false, template: false);
        string allowed = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)).Split('\t')[1];
        string first = allowed.Split('-', ',')[0];
        var start = new ProcessStartInfo(TaskSet, ["-c", first, "dotnet", Path.Combine(AppContext.BaseDirectory, "octet.dll"), "bench", model.Path, "-p", "1", "-n", "1", "-r", "1", "--json"])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        JsonNode json = JsonNode.Parse(process.StandardOutput.ReadToEnd())!;
        Assert.EndsWith(", 1 thread", (string?)json["device"], StringComparison.Ordinal);
    }
}
