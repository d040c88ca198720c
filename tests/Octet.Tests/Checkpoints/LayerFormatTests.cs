using System.Text;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Models;
using Octet.Tests.Reference;
using WeightScheme = Octet.Tests.Reference.WeightScheme;

namespace Octet.Tests.Checkpoints;

/// <summary>What a file says of its own layers is understood or refused.</summary>
public class LayerFormatTests
{
    const string Case = "01-comfyui-nvfp4-mxfp8-swizzled";
    const string Up = "model.layers.1.mlp.up_proj";

    [Theory]
    [InlineData("nvfp4-metadata", "blocks.0.proj", "files_nvfp4")]
    [InlineData("nvfp4-marker", "blocks.0.proj", "files_nvfp4")]
    [InlineData("nvfp4-padded", "p", "files_padded")]
    [InlineData("mxfp8-e8m0", "p", "files_mxfp8")]
    [InlineData("mxfp8-e8m0-marker", "p", "files_mxfp8")]
    [InlineData("mxfp8-u8", "p", "files_mxfp8")]
    [InlineData("mxfp8-u8-marker", "p", "files_mxfp8")]
    public void Weights_in_comfyuis_layouts_are_those_of_the_plain_ones(string file, string layer, string expected)
    {
        (int[] shape, float[] values) = NumpyFile.Read(Fixtures.Case("loader", Case, "expected.npz"), expected);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Fixtures.Case("loader", Case, "files", file + ".safetensors"));
        LinearTensor weight = new WeightLedger(checkpoint, null).Linear(layer, shape[0], shape[1]);
        float[] found = new float[values.Length];
        new RowDequantizer(weight).Read(0, shape[0], found);

