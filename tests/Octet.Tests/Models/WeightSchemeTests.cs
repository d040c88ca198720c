using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Backends;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

/// <summary>Every published way to store a quantised layer, as a whole model: against a forward in double precision over the weights it means.</summary>
public class WeightSchemeTests
{
    const string Up = "model.layers.1.mlp.up_proj";

    public static TheoryData<string> Schemes => [.. WeightScheme.All.Keys];

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Logits_are_those_of_the_weights_that_the_scheme_means(string scheme)
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = Checkpoint(scheme);
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(21, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path, meant: checkpoint.Meant).Forward(ids);
        foreach ((string name, CpuKernels kernels) in KernelSets.For(scheme))
        {
            using LanguageModel model = LogitsTests.Open(directory.Path, kernels);
            LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, $"{scheme} on {name}, all tokens together");
            LogitsTests.AssertClose(expected[..3], OneByOne(model, ids[..3]), 1e-5, $"{scheme} on {name}, token by token");
        }
    }

    [Fact]
    public void Model_optimizers_own_config_file_is_read_where_config_json_says_nothing()
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = Checkpoint("modelopt, blocks") with { EditConfig = config => config.Remove("quantization_config") };
        checkpoint.Write(directory.Path);
        Assert.Throws<ModelException>(() => LanguageModel.Load(directory.Path));
        File.WriteAllText(Path.Combine(directory.Path, "hf_quant_config.json"), """{"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8_PB_WO", "exclude_modules": ["lm_head"]}}""");
        using (LanguageModel model = LanguageModel.Load(directory.Path))
        {
            Assert.Equal("modelopt", model.Config.QuantizationConfig!.QuantMethod);
        }

        // What contradicts it is held against that file.
        File.WriteAllText(Path.Combine(directory.Path, "hf_quant_config.json"), """{"quantization": {"quant_algo": "FP8"}}""");
        AssertRefused(directory, "expected [1, 1] (one scale for the tensor): by hf_quant_config.json");
    }

    [Theory]
    [InlineData("compressed-tensors, NVFP4", Up + ".weight_global_scale", 0.0001f)]
    [InlineData("modelopt, NVFP4", Up + ".weight_scale_2", 20_000f)]
    public void A_tensor_scale_of_the_other_direction_is_refused(string scheme, string name, float value)
        => AssertRefused(scheme, Replace(name, old => new TensorSource(name, DataType.Float32, old.Shape, BitConverter.GetBytes(value))), name, "the other direction");

    [Theory]
    [InlineData("compressed-tensors, tensor", "config_groups.group_0.weights.strategy", "\"channel\"", "model.layers.0.self_attn.q_proj.weight_scale", "[128, 1]")]
    [InlineData("fbgemm", "quant_method", "\"modelopt\"", "quant_algo", "missing")]
    [InlineData("fp8, one scale, static activations", "fmt", "\"e5m2\"", "model.layers.0.self_attn.q_proj.weight", "says e5m2")]
    [InlineData("modelopt, MXFP8", "quant_algo", "\"FP8\"", "model.layers.0.self_attn.q_proj.weight_scale", "one scale for the tensor")]
    [InlineData("compressed-tensors, channel", "config_groups.group_0.weights.type", "\"int\"", "type", "not implemented")]
    [InlineData("compressed-tensors, channel", "sparsity_config", """{"format": "sparse-24-bitmask"}""", "sparsity_config", "not implemented")]
    [InlineData("quanto", "weights", "\"int4\"", "weights", "float8")]
    public void A_config_that_contradicts_the_tensors_is_refused(string scheme, string key, string value, string where, string what)
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = Checkpoint(scheme) with
        {
            EditConfig = config =>
            {
                JsonNode at = config["quantization_config"]!;
                string[] path = key.Split('.');
                foreach (string part in path[..^1])
                {
                    at = at[part]!;
                }

                at[path[^1]] = JsonNode.Parse(value);
            },
        };
        checkpoint.Write(directory.Path);
        AssertRefused(directory, where, what);
    }

    // mlx.nn.quantize takes embeddings too, and a tied one multiplies as well.
    [Theory]
    [InlineData("MLX, MXFP8", true)]
    [InlineData("MLX, NVFP4", false)]
    public void A_quantised_embedding_is_looked_up_and_multiplied(string scheme, bool tied)
    {
        using var directory = new TemporaryDirectory();
        WeightScheme mlx = WeightScheme.All[scheme]();
        Dictionary<string, double[][]> meant = [];
        SyntheticCheckpoint checkpoint = Checkpoint(scheme) with
        {
            Tied = tied,
            Edit = tensors =>
            {
                foreach (string module in tied ? (string[])["model.embed_tokens"] : ["model.embed_tokens", "lm_head"])
                {
                    tensors.RemoveAll(tensor => tensor.Name == module + ".weight");
                    meant[module] = mlx.Write(new WeightScheme.Layer(module, 301, 160, 0.1, new Random(module.Length), tensors));
                }
            },
        };
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(7, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path, meant: checkpoint.Meant.Concat(meant).ToDictionary()).Forward(ids);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { KvCache = KvCacheType.Float32 });
        LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, scheme);
    }

    // vllm-project/vllm#45132: lists of what is not quantised are incomplete and too long in published files.
    [Theory]
    [InlineData("model.layers.1.mlp.up_proj")]
    [InlineData("model.layers.1.mlp.*")]
    [InlineData("re:.*up_proj")]
    [InlineData("Linear")]
    public void What_a_layer_is_is_said_by_its_tensors_not_by_a_list_of_modules(string listed)
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = Checkpoint("compressed-tensors, channel") with { EditConfig = config => config["quantization_config"]!["ignore"] = new JsonArray(listed) };
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(5, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path, meant: checkpoint.Meant).Forward(ids);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { KvCache = KvCacheType.Float32 });
        LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, listed);
    }

    [Theory]
    [InlineData("compressed-tensors, NVFP4", ".weight_scale", DataType.UInt8, "F8_E4M3")]
    [InlineData("fp8, blocks, E8M0 scales", ".weight_scale_inv", DataType.UInt8, "UInt8")]
    [InlineData("MXFP8 in its own types, no config", ".weight_scale", DataType.Int8, "Int8")]
    public void Scales_of_the_wrong_type_are_refused(string scheme, string suffix, DataType type, string found)
        => AssertRefused(scheme, Replace(Up + suffix, old => new TensorSource(old.Name, type, old.Shape, Bytes(old))), Up + suffix, found);

    [Theory]
    [InlineData("compressed-tensors, NVFP4", ".weight_scale", (byte)0x85)]
    [InlineData("compressed-tensors, MXFP8", ".weight_scale", (byte)0xFF)]
    public void A_scale_code_that_is_no_positive_number_names_its_block(string scheme, string suffix, byte code)
        => AssertRefused(
            scheme,
            Replace(Up + suffix, old =>
            {
                byte[] bytes = Bytes(old);
                bytes[old.Shape[1] + 2] = code;
                return new TensorSource(old.Name, old.DataType, old.Shape, bytes);
            }),
            Up + suffix,
            "block [1, 2]");

    [Theory]
    [InlineData("modelopt, NVFP4 with AWQ", ".pre_quant_scale", -1f, "the factor of input 3 is -1, expected a finite number above 0")]
    [InlineData("modelopt, NVFP4 with AWQ", ".pre_quant_scale", float.NaN, "the factor of input 3 is NaN, expected a finite number above 0")]
    public void Factors_of_inputs_that_are_no_positive_numbers_are_refused(string scheme, string suffix, float value, string said)
        => AssertRefused(
            scheme,
            Replace(Up + suffix, old =>
            {
                byte[] bytes = Bytes(old);
                BitConverter.TryWriteBytes(bytes.AsSpan(6), (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
                return new TensorSource(old.Name, old.DataType, old.Shape, bytes);
            }),
            Up + suffix,
            said);

    [Fact]
    public void Factors_for_another_number_of_inputs_are_refused()
        => AssertRefused("modelopt, NVFP4 with AWQ", Replace(Up + ".pre_quant_scale", old => new TensorSource(old.Name, DataType.BFloat16, [159], new byte[318])), Up + ".pre_quant_scale", "expected 160 numbers");

    [Fact]
    public void Bytes_of_the_full_shape_are_refused_where_nothing_says_what_they_are()
        => AssertRefused("raw FP8", Replace(Up + ".weight", old => new TensorSource(old.Name, DataType.UInt8, old.Shape, Bytes(old))), Up + ".weight", "U8 of the full shape: FP8 codes saved as bytes");

    [Fact]
    public void A_layer_that_is_stored_twice_is_refused()
        => AssertRefused("mxfp4", tensors => tensors.Add(new TensorSource(Up + ".weight", DataType.BFloat16, [288, 160], new byte[288 * 160 * 2])), Up, "stored twice");

    [Fact]
    public void Scales_under_two_names_are_refused()
        => AssertRefused("fbgemm", tensors => tensors.Add(new TensorSource(Up + ".weight_scale_inv", DataType.Float32, [1], new byte[4])), Up, "has scales twice");

    [Fact]
    public void An_activation_scale_that_is_not_above_zero_is_refused()
        => AssertRefused("modelopt, FP8", Replace(Up + ".input_scale", old => new TensorSource(old.Name, DataType.Float32, old.Shape, new byte[4])), Up + ".input_scale", "above 0");

    [Fact]
    public void Codes_without_scales_are_refused_where_the_config_says_that_there_are_some()
        => AssertRefused("modelopt, FP8", tensors => tensors.RemoveAll(tensor => tensor.Name == Up + ".weight_scale"), Up + ".weight", "without its scale");

    static SyntheticCheckpoint Checkpoint(string scheme) => new() { Scheme = WeightScheme.All[scheme](), MaxPositionEmbeddings = 64 };

    static float[][] OneByOne(LanguageModel model, int[] ids)
    {
        using InferenceSession session = model.CreateSession();
        return [.. ids.Select(id =>
        {
            float[] logits = new float[session.VocabularySize];
            session.Evaluate([id], logits);
            return logits;
        })];
    }

    static Action<List<TensorSource>> Replace(string name, Func<TensorSource, TensorSource> change) => tensors =>
    {
        int index = tensors.FindIndex(tensor => tensor.Name == name);
        tensors[index] = change(tensors[index]);
    };

    static byte[] Bytes(TensorSource tensor)
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "one.safetensors");
        SafetensorsWriter.Write(path, [tensor]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file[tensor.Name].Bytes.ToArray();
    }

    static void AssertRefused(string scheme, Action<List<TensorSource>> edit, params string[] said)
    {
        using var directory = new TemporaryDirectory();
        (Checkpoint(scheme) with { Edit = edit }).Write(directory.Path);
        AssertRefused(directory, said);
    }

    static void AssertRefused(TemporaryDirectory directory, params string[] said)
    {
        var error = Assert.Throws<ModelException>(() => LanguageModel.Load(directory.Path));
        foreach (string part in said)
        {
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain('\n', error.Message);
    }
}
