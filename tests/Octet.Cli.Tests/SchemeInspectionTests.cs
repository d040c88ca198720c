using System.Text.Json.Nodes;
using Octet.Cli.Inspection;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

/// <summary>Every published way to store a quantised layer, as <c>octet inspect</c> describes and measures it.</summary>
public class SchemeInspectionTests
{
    const string Up = "model.layers.0.mlp.up_proj";

    public static TheoryData<string, string> Descriptions => new()
    {
        { "fp8, blocks of 64 x 32", "F8_E4M3, 64 x 32 blocks, F32 scales" },
        { "fp8, blocks, E8M0 scales", "F8_E4M3, 128 x 128 blocks, F8_E8M0 scales" },
        { "fp8, one scale, static activations", "F8_E4M3, one scale for each tensor, BF16 scales" },
        { "fp8, E5M2, one scale", "F8_E5M2, one scale for each tensor, F32 scales" },
        { "compressed-tensors, channel", "F8_E4M3, one scale for each output channel, BF16 scales" },
        { "compressed-tensors, group", "F8_E4M3, 32 weights of a row, F16 scales" },
        { "compressed-tensors, MXFP8", "MXFP8 of F8_E4M3, 32 weights of a row, E8M0 scales" },
        { "compressed-tensors, MXFP4", "MXFP4, 32 weights of a row, E8M0 scales" },
        { "compressed-tensors, NVFP4", "NVFP4, 16 weights of a row, F8_E4M3 scales and one F32 for each tensor" },
        { "modelopt, blocks", "F8_E4M3, 128 x 128 blocks, F32 scales" },
        { "modelopt, NVFP4", "NVFP4, 16 weights of a row, F8_E4M3 scales and one F32 for each tensor" },
        { "fbgemm", "F8_E4M3, one scale for each output channel, F32 scales" },
        { "torchao, rows", "F8_E4M3, one scale for each output channel, F32 scales" },
        { "torchao, tensor", "F8_E4M3, one scale for each tensor, F32 scales" },
        { "quanto", "F8_E4M3, one scale for each output channel, BF16 scales" },
        { "quanto, E4M3FNUZ", "F8_E4M3FNUZ, one scale for each output channel, F32 scales" },
        { "mxfp4", "MXFP4, 32 weights of a row, E8M0 scales" },
        { "scale_weight, no config", "F8_E4M3, one scale for each tensor, F32 scales" },
        { "MXFP8 in its own types, no config", "MXFP8 of F8_E4M3, 32 weights of a row, E8M0 scales" },
        { "ComfyUI, NVFP4", "NVFP4, 16 weights of a row, F8_E4M3 scales and one F32 for each tensor in tiles of 128 x 4, upper half of a byte first" },
        { "ComfyUI, MXFP8 with byte scales", "MXFP8 of F8_E4M3, 32 weights of a row, E8M0 scales in tiles of 128 x 4" },
        { "raw E5M2FNUZ", "F8_E5M2FNUZ without scales" },
        { "modelopt, small letters", "F8_E4M3, 128 x 128 blocks, F32 scales" },
        { "modelopt, MXFP4", "MXFP4, 32 weights of a row, E8M0 scales" },
        { "nvfp4", "NVFP4, 16 weights of a row, F8_E4M3 scales and one F32 for each tensor" },
        { "fp8, blocks, E8M0 in bytes", "F8_E4M3, 128 x 128 blocks, E8M0 scales" },
        { "fp8, codes as bytes", "F8_E4M3, 128 x 128 blocks, BF16 scales" },
        { "fp8, E5M2 codes as bytes", "F8_E5M2, 128 x 128 blocks, BF16 scales" },
        { "compressed-tensors, block as text", "F8_E4M3, 64 x 32 blocks, F32 scales" },
        { "mxfp8", "MXFP8 of F8_E4M3, 32 weights of a row, E8M0 scales" },
        { "quark, blocks", "F8_E4M3, 128 x 128 blocks, F8_E8M0 scales" },
        { "quark, MXFP4", "MXFP4, 32 weights of a row, E8M0 scales" },
        { "quark, NVFP4", "NVFP4, 16 weights of a row, F8_E4M3 scales and one F32 for each tensor" },
        { "auto-round, channel", "F8_E4M3, one scale for each output channel, BF16 scales" },
        { "auto-round, groups in a row", "F8_E4M3, 32 weights of a row, BF16 scales" },
        { "auto-round, NVFP4", "NVFP4, 16 weights of a row, F8_E4M3 scales and one F32 for each tensor" },
        { "MLX, MXFP8", "MXFP8 of F8_E4M3, 32 weights of a row, E8M0 scales" },
        { "MLX, MXFP4", "MXFP4, 32 weights of a row, E8M0 scales" },
        { "MLX, NVFP4", "NVFP4, 16 weights of a row, F8_E4M3 scales" },
        { "torchao, by modules", "F8_E4M3, one scale for each output channel, F32 scales" },
        { "blocks, no config", "F8_E4M3, 128 x 128 blocks, BF16 scales" },
    };

