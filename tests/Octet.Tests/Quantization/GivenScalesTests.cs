using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>What a checkpoint whose scales are taken says of itself, wherever it says it, and its scales of a cache.</summary>
public sealed class GivenScalesTests : IDisposable
{
    const string Attention = "model.layers.0.self_attn";

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    string Source => Path.Combine(_directory.Path, "source");

    string Given => Path.Combine(_directory.Path, "given");

    string Destination => Path.Combine(_directory.Path, "destination");

    [Fact]
    public void What_model_optimizers_own_file_says_is_in_the_new_config()
    {
        Make(Scheme("modelopt, FP8") with { EditConfig = config => config.Remove("quantization_config") });
        File.WriteAllText(Path.Combine(Given, "hf_quant_config.json"), """{"producer": {"name": "modelopt", "version": "0.33"}, "quantization": {"quant_algo": "FP8", "exclude_modules": ["lm_head"]}}""");

        Run();

        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"quant_method": "modelopt", "producer": {"name": "modelopt", "version": "0.33"}, "quantization": {"quant_algo": "FP8", "exclude_modules": ["lm_head"]}}"""),
            Config()["quantization_config"]));
        AssertSame();
    }

    [Fact]
    public void What_mlx_says_is_in_the_new_config_and_in_that_of_another_scheme_no_more()
    {
        Make(Scheme("MLX, MXFP8") with
        {
            EditConfig = config =>
            {
                config["quantization"] = config["quantization_config"]!.DeepClone();
                config.Remove("quantization_config");
            },
        });

        Run();

        Assert.Equal("mxfp8", (string?)Config()["quantization_config"]!["mode"]);
        AssertSame();
        string again = Destination + " again";
        CheckpointQuantizer.Run(Given, again, new() { Scheme = QuantizationScheme.Block }, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("quantization", JsonNode.Parse(File.ReadAllText(Path.Combine(again, "config.json")))!.AsObject().Select(entry => entry.Key));
    }

    [Fact]
    public void Scales_of_a_cache_that_the_config_speaks_of_are_taken_too()
    {
        JsonObject scheme = new() { ["num_bits"] = 8, ["type"] = "float", ["strategy"] = "tensor", ["dynamic"] = false, ["observer"] = "minmax" };
        Make(WithCache(scheme, 0.25f));

        QuantizationReport report = Run();

        using var written = SafetensorsCheckpoint.Open(Destination);
        Assert.Equal([0.25f], written[Attention + ".k_scale"].AsSpan<float>().ToArray());
        Assert.Equal([0.25f], written[Attention + ".v_scale"].AsSpan<float>().ToArray());
        Assert.True(JsonNode.DeepEquals(scheme, Config()["quantization_config"]!["kv_cache_scheme"]));
        Assert.Empty(report.Notes);
    }

    [Fact]
    public void Scales_of_a_cache_that_cannot_be_taken_are_not_spoken_of()
    {
        // One for each of the two heads.
        Make(WithCache(new() { ["num_bits"] = 8, ["type"] = "float", ["strategy"] = "attn_head" }, 0.25f, 0.5f));

        QuantizationReport report = Run();

        using var written = SafetensorsCheckpoint.Open(Destination);
        Assert.DoesNotContain(written.Tensors, tensor => tensor.Name.EndsWith("k_scale", StringComparison.Ordinal));
        JsonObject config = Config()["quantization_config"]!.AsObject();
        Assert.True(config.ContainsKey("kv_cache_scheme"));
        Assert.Null(config["kv_cache_scheme"]);
        Assert.Equal(["scales of a key/value cache are not taken: " + Attention + ".k_scale is not one number above 0", "the config does not say any more that a key/value cache is quantised"], report.Notes);
    }

    static SyntheticCheckpoint Scheme(string name) => new() { Scheme = WeightScheme.All[name](), Layers = 1 };

    static SyntheticCheckpoint WithCache(JsonObject scheme, params float[] scales) => Scheme("compressed-tensors, channel") with
    {
        EditConfig = config => config["quantization_config"]!["kv_cache_scheme"] = scheme.DeepClone(),
        Edit = tensors => tensors.AddRange(((string[])[".k_scale", ".v_scale"]).Select(name => TensorSource.Create<float>(Attention + name, [scales.Length], scales))),
    };

    /// <summary>The quantised model, and as source the weights that it means.</summary>
    void Make(SyntheticCheckpoint given)
    {
        given.Write(Directory.CreateDirectory(Given).FullName);
        (given with { Scheme = null, LinearType = DataType.BFloat16, Edit = null, EditConfig = null }).Write(Directory.CreateDirectory(Source).FullName);
    }

    QuantizationReport Run() => CheckpointQuantizer.Run(Source, Destination, new() { ScalesFrom = Given }, TestContext.Current.CancellationToken);

    JsonObject Config() => JsonNode.Parse(File.ReadAllText(Path.Combine(Destination, "config.json")))!.AsObject();

    void AssertSame()
    {
        using var given = SafetensorsCheckpoint.Open(Given);
        using var written = SafetensorsCheckpoint.Open(Destination);
        Assert.Equal(given.Tensors.Select(tensor => (tensor.Name, tensor.DataType)).Order(), written.Tensors.Select(tensor => (tensor.Name, tensor.DataType)).Order());
        LanguageModel.Load(Destination).Dispose();
    }
}