        // The two scales may be multiplied in another order.
        Assert.All(values.Zip(found), pair => Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First) * 2e-7f));
    }

    [Fact]
    public void A_model_in_comfyuis_layout_computes_what_the_plain_one_does()
    {
        (int[] shape, float[] logits) = NumpyFile.Read(Fixtures.Case("loader", Case, "expected.npz"), "logits");
        using LanguageModel model = LanguageModel.Load(Fixtures.Case("loader", Case, "qwen3-nvfp4"), new() { KvCache = KvCacheType.Float32 });
        double[][] expected = [.. logits.Select(value => (double)value).Chunk(shape[1])];
        LogitsTests.AssertClose(expected, LogitsTests.Score(model, [5, 17, 3, 44, 60, 1, 2, 9, 33, 21]), 1e-5, "swizzled NVFP4");
    }

    [Theory]
    [InlineData("")]
    [InlineData("model.")]
    public void A_format_in_the_metadata_of_any_file_is_one_beside_the_weight(string left)
    {
        // Without the marks, and with their content in the metadata, under names without the model's as some producers have them.
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = new() { Scheme = WeightScheme.All["ComfyUI, NVFP4"](), MaxPositionEmbeddings = 64, ShardSize = 100_000 };
        checkpoint.Write(directory.Path);
        string layers = string.Join(", ", checkpoint.Meant.Keys.Select(name => $$"""
            "{{name[left.Length..]}}": {"format": "nvfp4", "full_precision_matrix_mult": true}
            """.Trim()));
        (checkpoint with
        {
            Edit = tensors => tensors.RemoveAll(tensor => tensor.Name.EndsWith(".comfy_quant", StringComparison.Ordinal)),
            Metadata = new Dictionary<string, string> { ["_quantization_metadata"] = $$"""{"format_version": "1.0", "layers": { {{layers}} } }""" },
        }).Write(directory.Path);
        int[] ids = LogitsTests.Ids(9, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path, meant: checkpoint.Meant).Forward(ids);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { KvCache = KvCacheType.Float32 });
        LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, "formats in the metadata");
    }

    [Theory]
    [InlineData("""{"format": "int8_tensorwise"}""", "int8_tensorwise", "not implemented", "nvfp4")]
    [InlineData("""{"format": "convrot_w4a4", "convrot_groupsize": 256}""", "convrot_w4a4")]
    [InlineData("""{"format": "float8_e4m3fn", "convrot": true}""", "convrot", "not implemented")]
    [InlineData("""{"format": "mxfp8"}""", "weight_scale", "tiles of 128 x 4")]
    [InlineData("""{"format": "nvfp4"}""", Up + ".weight", "Float8E4M3FN", "nvfp4")]
    [InlineData("""{"format": "float8_e5m2"}""", Up + ".weight", "Float8E4M3FN", "float8_e5m2", "contradicts itself")]
    [InlineData("""{"form": "float8_e4m3fn"}""", "format is missing")]
    [InlineData("""{"format": "float8_e4m3fn" """, "not valid JSON")]
    public void A_mark_that_is_not_understood_or_untrue_is_refused(string mark, params string[] said)
        => AssertRefused(new() { Scheme = WeightScheme.All["ComfyUI, scaled FP8"](), Edit = tensors => Mark(tensors, Up, mark) }, said);

    [Theory]
    [InlineData("""{"layers": {"nowhere.proj": {"format": "nvfp4"}}}""", "nowhere.proj")]
    [InlineData("""{"format_version": "2.0", "layers": {}}""", "format_version")]
    [InlineData("""{"layers": []}""", "layers", "a JSON object")]
    [InlineData("""{"layers": {"model.layers.1.mlp.up_proj": {"format": "float8_e5m2"}}}""", "float8_e4m3fn by", "float8_e5m2 by the file's metadata")]
    [InlineData("{", "_quantization_metadata", "not valid JSON")]
    public void Metadata_that_is_not_understood_or_untrue_is_refused(string text, params string[] said)
        => AssertRefused(new() { Scheme = WeightScheme.All["ComfyUI, scaled FP8"](), Metadata = new Dictionary<string, string> { ["_quantization_metadata"] = text } }, said);

    [Fact]
    public void A_mark_of_a_layer_that_is_not_quantised_any_more_is_refused()
        => AssertRefused(
            new() { LinearType = DataType.BFloat16, Edit = tensors => Mark(tensors, Up, """{"format": "float8_e4m3fn"}""") },
            Up + ".weight", "BFloat16", Up + ".comfy_quant says float8_e4m3fn");

    [Fact]
    public void A_mark_without_its_weight_is_refused()
        => AssertRefused(new() { Edit = tensors => Mark(tensors, "model.layers.9.mlp.up_proj", """{"format": "nvfp4"}""") }, "model.layers.9.mlp.up_proj.comfy_quant", "without its weight");

    [Theory]
    [InlineData(DataType.Float8E4M3FN, 0)]
    [InlineData(DataType.Float8E4M3FN, 2)]
    [InlineData(DataType.Float32, 0)]
    public void A_file_marked_as_scaled_fp8_is_what_it_is_without_the_mark(DataType type, int elements)
    {
        using var plain = new TemporaryDirectory();
        using var marked = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = new() { Scheme = WeightScheme.All["scale_weight, no config"](), MaxPositionEmbeddings = 64 };
        checkpoint.Write(plain.Path);
        (checkpoint with { Edit = tensors => tensors.Add(new TensorSource("scaled_fp8", type, [elements], new byte[elements * (type == DataType.Float32 ? 4 : 1)])) }).Write(marked.Path);
        int[] ids = LogitsTests.Ids(9, checkpoint.VocabSize);
        using LanguageModel one = LanguageModel.Load(plain.Path);
        using LanguageModel other = LanguageModel.Load(marked.Path);
        Assert.Equal(LogitsTests.Score(one, ids), LogitsTests.Score(other, ids));
    }

    [Theory]
    [InlineData(DataType.Float8E5M2, 0, "float8_e5m2", "contradicts itself")]
    [InlineData(DataType.Float8E4M3FN, 1, "scaled_fp8", "0 or 2")]
    [InlineData(DataType.BFloat16, 0, "scaled_fp8", "BFloat16")]
    public void A_mark_as_scaled_fp8_that_is_untrue_is_refused(DataType type, int elements, params string[] said)
        => AssertRefused(
            new() { Scheme = WeightScheme.All["scale_weight, no config"](), Edit = tensors => tensors.Add(new TensorSource("scaled_fp8", type, [elements], new byte[elements * (type == DataType.BFloat16 ? 2 : 1)])) },
            said);

    [Theory]
    [InlineData("06-comfyui-scaled-fp8-marker", "qwen3-scaled-fp8")]
    [InlineData("06-comfyui-scaled-fp8-marker", "qwen3-comfy-quant")]
    public void Marked_models_of_others_open(params string[] model)
    {
        using LanguageModel opened = LanguageModel.Load(Fixtures.Case(["loader", .. model]));
        Assert.True(opened.BytesPerToken > 0);
    }

    static void Mark(List<TensorSource> tensors, string layer, string mark)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(mark);
        tensors.RemoveAll(tensor => tensor.Name == layer + ".comfy_quant");
        tensors.Add(new TensorSource(layer + ".comfy_quant", DataType.UInt8, [bytes.Length], bytes));
    }

    static void AssertRefused(SyntheticCheckpoint checkpoint, params string[] said)
    {
        using var directory = new TemporaryDirectory();
        checkpoint.Write(directory.Path);
        var error = Assert.Throws<ModelException>(() => LanguageModel.Load(directory.Path));
        Assert.All(said, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
    }
}
