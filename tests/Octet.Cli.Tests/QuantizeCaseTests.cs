using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

/// <summary>The commands of the situations that public reports describe: what is quantised loads, and computes what its source means.</summary>
public sealed class QuantizeCaseTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    string Destination => Path.Combine(_directory.Path, "out");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("03-quantize-leaves-what-its-own-loader-refuses", "awq-nvfp4")]
    [InlineData("03-quantize-leaves-what-its-own-loader-refuses", "comfy-fp8")]
    [InlineData("03-quantize-leaves-what-its-own-loader-refuses", "q-scale")]
    [InlineData("06-comfyui-scaled-fp8-marker", "qwen3-comfy-quant")]
    [InlineData("06-comfyui-scaled-fp8-marker", "qwen3-scaled-fp8")]
    [InlineData("01-comfyui-nvfp4-mxfp8-swizzled", "qwen3-nvfp4")]
    [InlineData("09-raw-fp8-biases-convs-experts", "qwen3-all-fp8")]
    public void What_becomes_of_a_model_loads_and_scores_as_its_source_does(string situation, string model)
    {
        string source = Fixtures.Case("loader", situation, model);
        double expected = Nll(source);

        ToolResult result = Run("quantize", source, Destination, "--scheme", "bf16");

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(expected, Nll(Destination), Math.Abs(expected) * 0.01);
        Assert.Equal(0, Run("inspect", Destination, "--verify").ExitCode);
        using SafetensorsCheckpoint written = SafetensorsCheckpoint.Open(Destination);
        Assert.DoesNotContain(written.Tensors, tensor => tensor.Name.Contains("scale", StringComparison.Ordinal) || tensor.Name.Contains("quant", StringComparison.Ordinal));
        Assert.All(written.Files, file => Assert.DoesNotContain("_quantization_metadata", file.Metadata.Keys));
        Assert.DoesNotContain("quant", File.ReadAllText(Path.Combine(Destination, "config.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("06-comfyui-scaled-fp8-marker", "old-marker0.safetensors")]
    [InlineData("06-comfyui-scaled-fp8-marker", "old-marker2.safetensors")]
    [InlineData("01-comfyui-nvfp4-mxfp8-swizzled", "files/nvfp4-metadata.safetensors")]
    [InlineData("01-comfyui-nvfp4-mxfp8-swizzled", "files/nvfp4-marker.safetensors")]
    [InlineData("01-comfyui-nvfp4-mxfp8-swizzled", "files/nvfp4-padded.safetensors")]
    [InlineData("01-comfyui-nvfp4-mxfp8-swizzled", "files/nvfp4-awq-linear.safetensors")]
    [InlineData("01-comfyui-nvfp4-mxfp8-swizzled", "files/mxfp8-e8m0.safetensors")]
    [InlineData("01-comfyui-nvfp4-mxfp8-swizzled", "files/mxfp8-u8-marker.safetensors")]
    [InlineData("09-raw-fp8-biases-convs-experts", "files/flux-like.safetensors")]
    [InlineData("09-raw-fp8-biases-convs-experts", "files/conv-like.safetensors")]
    [InlineData("09-raw-fp8-biases-convs-experts", "files/fused-experts.safetensors")]
    public void Single_files_become_wide_and_carry_no_mark(string situation, string file)
    {
        string source = Fixtures.Case(["loader", situation, .. file.Split('/')]);

        ToolResult result = Run("quantize", source, Destination + ".safetensors", "--scheme", "bf16", "--json");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        using SafetensorsFile written = SafetensorsFile.Open(Destination + ".safetensors");
        Assert.All(written.Tensors, tensor => Assert.True(tensor.DataType is Numerics.DataType.BFloat16 or Numerics.DataType.Float16, tensor.ToString()));
        Assert.DoesNotContain(written.Tensors, tensor => tensor.Name.Contains("quant", StringComparison.Ordinal) || tensor.Name.Contains("_scale", StringComparison.Ordinal) || tensor.Name.Contains("scale_", StringComparison.Ordinal));
        Assert.DoesNotContain("_quantization_metadata", written.Metadata.Keys);
    }

    [Fact]
    public void Bytes_of_the_full_shape_are_not_taken_for_two_codes_each()
    {
        string source = Fixtures.Case("loader", "14-mlx-u8-codes", "m");

        Assert.Equal(0, Run("quantize", source, Destination, "--scheme", "bf16").ExitCode);

        double expected = Nll(source);
        Assert.Equal(expected, Nll(Destination), expected * 0.01);
    }

    [Theory]
    [InlineData("bf16")]
    [InlineData("channel")]
    public void The_output_layer_that_is_quantised_is_the_one_that_score_uses(string scheme)
    {
        string source = Fixtures.Case("loader", "02-tied-head-differs", "differs");

        string[] head = scheme == "bf16" ? [] : ["--lm-head"];
        Assert.Equal(0, Run(["quantize", source, Destination, "--scheme", scheme, .. head]).ExitCode);

        double expected = Nll(source);
        Assert.Equal(expected, Nll(Destination), expected * 0.03);
    }

    static double Nll(string model)
    {
        ToolResult result = Score(model);
        Assert.Equal(0, result.ExitCode);
        return (double)result.Json["nll"]!;
    }

    static ToolResult Score(string model) => Run("score", model, "--ids", "5,17,3,44,60,1,2,9,33,21", "--json");
}
