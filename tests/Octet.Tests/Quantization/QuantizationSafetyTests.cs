using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>Sources and destinations that are not plain directories left alone: links, leftovers, files that change meanwhile.</summary>
public sealed class QuantizationSafetyTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    string Source => Path.Combine(_directory.Path, "source");

    string Destination => Path.Combine(_directory.Path, "模型 größe");

    public QuantizationSafetyTests()
    {
        Directory.CreateDirectory(Source);
        new SyntheticCheckpoint { LinearType = DataType.BFloat16, Layers = 1 }.Write(Source);
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_snapshot_of_links_as_in_the_cache_of_a_hub_gives_files()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        string snapshot = Directory.CreateDirectory(Path.Combine(_directory.Path, "snapshot")).FullName;
        foreach (string file in Directory.EnumerateFiles(Source))
        {
            File.CreateSymbolicLink(Path.Combine(snapshot, Path.GetFileName(file)), Path.Combine("..", "source", Path.GetFileName(file)));
        }

        Run(snapshot, Destination);

        Run(Source, Destination + " 2");
        Assert.All(Directory.EnumerateFiles(Destination), file =>
        {
            Assert.Null(new FileInfo(file).LinkTarget);
            Assert.Equal(File.ReadAllBytes(Path.Combine(Destination + " 2", Path.GetFileName(file))), File.ReadAllBytes(file));
        });
    }

    [Fact]
    public void A_destination_inside_the_source_is_not_read_as_part_of_it()
    {
        Run(Source, Path.Combine(Source, "out"));
        Run(Source, Destination);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Destination, "model.safetensors")), File.ReadAllBytes(Path.Combine(Source, "out", "model.safetensors")));
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(Destination).Count());
    }

    [Fact]
    public void A_source_that_is_written_to_meanwhile_is_an_error_and_nothing_stays()
    {
        string weights = Path.Combine(Source, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        var touched = new Progress(() => File.WriteAllBytes(weights, bytes), () => File.SetLastWriteTimeUtc(weights, DateTime.UtcNow.AddSeconds(5)));

        var error = Assert.Throws<ModelException>(() => CheckpointQuantizer.Run(Source, Destination, new() { Progress = touched, Threads = 1 }, TestContext.Current.CancellationToken));

        Assert.Contains("model.safetensors was changed while it was read", error.Message, StringComparison.Ordinal);
        Assert.Equal([Source], Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void A_directory_that_no_run_left_is_not_emptied()
    {
        string own = Directory.CreateDirectory(Destination + ".partial").FullName;
        File.WriteAllText(Path.Combine(own, "mine.txt"), "mine");

        var error = Assert.Throws<ModelException>(() => Run(Source, Destination));

        Assert.Contains("was not left by an interrupted run", error.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(Path.Combine(own, "mine.txt")));
    }

    [Fact]
    public void Files_of_others_beside_a_single_file_stay_as_they_are()
    {
        string destination = Destination + ".safetensors";
        File.WriteAllText(destination + ".partial", "somebody's");

        Run(Path.Combine(Source, "model.safetensors"), destination);

        Assert.Equal("somebody's", File.ReadAllText(destination + ".partial"));
        Assert.Equal([Source, destination, destination + ".partial"], Directory.EnumerateFileSystemEntries(_directory.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_run_that_is_cancelled_leaves_another_to_the_same_file_alone()
    {
        string source = Path.Combine(Source, "model.safetensors");
        string destination = Destination + ".safetensors";
        var second = new Always(() => Assert.Throws<OperationCanceledException>(() => CheckpointQuantizer.Run(source, destination, null, new CancellationToken(canceled: true))));

        CheckpointQuantizer.Run(source, destination, new() { Progress = second, Threads = 1 }, TestContext.Current.CancellationToken);

        Assert.True(File.Exists(destination));
        Assert.Equal([Source, destination], Directory.EnumerateFileSystemEntries(_directory.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_companion_that_leads_nowhere_is_told_before_the_work()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        File.CreateSymbolicLink(Path.Combine(Source, "tokenizer.json"), "../nowhere.json");
        int told = 0;

        var error = Assert.Throws<ModelException>(() => Run(Source, Destination, new() { Progress = new Always(() => told++) }));

        Assert.Equal(0, told);
        Assert.Contains("tokenizer.json: a link to ../nowhere.json, which cannot be read", error.Message, StringComparison.Ordinal);
        Assert.Equal([Source], Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void Weights_without_a_config_get_one_that_says_their_scheme()
    {
        File.Delete(Path.Combine(Source, "config.json"));

        Run(Source, Destination);

        Assert.Equal("fp8", (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(Destination, "config.json")))!["quantization_config"]!["quant_method"]);
        Run(Destination, Destination + " wide", new() { Scheme = QuantizationScheme.BFloat16 });
        using var wide = SafetensorsCheckpoint.Open(Destination + " wide");
        Assert.DoesNotContain(wide.Tensors, tensor => tensor.DataType == DataType.Float8E4M3FN);
    }

    static void Run(string source, string destination, QuantizationOptions? options = null)
        => CheckpointQuantizer.Run(source, destination, options, TestContext.Current.CancellationToken);

    sealed class Progress(params Action[] first) : IProgress<QuantizationProgress>
    {
        int _told;

        public void Report(QuantizationProgress value)
        {
            if (_told++ == 0)
            {
                Array.ForEach(first, act => act());
            }
        }
    }

    sealed class Always(Action act) : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value) => act();
    }
}
