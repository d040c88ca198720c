using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>What stands beside quantised layers: dropped where it is dead, carried where the target has use of it, refused where it is not understood.</summary>
public sealed class LayerCompanionsTests : IDisposable
{
    const string Query = "model.layers.0.self_attn.q_proj";
    const string Attention = "model.layers.0.self_attn";

    readonly TemporaryDirectory _directory = new();
    int _made;

    string Destination => Path.Combine(_directory.Path, "destination");

    public void Dispose() => _directory.Dispose();

    static readonly Dictionary<string, TensorSource> s_dead = new()
    {
        ["act_scale, AutoFP8"] = One(Query + ".act_scale", 0.02f),
        ["scale of inputs"] = One(Query + ".input_scale", 0.02f),
        ["zero points of codes"] = new TensorSource(Query + ".weight_zero_point", DataType.Float8E4M3FN, [128, 1], new byte[128]),
        ["zero points of inputs"] = new TensorSource(Query + ".input_zero_point", DataType.Int64, [1], new byte[8]),
        ["queries"] = One(Attention + ".q_scale", 0.5f),
        ["queries, Quark"] = One(Attention + ".q_proj.output_scale", 0.5f),
        ["probabilities"] = One(Attention + ".prob_output_scale", 0.5f),
        ["queries, vLLM"] = One(Attention + ".attn.q_scale", 0.5f),
    };

    static readonly Dictionary<string, (TensorSource Tensor, string Message)> s_refused = new()
    {
        ["zero points that count"] = (new TensorSource(Query + ".weight_zero_point", DataType.Float8E4M3FN, [128, 1], Enumerable.Repeat((byte)0x38, 128).ToArray()), "weight_zero_point: an offset of codes that is not zero"),
        ["a negative scale"] = (One(Query + ".act_scale", -1), "act_scale: a scale of activations of -1"),
        ["a scale that is no number"] = (One(Attention + ".q_scale", float.NaN), "q_scale: a scale of queries of NaN"),
        ["something unknown"] = (One(Query + ".weight_shift", 1), "weight_shift: a tensor that the model does not have"),
        ["a mark of an unknown format"] = (TensorSource.Create<byte>(Query + ".comfy_quant", [19], "{\"format\": \"nvfp5\"}"u8.ToArray()), "\"nvfp5\""),
    };

    public static TheoryData<string> Dead => [.. s_dead.Keys];

    public static TheoryData<string> Refused => [.. s_refused.Keys];

