using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>The output layer, tied to the embedding in whichever way a config says it, and under whichever name.</summary>
public sealed class OutputLayerTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    string Source => Path.Combine(_directory.Path, "source");

    string Destination => Path.Combine(_directory.Path, "destination");

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, string> Tied => new()
    {
        { "llama", "lm_head" },
        { "gemma3_text", "lm_head" },
        { "qwen3_5_text", "lm_head" },
        { "mistral", "language_model.lm_head" },
    };

    [Theory]
    [MemberData(nameof(Tied))]
    public void One_that_is_tied_is_listed_as_not_quantised(string family, string head)
    {
        WriteTied(family);

        JsonNode config = Quantize(head: false);

        Assert.Contains(head, config["quantization_config"]!["ignore"]!.AsArray().Select(name => (string)name!));
        Assert.Equal("""["Linear"]""", Targets(config));
    }

    [Theory]
    [MemberData(nameof(Tied))]
    public void One_that_is_tied_gets_a_weight_of_its_own_where_it_is_to_be_quantised(string family, string head)
    {
        WriteTied(family);

        JsonNode config = Quantize(head: true);

        Assert.Equal($"""["Linear","{head}"]""", Targets(config));
        Assert.DoesNotContain(head, config["quantization_config"]!["ignore"]!.AsArray().Select(name => (string)name!));
        using (var file = SafetensorsCheckpoint.Open(Destination))
        {
            Assert.Equal(DataType.Float8E4M3FN, file[head + ".weight"].DataType);
        }

        using LanguageModel model = LanguageModel.Load(Destination);
        Assert.False(model.Config.TieWordEmbeddings);
    }

    [Fact]
    public void One_of_a_larger_model_is_a_target_by_its_whole_name()
    {
        FamilyCheckpoint.Write("mistral", Source);

        Assert.Equal("""["Linear","language_model.lm_head"]""", Targets(Quantize(head: true)));
    }

    static string Targets(JsonNode config) => config["quantization_config"]!["config_groups"]!["group_0"]!["targets"]!.ToJsonString();

    JsonNode Quantize(bool head)
    {
        CheckpointQuantizer.Run(Source, Destination, new() { Scheme = QuantizationScheme.Channel, LmHead = head }, TestContext.Current.CancellationToken);
        return JsonNode.Parse(File.ReadAllText(Path.Combine(Destination, "config.json")))!;
    }

    /// <summary>As published: of Gemma the config says nothing, of Llama it does, and of a larger model it does for the text part.</summary>
    void WriteTied(string family)
    {
        string made = Path.Combine(_directory.Path, "made");
        FamilyCheckpoint.Write(family, made);
        Directory.CreateDirectory(Source);
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(made, "config.json")))!.AsObject();
        if (config["text_config"] is JsonObject text)
        {
            text["tie_word_embeddings"] = true;
        }
        else if (family == "gemma3_text")
        {
            config.Remove("tie_word_embeddings");
        }
        else
        {
            config["tie_word_embeddings"] = true;
        }

        File.WriteAllText(Path.Combine(Source, "config.json"), config.ToJsonString());
        using var file = SafetensorsCheckpoint.Open(made);
        SafetensorsWriter.Write(Path.Combine(Source, "model.safetensors"), [.. file.Tensors.Where(tensor => !tensor.Name.EndsWith("lm_head.weight", StringComparison.Ordinal)).Select(tensor => new TensorSource(tensor))]);
    }
}