    [Theory]
    [MemberData(nameof(Descriptions))]
    public void A_scheme_is_described_and_its_weights_are_measured_with_their_scales(string scheme, string description)
    {
        SyntheticCheckpoint checkpoint = new() { Layers = 1, Tied = false, Scheme = WeightScheme.All[scheme]() };
        using var model = new TestModel(checkpoint, tokenizer: false, template: false);

        // In this process: the twenty of them would take longer to start than to run.
        using SafetensorsCheckpoint opened = SafetensorsCheckpoint.Open(model.Path);
        JsonObject json = ReportJson.Create(CheckpointReport.Create(opened, model.Path, statistics: true, verify: false, TestContext.Current.CancellationToken));

        Assert.Equal($"{description} (7 tensors)", (string?)json["scheme"]);
        Assert.Equal(Parameters(checkpoint), (long?)json["parameter_count"]);
        JsonNode[] measured = [.. json["tensors"]!.AsArray().Where(tensor => tensor!["scaled_statistics"] is not null).Select(tensor => tensor!)];
        Assert.Equal(7, measured.Length);
        JsonNode statistics = measured.Single(tensor => ((string)tensor["name"]!).StartsWith(Up, StringComparison.Ordinal))["scaled_statistics"]!;
        if (checkpoint.Meant.TryGetValue(Up, out double[][]? meant))
        {
            double[] all = [.. meant.SelectMany(row => row)];
            double[] rows = [.. meant.Select(row => row.Max(Math.Abs))];

            // Scales are float32 in the file or made so.
            Assert.Equal(all.Min(), (double)statistics["min"]!, 1e-6 * all.Max());
            Assert.Equal(all.Max(), (double)statistics["max"]!, 1e-6 * all.Max());
            Assert.Equal(all.Average(), (double)statistics["mean"]!, 1e-6 * all.Max());
            Assert.Equal(rows.Max(), (double)statistics["amax"]!, 1e-6 * all.Max());
            Assert.Equal(rows.Max(), rows[(long)statistics["amax_row"]!], 1e-6 * all.Max());
        }
    }

