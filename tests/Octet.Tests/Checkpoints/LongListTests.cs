using System.Text;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;
using Octet.Tokenizers.Tests;

namespace Octet.Tests.Checkpoints;

/// <summary>Files that name very many layers, keys or marks take a time that grows with their length alone.</summary>
public class LongListTests
{
    const int Few = 500;

    // Where much is done for each besides.
    const int Many = 3000;

    public LongListTests() => Assert.SkipWhen(Environment.GetEnvironmentVariable("OCTET_MUTANTS") == "1", "time says nothing about a mutant");

    [Theory]
    [InlineData("""{"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION", "quantized_layers": {LIST}}""", """{"quant_algo": "FP8"}""")]
    [InlineData("""{"quant_method": "auto-round", "bits": 8, "data_type": "fp8", "extra_config": {LIST}}""", """{"bits": 16}""")]
    [InlineData("""{"quant_method": "torchao", "quant_type": {"default": {"_type": "FqnToConfig", "_data": {"fqn_to_config": {LIST}}}}}""", """{"_type": "Float8WeightOnlyConfig"}""")]
    [InlineData("""{"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}}, "layer_quant_config": {LIST}}""", """{"weight": {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}}""")]
    [InlineData("""{"bits": 4, "group_size": 32, "mode": "mxfp4", LIST}""", """{"bits": 4, "group_size": 32}""")]
    [InlineData("""{"quant_method": "compressed-tensors", "config_groups": {LIST}}""", """{"weights": {"type": "float", "num_bits": 8, "strategy": "channel"}}""")]
    public void Layers_of_a_config(string config, string layer)
        => Assert.Null(TimePerByte.Grows(
            count =>
            {
                ConfigObject json = Parse(config.Replace("LIST", List(count, layer), StringComparison.Ordinal));
                return () => QuantizationConfig.Read(json);
            },
            Few));

    [Fact]
    public void Unknown_keys_for_generation()
    {
        ModelConfig model = ModelConfig.Parse(Encoding.UTF8.GetBytes(new SyntheticCheckpoint().Config().ToJsonString()), "config.json");
        Assert.Null(TimePerByte.Grows(
            count =>
            {
                ConfigObject json = Parse($"{{{List(count, "1")}}}");
                return () => Assert.Equal(count, new GenerationConfigReader(json, model).Read().UnknownKeys.Count);
            },
            Many));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Formats_of_layers(bool marks)
    {
        using var directory = new TemporaryDirectory();
        List<SafetensorsCheckpoint> opened = [];
        string? grown = TimePerByte.Grows(
            count =>
            {
                string path = Path.Combine(directory.Path, $"{count}.safetensors");
                string layers = marks ? "" : List(count, """{"format": "float8_e4m3fn"}""");
                SafetensorsWriter.Write(
                    path,
                    Enumerable.Range(0, count).SelectMany(i => marks
                        ? (TensorSource[])[Tensor($"m{i}.scaled_fp8"), Tensor($"m{i}.a.b.scale_weight"), Tensor($"m{i}.a.b.weight")]
                        : [Tensor($"layer.{i}.weight")]),
                    new SafetensorsWriterOptions { Metadata = marks ? [] : new Dictionary<string, string> { ["_quantization_metadata"] = $"{{\"layers\": {{{layers}}}}}" } });
                SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(path);
                opened.Add(checkpoint);
                return () => Assert.Equal(count, LayerFormats.Read(checkpoint, null).Layers.Count);
            },
            Many / 3);
        opened.ForEach(checkpoint => checkpoint.Dispose());
        Assert.Null(grown);
    }

    static TensorSource Tensor(string name) => new(name, DataType.Float8E4M3FN, [0], Array.Empty<byte>());

    static string List(int count, string value) => string.Join(", ", Enumerable.Range(0, count).Select(i => $"\"layer.{i}\": {value}"));

    static ConfigObject Parse(string json) => ConfigObject.Parse(Encoding.UTF8.GetBytes(json), "c.json");
}
