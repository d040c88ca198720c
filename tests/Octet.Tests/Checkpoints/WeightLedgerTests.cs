using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Checkpoints;

public class WeightLedgerTests
{
    const string Weight = "model.layers.1.mlp.up_proj.weight";
    const string Scale = Weight + "_scale_inv";

    [Fact]
    public void A_missing_tensor_is_named_with_its_shape()
        => AssertRefused(Remove("model.layers.0.self_attn.k_norm.weight"), "model.layers.0.self_attn.k_norm.weight", "is missing", "[32]");

    [Fact]
    public void An_fp8_weight_without_its_scale_is_refused()
        => AssertRefused(Remove(Scale), Weight, "without its scale", Scale, "3 x 2");

    [Theory]
    [InlineData(".weight_scale_inv")]
    [InlineData(".weight_scale")]
    public void A_scale_that_is_missing_has_the_name_that_others_have(string suffix)
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "p.safetensors");
        SafetensorsWriter.Write(
            path, [new TensorSource("p.weight", DataType.Float8E4M3FN, [2, 2], new byte[4]), Floats("p" + suffix, [1], 1), new TensorSource("q.weight", DataType.Float8E4M3FN, [2, 2], new byte[4])]);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(path);
        var ledger = new WeightLedger(checkpoint, Read("""{"quant_method": "fp8", "activation_scheme": "static"}"""));
        ledger.Linear("p", 2, 2);
        Assert.Contains($"expected a tensor q{suffix} of", Assert.Throws<ModelException>(() => ledger.Linear("q", 2, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scale_without_its_weight_is_refused()
        => AssertRefused(tensors => tensors.Add(Floats("model.layers.0.mlp.extra_proj.weight_scale_inv", [1, 1], 1f)), "extra_proj.weight_scale_inv", "a scale without the FP8 weight");

    [Fact]
    public void A_tensor_the_model_does_not_have_is_refused()
        => AssertRefused(tensors => tensors.Add(Floats("model.layers.7.self_attn.q_norm.weight", [1], 1f)), "model.layers.7.self_attn.q_norm.weight", "does not have");

    [Fact]
    public void A_weight_of_the_wrong_shape_says_found_and_expected()
        => AssertRefused(Replace("model.norm.weight", Floats("model.norm.weight", [3], 1, 2, 3)), "model.norm.weight", "[3]", "[160]");

    [Fact]
    public void A_transposed_scale_is_refused()
        => AssertRefused(Replace(Scale, Floats(Scale, [2, 3], 1, 1, 1, 1, 1, 1)), Scale, "[2, 3]", "[3, 2]");

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(-0.5f)]
    public void A_scale_that_is_no_finite_positive_number_names_its_block(float bad)
        => AssertRefused(Replace(Scale, Floats(Scale, [3, 2], 1, 1, 1, bad, 1, 1)), Scale, "block [1, 1]");

    [Fact]
    public void Scales_of_another_type_are_refused()
        => AssertRefused(Replace(Scale, new TensorSource(Scale, DataType.UInt8, [3, 2], new byte[6])), Scale, "UInt8", "BF16");

    [Fact]
    public void A_scale_beside_a_wide_weight_is_refused()
        => AssertRefused(
            Replace(Weight, new TensorSource(Weight, DataType.BFloat16, [288, 160], new byte[288 * 160 * 2])),
            Scale, "only FP8 weights have scales");

    [Fact]
    public void An_integer_weight_is_refused()
        => AssertRefused(
            tensors =>
            {
                Remove(Scale)(tensors);
                Replace(Weight, new TensorSource(Weight, DataType.Int8, [288, 160], new byte[288 * 160]))(tensors);
            },
            Weight, "Int8", "BF16");

    // DeepSeek's name, and the shape of blocks of 128 x 128: what every published file of that name has.
    [Fact]
    public void Blocks_of_128_need_no_quantization_config()
    {
        using var said = new TemporaryDirectory();
        using var unsaid = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(said.Path);
        new SyntheticCheckpoint { EditConfig = config => config.Remove("quantization_config") }.Write(unsaid.Path);
        using LanguageModel one = LanguageModel.Load(said.Path);
        using LanguageModel other = LanguageModel.Load(unsaid.Path);
        int[] ids = [5, 17, 3];
        Assert.Equal(LogitsTests.Score(one, ids), LogitsTests.Score(other, ids));
    }

    [Theory]
    [InlineData(".weight_scale", 3, 2)]
    [InlineData(".weight_scale_inv", 5, 5)]
    public void Other_blocks_without_a_quantization_config_are_refused_with_what_to_do(string suffix, int rows, int columns)
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint
        {
            EditConfig = config => config.Remove("quantization_config"),
            Edit = tensors =>
            {
                tensors.RemoveAll(tensor => tensor.Name == Scale);
                tensors.Add(Floats(Weight[..^7] + suffix, [rows, columns], [.. Enumerable.Repeat(1f, rows * columns)]));
            },
        }.Write(directory.Path);
        var error = Assert.Throws<ModelException>(() => LanguageModel.Load(directory.Path));
        Assert.Contains($"{Weight[..^7]}{suffix}: scales of type Float32 and shape [{rows}, {columns}]", error.Message, StringComparison.Ordinal);
        Assert.Contains("--block", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_nan_code_becomes_an_error_at_generation_not_text()
    {
        using var directory = new TemporaryDirectory();
        byte[] codes = new byte[160 * 288];
        codes[5] = 0x7F;
        string down = "model.layers.0.mlp.down_proj.weight";
        new SyntheticCheckpoint { Edit = Replace(down, new TensorSource(down, DataType.Float8E4M3FN, [160, 288], codes)) }.Write(directory.Path);
        using LanguageModel model = LanguageModel.Load(directory.Path);
        var error = Assert.Throws<ModelException>(() => model.GenerateAsync([1, 2, 3]).ToBlockingEnumerable().Count());
        Assert.Contains("NaN", error.Message, StringComparison.Ordinal);
    }

    // 160 inputs are 3 groups of 48 and a third of one.
    [Fact]
    public void Groups_that_do_not_fill_a_row_are_refused()
        => AssertRefused(
            """{"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"type": "float", "num_bits": 8, "strategy": "group", "group_size": 48}}}}""",
            [288, 4], "whole groups (a scale for each 48 weights of a row)");

    // 288 rows are 3 blocks of 128, and 3 of 100.
    [Fact]
    public void Scales_that_two_layouts_allow_are_refused_and_not_read_as_the_first()
        => AssertRefused(
            """{"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"type": "float", "num_bits": 8, "strategy": "block", "block_structure": [128, 128]}}, "b": {"weights": {"type": "float", "num_bits": 8, "strategy": "block", "block_structure": [100, 80]}}}}""",
            [3, 2], "may be a scale for each block of 128 x 128 or a scale for each block of 100 x 80");

    // One row: its channel and the tensor are the same.
    [Fact]
    public void Layouts_that_are_the_same_for_a_weight_do_not_contradict_each_other()
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "p.safetensors");
        SafetensorsWriter.Write(path, [new TensorSource("p.weight", DataType.Float8E4M3FN, [1, 64], new byte[64]), Floats("p.weight_scale", [1], 2)]);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(path);
        Assert.Equal([2f], new WeightLedger(checkpoint, Read("""{"quant_method": "w8a8_fp8"}""")).Linear("p", 1, 64).Scales!.Values!);
    }

    // AutoRound pads the last group of a row.
    [Fact]
    public void Groups_of_autoround_need_not_fill_a_row()
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "p.safetensors");
        SafetensorsWriter.Write(path, [new TensorSource("p.weight", DataType.Float8E4M3FN, [2, 40], new byte[80]), Floats("p.weight_scale", [4, 1], 1, 2, 3, 4)]);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(path);
        Assert.Equal(32, new WeightLedger(checkpoint, Read("""{"quant_method": "auto-round", "bits": 8, "data_type": "fp8", "group_size": 32}""")).Linear("p", 2, 40).Scales!.BlockColumns);
    }

    [Fact]
    public void Names_with_line_breaks_are_told_in_one_line()
    {
        var error = new ModelException(ModelError.Damaged, "tensor a\nb\r\u0085c\u2028\u2029d: " + new string('x', 1000));
        Assert.Equal("tensor a b  c  d: " + new string('x', 1000), error.Message);
    }

    static QuantizationConfig Read(string json) => QuantizationConfig.Read(ConfigObject.Parse(System.Text.Encoding.UTF8.GetBytes(json), "c.json"));

    static void AssertRefused(string config, long[] shape, string said)
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "p.safetensors");
        SafetensorsWriter.Write(
            path, [new TensorSource("p.weight", DataType.Float8E4M3FN, [288, 160], new byte[288 * 160]), Floats("p.weight_scale", shape, [.. Enumerable.Repeat(1f, (int)(shape[0] * shape[1]))])]);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(path);
        var error = Assert.Throws<ModelException>(() => new WeightLedger(checkpoint, Read(config)).Linear("p", 288, 160));
        Assert.Equal("p.weight_scale", error.TensorName);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    static Action<List<TensorSource>> Remove(string name) => tensors => Assert.Equal(1, tensors.RemoveAll(tensor => tensor.Name == name));

    static Action<List<TensorSource>> Replace(string name, TensorSource with) => tensors => tensors[tensors.FindIndex(tensor => tensor.Name == name)] = with;

    static TensorSource Floats(string name, long[] shape, params float[] values)
        => new(name, DataType.Float32, shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    static void AssertRefused(Action<List<TensorSource>> edit, string tensor, params string[] words)
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint { Edit = edit }.Write(directory.Path);
        var error = Assert.Throws<ModelException>(() => LanguageModel.Load(directory.Path));
        Assert.Contains(tensor, error.TensorName, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.All([tensor, .. words], word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }
}