    [Theory]
    [MemberData(nameof(Dead))]
    public void What_no_weight_depends_on_is_not_in_what_is_written(string what)
    {
        TensorSource tensor = s_dead[what];
        SyntheticCheckpoint plain = Channel();
        string source = Make(plain with { Edit = tensors => tensors.Add(tensor) });

        Run(source, QuantizationScheme.BFloat16);

        string[] expected = [.. Names(Make(plain)).Where(name => !name.EndsWith("_scale", StringComparison.Ordinal))];
        Assert.Equal(expected, Names(Destination));
        AssertMeant(plain);
        Run(source, QuantizationScheme.Block, Destination + " of blocks");
        Assert.DoesNotContain(tensor.Name, Names(Destination + " of blocks"));
        LanguageModel.Load(Destination + " of blocks").Dispose();
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_the_loader_refuses_is_refused_and_nothing_is_written(string what)
    {
        (TensorSource tensor, string message) = s_refused[what];
        string source = Make(Channel() with { Edit = tensors => tensors.Add(tensor) });

        string loader = Assert.Throws<ModelException>(() => LanguageModel.Load(source).Dispose()).Message;
        string found = Assert.Throws<ModelException>(() => Run(source, QuantizationScheme.BFloat16)).Message;

        Assert.Equal(loader, found);
        Assert.Contains(message, found, StringComparison.Ordinal);
        Assert.False(Path.Exists(Destination));
    }

    [Theory]
    [InlineData("blocks.0.to_q.weight_shift", "a tensor of the quantised layer blocks.0.to_q that is not understood")]
    [InlineData("blocks.0.to_q.lora_down", "a tensor of the quantised layer blocks.0.to_q that is not understood")]
    [InlineData("blocks.0.q_scale", "a scale of queries of 4 numbers, which may be parameters of the model")]
    [InlineData("blocks.1.to_q.weight_scale", "a scale of weights that are not there")]
    public void In_files_of_any_architecture_what_may_change_the_weights_is_refused(string name, string message)
    {
        string source = File(
            new TensorSource("blocks.0.to_q.weight", DataType.Float8E4M3FN, [32, 32], new byte[1024]),
            One("blocks.0.to_q.weight_scale", 0.5f),
            TensorSource.Create<float>(name, [4], new float[] { 1, 2, 3, 4 }));

        var error = Assert.Throws<ModelException>(() => Run(source, QuantizationScheme.BFloat16, Destination + ".safetensors"));

        Assert.Contains($"tensor {name}: {message}", error.Message, StringComparison.Ordinal);
        Assert.Equal(["source.safetensors"], Directory.EnumerateFileSystemEntries(_directory.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void In_files_of_any_architecture_what_is_known_to_be_dead_is_dropped_and_parameters_are_copied()
    {
        string source = File(
            new TensorSource("blocks.0.to_q.weight", DataType.Float8E4M3FN, [32, 32], new byte[1024]),
            One("blocks.0.to_q.weight_scale", 0.5f),
            One("blocks.0.to_q.bias", 0.5f),
            One("blocks.0.to_q.input_scale", 0.5f),
            One("blocks.0.q_scale", 0.5f),
            new TensorSource("blocks.0.to_q.weight_zero_point", DataType.Int8, [1], new byte[1]),
            TensorSource.Create<float>("encoder.attention.q_scale", [4], new float[] { -1, 2, 3, 4 }),
            TensorSource.Create<float>("encoder.attention.k_scale", [4], new float[] { -1, 2, 3, 4 }));

        Run(source, QuantizationScheme.BFloat16, Destination + ".safetensors");

        Assert.Equal(["blocks.0.to_q.bias", "blocks.0.to_q.weight", "encoder.attention.k_scale", "encoder.attention.q_scale"], Names(Destination + ".safetensors"));
    }

    [Theory]
    [InlineData(DataType.Int8)]
    [InlineData(DataType.Int32)]
    public void Codes_of_whole_numbers_are_said_to_be_not_implemented(DataType type)
    {
        string source = File(new TensorSource("p.weight", type, [16, 16], new byte[type == DataType.Int8 ? 256 : 1024]), One("p.weight_scale", 1));

        var error = Assert.Throws<ModelException>(() => Run(source, QuantizationScheme.BFloat16, Destination + ".safetensors"));

        Assert.Contains($"tensor p.weight: codes of type {type} are not implemented", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".k_scale", ".v_scale")]
    [InlineData(".k_proj.k_scale", ".v_proj.v_scale")]
    [InlineData(".k_proj.output_scale", ".v_proj.output_scale")]
    public void Scales_of_a_cache_are_carried_to_schemes_that_have_use_of_them(string key, string value)
    {
        string source = Make(Channel() with
        {
            Edit = tensors =>
            {
                tensors.Add(One(Attention + key, 0.25f));
                tensors.Add(One(Attention + value, 0.75f));
            },
        });

        Run(source, QuantizationScheme.Tensor);

        using (var written = SafetensorsCheckpoint.Open(Destination))
        {
            Assert.Equal([0.25f], written[Attention + ".k_scale"].AsSpan<float>().ToArray());
            Assert.Equal([0.75f], written[Attention + ".v_scale"].AsSpan<float>().ToArray());
            Assert.Equal(2, written.Tensors.Count(tensor => tensor.Name.EndsWith("k_scale", StringComparison.Ordinal) || tensor.Name.EndsWith("v_scale", StringComparison.Ordinal)));
        }

        Assert.Equal(8, (int?)Config(Destination)["quantization_config"]!["kv_cache_scheme"]!["num_bits"]);
        LanguageModel.Load(Destination, new() { KvCache = KvCacheType.Float8E4M3 }).Dispose();
        QuantizationReport report = Run(source, QuantizationScheme.BFloat16, Destination + " wide");
        Assert.DoesNotContain(Names(Destination + " wide"), name => name.Contains("_scale", StringComparison.Ordinal));
        Assert.Contains(report.Notes, note => note.Contains("scales of a key/value cache", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_of_the_older_scheme_is_left_and_all_that_belongs_to_the_model_is_there()
    {
        SyntheticCheckpoint checkpoint = Channel() with
        {
            EditConfig = config =>
            {
                config["compression_config"] = new JsonObject { ["format"] = "float-quantized" };
                config["torch_dtype"] = "float8_e4m3fn";
            },
        };
        string source = Make(checkpoint);
        foreach (string name in (string[])["hf_quant_config.json", "quantize_config.json", "quant_config.json", "generation_config.json", "tokenizer_config.json", "modeling_own.py", "LICENSE", "README.md", "recipe.yaml"])
        {
            System.IO.File.WriteAllText(Path.Combine(source, name), "{}");
        }

        Directory.CreateDirectory(Path.Combine(source, "additional_chat_templates"));
        System.IO.File.WriteAllText(Path.Combine(source, "additional_chat_templates", "tool_use.jinja"), "x");

        Run(source, QuantizationScheme.BFloat16);

        Assert.Equal(
            ["LICENSE", "additional_chat_templates", "config.json", "generation_config.json", "model.safetensors", "modeling_own.py", "tokenizer_config.json"],
            Directory.EnumerateFileSystemEntries(Destination).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("x", System.IO.File.ReadAllText(Path.Combine(Destination, "additional_chat_templates", "tool_use.jinja")));
        JsonObject config = Config(Destination);
        Assert.False(config.ContainsKey("quantization_config") || config.ContainsKey("compression_config"));
        Assert.Equal("bfloat16", (string?)config["torch_dtype"]);
    }

    [Fact]
    public void The_type_of_the_config_stays_where_it_is_that_of_a_wide_model()
    {
        string source = Make(new SyntheticCheckpoint { LinearType = DataType.Float16, WideType = DataType.Float16, Layers = 1, EditConfig = config => config["dtype"] = "float16" });

        Run(source, QuantizationScheme.Block);
        Run(Destination, QuantizationScheme.BFloat16, Destination + " wide");

        Assert.Equal("float16", (string?)Config(Destination)["dtype"]);
        Assert.Equal("bfloat16", (string?)Config(Destination + " wide")["dtype"]);
    }

    [Fact]
    public void An_output_layer_that_becomes_wide_is_no_target_of_the_new_scheme()
    {
        string source = Make(new SyntheticCheckpoint { LinearType = DataType.BFloat16, Tied = false, Layers = 1 });
        CheckpointQuantizer.Run(source, Destination, new() { Scheme = QuantizationScheme.Tensor, LmHead = true }, TestContext.Current.CancellationToken);

        Run(Destination, QuantizationScheme.Channel, Destination + " again");

        JsonNode config = Config(Destination + " again")["quantization_config"]!;
        Assert.Equal("""["Linear"]""", config["config_groups"]!["group_0"]!["targets"]!.ToJsonString());
        Assert.Equal("""["lm_head"]""", config["ignore"]!.ToJsonString());
    }

    void AssertMeant(SyntheticCheckpoint checkpoint)
    {
        using var written = SafetensorsCheckpoint.Open(Destination);
        foreach ((string name, double[][] rows) in checkpoint.Meant)
        {
            Assert.Equal(
                rows.SelectMany(row => row).Select(value => NearestBFloat16.Round((float)value)),
                written[name + ".weight"].AsSpan<BFloat16>().ToArray().Select(value => (double)(float)value));
        }
    }

    static SyntheticCheckpoint Channel() => new() { Scheme = WeightScheme.All["compressed-tensors, channel"](), Layers = 1 };

    static TensorSource One(string name, float value) => TensorSource.Create<float>(name, [1], new float[] { value });

    string Make(SyntheticCheckpoint checkpoint)
    {
        string path = Directory.CreateDirectory(Path.Combine(_directory.Path, $"source {_made++}")).FullName;
        checkpoint.Write(path);
        return path;
    }

    string File(params TensorSource[] tensors)
    {
        string path = Path.Combine(_directory.Path, "source.safetensors");
        SafetensorsWriter.Write(path, tensors, cancellationToken: TestContext.Current.CancellationToken);
        return path;
    }

    static string[] Names(string path)
    {
        using var checkpoint = SafetensorsCheckpoint.Open(path);
        return [.. checkpoint.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal)];
    }

    static JsonObject Config(string path) => JsonNode.Parse(System.IO.File.ReadAllText(Path.Combine(path, "config.json")))!.AsObject();

    QuantizationReport Run(string source, QuantizationScheme scheme, string? destination = null)
        => CheckpointQuantizer.Run(source, destination ?? Destination, new() { Scheme = scheme }, TestContext.Current.CancellationToken);
}
