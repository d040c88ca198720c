using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>
/// What engines put together and what they take wide: the names are those of vLLM's <c>packed_modules_mapping</c>, and the layers that stay wide those of
/// the published Qwen3-Next, Qwen3.5 and DeepSeek-V3.
/// </summary>
public sealed class FusedLayersTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    string Source => Path.Combine(_directory.Path, "source");

    string Destination => Path.Combine(_directory.Path, "destination");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("llama", "model.layers.0.self_attn.", "q_proj", "k_proj", "v_proj")]
    [InlineData("llama", "model.layers.0.mlp.", "gate_proj", "up_proj")]
    [InlineData("deepseek_v3", "model.layers.1.self_attn.", "q_a_proj", "kv_a_proj_with_mqa")]
    [InlineData("qwen3_5_text", "model.language_model.layers.0.linear_attn.", "in_proj_qkv", "in_proj_z")]
    public void Layers_that_engines_fuse_have_one_scale_of_the_tensor_in_nvfp4(string family, string parent, params string[] names)
    {
        Directory.CreateDirectory(Source);
        FamilyCheckpoint.Write(family, Source);

        Quantize(QuantizationScheme.Nvfp4);

        using var before = SafetensorsCheckpoint.Open(Source);
        using var after = SafetensorsCheckpoint.Open(Destination);
        float largest = names.Max(name => Largest(before[$"{parent}{name}.weight"]));
        Assert.All(names, name => Assert.Equal(448 * 6 / largest, after[$"{parent}{name}.weight_global_scale"].AsSpan<float>()[0]));
    }

    [Fact]
    public void Gate_and_up_of_mixtral_have_one_scale_of_the_tensor_and_down_has_its_own()
    {
        string file = Path.Combine(_directory.Path, "in.safetensors"), result = Path.Combine(_directory.Path, "out.safetensors");
        SafetensorsWriter.Write(file, [Matrix("experts.0.w1", 1), Matrix("experts.0.w2", 2), Matrix("experts.0.w3", 3), Matrix("experts.1.w1", 4)]);

        CheckpointQuantizer.Run(file, result, new() { Scheme = QuantizationScheme.Nvfp4 }, TestContext.Current.CancellationToken);

        using var after = SafetensorsCheckpoint.Open(result);
        float[] scales = [.. ((string[])["0.w1", "0.w2", "0.w3", "1.w1"]).Select(name => after[$"experts.{name}.weight_global_scale"].AsSpan<float>()[0])];
        Assert.Equal([448 * 6 / 3f, 448 * 6 / 2f, 448 * 6 / 3f, 448 * 6 / 4f], scales);
    }

    [Theory]
    [InlineData("qwen3_next", "model.layers.0.linear_attn.in_proj_ba")]
    [InlineData("qwen3_5_text", "model.language_model.layers.0.linear_attn.in_proj_a", "model.language_model.layers.0.linear_attn.in_proj_b")]
    public void Gates_of_the_delta_rule_stay_wide_as_they_are_published(string family, params string[] names)
    {
        Directory.CreateDirectory(Source);
        FamilyCheckpoint.Write(family, Source);

        Quantize(QuantizationScheme.Block);

        using var after = SafetensorsCheckpoint.Open(Destination);
        JsonArray listed = JsonNode.Parse(File.ReadAllText(Path.Combine(Destination, "config.json")))!["quantization_config"]!["modules_to_not_convert"]!.AsArray();
        Assert.All(names, name =>
        {
            Assert.Equal(DataType.BFloat16, after[name + ".weight"].DataType);
            Assert.Contains(name, listed.Select(node => (string)node!));
        });
    }

    [Fact]
    public void Layers_that_predict_more_tokens_keep_what_loaders_have_wide()
    {
        string file = Path.Combine(_directory.Path, "in.safetensors"), result = Path.Combine(_directory.Path, "out.safetensors");
        SafetensorsWriter.Write(file, [Matrix("model.layers.61.eh_proj", 1), Matrix("model.layers.61.shared_head.head", 1), Matrix("model.layers.61.self_attn.o_proj", 1)]);

        CheckpointQuantizer.Run(file, result, new() { LmHead = true }, TestContext.Current.CancellationToken);

        using var after = SafetensorsCheckpoint.Open(result);
        Assert.Equal(
            [DataType.Float32, DataType.Float32, DataType.Float8E4M3FN],
            ((string[])["eh_proj", "shared_head.head", "self_attn.o_proj"]).Select(name => after[$"model.layers.61.{name}.weight"].DataType));
    }

    [Theory]
    [InlineData("model.layers.0.mlp.gate")] // Qwen, DeepSeek
    [InlineData("model.layers.0.mlp.gate.wg")] // Hunyuan
    [InlineData("model.layers.0.feed_forward.router")] // Llama 4
    [InlineData("model.layers.0.block_sparse_moe.router.layer")] // Granite
    [InlineData("model.layers.0.router.proj")] // Gemma 4
    [InlineData("model.layers.0.mlp.shared_expert_gate")]
    public void Routers_of_experts_stay_wide(string router)
    {
        string file = Path.Combine(_directory.Path, "in.safetensors"), result = Path.Combine(_directory.Path, "out.safetensors");
        SafetensorsWriter.Write(file, [Matrix(router, 1), Matrix("model.layers.0.mlp.experts.0.gate_proj", 1)]);

        CheckpointQuantizer.Run(file, result, new(), TestContext.Current.CancellationToken);

        using var after = SafetensorsCheckpoint.Open(result);
        Assert.Equal(DataType.Float32, after[router + ".weight"].DataType);
        Assert.Equal(DataType.Float8E4M3FN, after["model.layers.0.mlp.experts.0.gate_proj.weight"].DataType);
    }

    /// <summary>Rows that another layer follows, and columns, are whole blocks; the last of those that are fused, and one by itself, may end in one that is cut.</summary>
    [Theory]
    [InlineData("self_attn.q_proj", 192, 128, true)]
    [InlineData("self_attn.v_proj", 192, 128, false)]
    [InlineData("mlp.down_proj", 192, 128, false)]
    [InlineData("mlp.down_proj", 128, 192, true)]
    public void Blocks_that_are_cut_where_engines_refuse_it_are_noted(string name, int rows, int columns, bool isNoted)
    {
        string file = Path.Combine(_directory.Path, "in.safetensors");
        SafetensorsWriter.Write(file, [Matrix(name, 1, rows, columns)]);

        string[] notes = [.. ((QuantizationScheme[])[QuantizationScheme.Block, QuantizationScheme.Channel]).SelectMany(scheme =>
            CheckpointQuantizer.Run(file, Path.Combine(_directory.Path, $"{scheme}.safetensors"), new() { Scheme = scheme }, TestContext.Current.CancellationToken).Notes)];

        Assert.Equal(isNoted ? 1 : 0, notes.Length);
        Assert.All(notes, note => Assert.StartsWith($"{name} of {rows} x {columns} weights has blocks that are cut", note, StringComparison.Ordinal));
    }

    void Quantize(QuantizationScheme scheme) => CheckpointQuantizer.Run(Source, Destination, new() { Scheme = scheme }, TestContext.Current.CancellationToken);

    static float Largest(TensorView weight)
    {
        float[] values = new float[weight.ElementCount];
        BFloat16.ConvertToSingle(weight.AsSpan<BFloat16>(), values);
        return values.Max(Math.Abs);
    }

    static TensorSource Matrix(string name, float largest, int rows = 16, int columns = 32)
    {
        float[] values = [.. Enumerable.Range(0, rows * columns).Select(i => largest * (i % 17) / 16)];
        return TensorSource.Create<float>(name + ".weight", [rows, columns], values);
    }
}