    [Fact]
    public void Layers_of_several_schemes_are_counted_by_scheme()
    {
        using var model = new TestModel(new() { Layers = 1, Tied = false, Scheme = WeightScheme.All["modelopt, mixed"]() }, tokenizer: false, template: false);

        string scheme = (string)Run("inspect", model.Path, "--verify", "--json").Json["scheme"]!;

        Assert.StartsWith("mixed: ", scheme, StringComparison.Ordinal);
        foreach (string one in (string[])["F8_E4M3, 128 x 128 blocks, F32 scales (1 tensor)", "F8_E4M3, 128 x 128 blocks, BF16 scales (1 tensor)", "NVFP4, 16 weights of a row, F8_E4M3 scales and one F32 for each tensor (1 tensor)", "MXFP8 of F8_E4M3, 32 weights of a row, E8M0 scales (1 tensor)"])
        {
            Assert.Contains(one, scheme, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("modelopt, NVFP4 with AWQ")]
    [InlineData("MLX, NVFP4")]
    [InlineData("fp8, codes as bytes")]
    public void A_checkpoint_of_every_scheme_passes_verification(string scheme)
    {
        using var model = new TestModel(new() { Layers = 1, Scheme = WeightScheme.All[scheme]() }, tokenizer: false, template: false);

        ToolResult result = Run("inspect", model.Path, "--verify");

        Assert.Contains("verified: every tensor has its place in the model", result.Output, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void Blocks_of_a_file_that_says_nothing_are_named_on_the_command_line()
    {
        // Four blocks of 2 x 2, of codes for 1.
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        string wide = Path.Combine(directory.Path, "wide.safetensors");
        float[] scales = [1, 2, 4, 8];
        SafetensorsWriter.Write(path,
        [
            new TensorSource("a.weight", DataType.Float8E4M3FN, [4, 4], Enumerable.Repeat((byte)0x38, 16).ToArray()),
            new TensorSource("a.weight_scale_inv", DataType.Float32, [2, 2], scales.SelectMany(BitConverter.GetBytes).ToArray()),
        ]);

        ToolResult silent = Run("quantize", path, wide, "--scheme", "bf16");
        Assert.Equal(1, silent.ExitCode);
        Assert.Contains("--block", silent.Error, StringComparison.Ordinal);
        Assert.Equal("F8_E4M3, 2 x 2 blocks, F32 scales (1 tensor)", (string?)Run("inspect", path, "--block", "2x2", "--json").Json["scheme"]);
        Assert.Equal(0, Run("quantize", path, wide, "--scheme", "bf16", "--block", "2").ExitCode);
        using SafetensorsFile file = SafetensorsFile.Open(wide);
        float[] found = new float[16];
        BFloat16.ConvertToSingle(file["a.weight"].AsSpan<BFloat16>(), found);
        Assert.Equal<float>([1, 1, 2, 2, 1, 1, 2, 2, 4, 4, 8, 8, 4, 4, 8, 8], found);
        Assert.Contains("--block is '2y2': expected rows and columns such as 128x128", Run("inspect", path, "--block", "2y2").Error, StringComparison.Ordinal);

        // Where the file says it, nobody else does.
        using var model = new TestModel(new() { Layers = 1 }, tokenizer: false, template: false);
        ToolResult twice = Run("inspect", model.Path, "--block", "64x64");
        Assert.Equal(1, twice.ExitCode);
        Assert.Contains("config.json says how it is quantised: leave it out", twice.Error, StringComparison.Ordinal);
    }

    // Parts of published checkpoints with what PyTorch makes of them.
    [Theory]
    [InlineData("qwen3-4b-fine-grained-f16")]
    [InlineData("ministral-per-tensor")]
    [InlineData("llama-dynamic-per-channel")]
    public void A_part_of_a_published_checkpoint_without_a_config_becomes_its_bfloat16(string name)
    {
        string path = Fixtures.Path("fp8-slices", name + ".safetensors");
        using var directory = new TemporaryDirectory();
        string wide = Path.Combine(directory.Path, "wide.safetensors");

        ToolResult result = Run("quantize", path, wide, "--scheme", "bf16");

        Assert.Equal(0, result.ExitCode);
        using SafetensorsFile expected = SafetensorsFile.Open(path);
        using SafetensorsFile found = SafetensorsFile.Open(wide);
        Assert.Equal(expected["expected"].Bytes.ToArray(), found["layer.weight"].Bytes.ToArray());
    }

    [Fact]
    public void Saturated_and_zero_codes_are_counted()
    {
        // Two rows with a scale each. 0x7E is 448, 0x7F NaN, 0x38 1, 0x80 -0, 0xC0 -2.
        byte[] codes = [0x7E, 0x00, 0x38, 0xFE, 0x80, 0x7F, 0xC0, 0x38];
        float[] scales = [0.5f, 1000f];
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        SafetensorsWriter.Write(path,
        [
            new TensorSource("a.weight", DataType.Float8E4M3FN, [2, 4], codes),
            new TensorSource("a.weight_scale", DataType.Float32, [2], scales.SelectMany(BitConverter.GetBytes).ToArray()),
            new TensorSource("b.weight", DataType.BFloat16, [2], new byte[4]),
        ]);

        JsonArray tensors = Run("inspect", path, "--stats", "--json").Json["tensors"]!.AsArray();
        string table = Run("inspect", path, "--stats").Output;
        string tree = Run("inspect", path, "--stats", "--tree").Output;

        // Row 0: 224, 0, 0.5, -224. Row 1: 0, -2000, 1000.
        JsonNode statistics = tensors.Single(tensor => (string?)tensor!["name"] == "a.weight")!["scaled_statistics"]!;
        Assert.Equal("""{"min":-2000,"max":1000,"mean":-142.78571428571428,"amax":2000,"amax_row":1,"saturated":2,"zeros":2}""", statistics.ToJsonString());
        Assert.Null(tensors.Single(tensor => (string?)tensor!["name"] == "b.weight")!["scaled_statistics"]);
        Assert.Contains("\t-2000\t1000\t-142.786\t1\t2\t2\n", table, StringComparison.Ordinal);
        Assert.Contains("scaled: min -2000, max 1000, mean -142.786, largest in row 1, saturated 2, zeros 2\n", tree, StringComparison.Ordinal);
    }

    [Fact]
    public void Scales_that_the_engine_refuses_are_not_applied()
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        SafetensorsWriter.Write(path,
        [
            new TensorSource("a.weight", DataType.Float8E4M3FN, [2, 4], new byte[8]),
            new TensorSource("a.weight_scale", DataType.Float32, [3], new byte[12]),
        ]);

        JsonObject json = Run("inspect", path, "--stats", "--json").Json;

        Assert.Equal("F8_E4M3, scales of shape [3] for weights of [2, 4], F32 scales (1 tensor)", (string?)json["scheme"]);
        Assert.All(json["tensors"]!.AsArray(), tensor => Assert.Null(tensor!["scaled_statistics"]));
    }

    [Fact]
    public void Verifying_knows_the_scales_of_every_scheme()
    {
        SyntheticCheckpoint checkpoint = new()
        {
            Layers = 1,
            Scheme = WeightScheme.All["quanto"](),
            Edit = tensors =>
            {
                int at = tensors.FindIndex(tensor => tensor.Name == Up + ".weight._scale");
                byte[] minusOne = [0x80, 0xBF];
                tensors[at] = new TensorSource(tensors[at].Name, DataType.BFloat16, [288, 1], Enumerable.Repeat(minusOne, 288).SelectMany(bytes => bytes).ToArray());
            },
        };
        using var model = new TestModel(checkpoint, tokenizer: false, template: false);

        ToolResult result = Run("inspect", model.Path, "--verify", "--json");

        Assert.Contains(result.Json["problems"]!.AsArray(), problem => ((string)problem!).Contains(Up + ".weight._scale has 288 negative scales", StringComparison.Ordinal));
        Assert.Equal(1, result.ExitCode);
    }

    // Embedding and head, the norms, and the seven layers: what the model computes with, however it is stored.
    static long Parameters(SyntheticCheckpoint of)
    {
        long queries = of.Heads * of.HeadDim, keys = of.KeyValueHeads * of.HeadDim, hidden = of.HiddenSize;
        return 2 * of.VocabSize * hidden + 3 * hidden + 2 * of.HeadDim + hidden * (2 * queries + 2 * keys + 3 * of.IntermediateSize);
    }
}
