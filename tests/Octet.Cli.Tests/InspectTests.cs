using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Cli.Commands;
using Octet.Cli.Inspection;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public class InspectTests
{
    const string Weight = "model.layers.1.self_attn.q_proj.weight";

    [Fact]
    public void A_model_directory_gives_tensors_totals_scheme_and_configuration()
    {
        using var model = new TestModel();

        JsonObject json = Run("inspect", model.Path, "--json").Json;

        // Embedding, norm, head, and for each of 2 layers 4 norms and 7 linears with their scales.
        Assert.Equal(3 + 2 * (4 + 7 * 2), (int?)json["tensor_count"]);
        Assert.Equal("F8_E4M3, 128 x 128 blocks, BF16 scales (14 tensors)", (string?)json["scheme"]);
        Assert.Equal(160, (int?)json["config"]!["hidden_size"]);
        JsonNode tensor = json["tensors"]!.AsArray().Single(entry => (string?)entry!["name"] == Weight)!;
        Assert.Equal("F8_E4M3", (string?)tensor["dtype"]);
        Assert.Equal([128, 160], tensor["shape"]!.AsArray().Select(length => (int)length!));
        Assert.Equal(128 * 160, (long?)tensor["bytes"]);
        long files = new FileInfo(Path.Combine(model.Path, "model.safetensors")).Length;
        Assert.Equal(files, (long?)json["files"]![0]!["bytes"]);
    }

    [Fact]
    public void A_pipe_gets_every_tensor_on_a_line_of_its_own_without_colours()
    {
        using var model = new TestModel();

        ToolResult result = Run("inspect", Path.Combine(model.Path, "model.safetensors"));

        Assert.Contains($"\n{Weight}\tF8_E4M3\t[128, 160]\t20480\n", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Output);
        Assert.Equal("", result.Error);
    }

    [Fact]
    public void An_index_of_shards_is_one_checkpoint()
    {
        using var model = new TestModel(new SyntheticCheckpoint { ShardSize = 200_000 });

        JsonObject json = Run("inspect", Path.Combine(model.Path, "model.safetensors.index.json"), "--json", "--tree").Json;

        Assert.Equal(38, (int?)json["tensor_count"]);
        Assert.True(json["files"]!.AsArray().Count > 1);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_file_that_is_cut_while_it_is_read_is_told_in_a_line(bool statistics, bool verify)
    {
        using var model = new TestModel();
        string file = Path.Combine(model.Path, "model.safetensors");
        using SafetensorsCheckpoint checkpoint = InspectCommand.Open(file, readsAll: true);

        // A mapping would end this process.
        Assert.All(checkpoint.Tensors, tensor => Assert.False(tensor.IsMapped));
        using (FileStream stream = new(file, FileMode.Open, FileAccess.Write))
        {
            stream.SetLength(stream.Length / 2);
        }

        SafetensorsException error = Assert.Throws<SafetensorsException>(
            () => CheckpointReport.Create(checkpoint, null, statistics, verify, TestContext.Current.CancellationToken));
        Assert.Contains($"{file}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("the file was cut short while it was open", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_tree_has_a_node_for_each_part_of_a_name()
    {
        using var model = new TestModel();

        ToolResult result = Run("inspect", model.Path, "--tree");

        // 128 x 160 codes twice (q, o), half as many twice (k, v), two scales of two bytes for each, two norms of 32: 61,584 bytes.
        Assert.Contains("── self_attn  60.1 KiB\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("── weight  F8_E4M3 [128, 160] 20.0 KiB\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_are_those_of_the_stored_values()
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        byte[] codes = [0x00, 0x7F, 0x38, 0xB8, 0x7E, 0x01, 0x7F, 0xFE];
        SafetensorsWriter.Write(path,
        [
            new TensorSource("codes", DataType.Float8E4M3FN, [8], codes),
            new TensorSource("floats", DataType.Float32, [3], new[] { 1.5f, float.PositiveInfinity, float.NaN }.SelectMany(BitConverter.GetBytes).ToArray()),
            new TensorSource("integers", DataType.Int64, [2], new[] { -5L, 8L }.SelectMany(BitConverter.GetBytes).ToArray()),
            new TensorSource("complex", DataType.Complex64, [1], new[] { -3f, 4f }.SelectMany(BitConverter.GetBytes).ToArray()),
            new TensorSource("brain", DataType.BFloat16, [2], new byte[] { 0x80, 0x3F, 0x00, 0xC0 }),
        ]);

        JsonArray tensors = Run("inspect", path, "--stats", "--json").Json["tensors"]!.AsArray();

        JsonNode Of(string name) => tensors.Single(tensor => (string?)tensor!["name"] == name)!["statistics"]!;
        double[] numbers = [.. codes.Select(E4M3.Decode).Where(value => !double.IsNaN(value))];
        Assert.Equal(-448, (double?)Of("codes")["min"]);
        Assert.Equal(448, (double?)Of("codes")["max"]);
        Assert.Equal(numbers.Sum() / numbers.Length, (double)Of("codes")["mean"]!, 1e-15);
        Assert.Equal(2, (long?)Of("codes")["nan"]);
        Assert.Equal(1, (long?)Of("floats")["nan"]);
        Assert.Equal(1, (long?)Of("floats")["infinite"]);
        Assert.Null(Of("floats")["max"]);
        Assert.Equal(1.5, (double?)Of("integers")["mean"]);
        Assert.Equal(-3, (double?)Of("complex")["min"]);
        Assert.Equal(0.5, (double?)Of("complex")["mean"]);
        Assert.Equal(-2, (double?)Of("brain")["min"]);
        Assert.Equal(-0.5, (double?)Of("brain")["mean"]);
    }

    /// <summary>Codes and the values that the format's table gives them (OCP MX 1.0, ml_dtypes): smallest, largest, mean, NaN.</summary>
    public static TheoryData<DataType, byte[], double, double, double, int> SmallFormats => new()
    {
        // Lower half first: 0.5, 6, -6, 1.
        { DataType.Float4E2M1FN, [0x71, 0x2F], -6, 6, 0.375, 0 },
        // 6 bits each from the lowest up: codes 0x01, 0x1F, 0x3F, 0x08 are 0.125, 7.5, -7.5, 1 and 0.0625, 28, -28, 0.5 (code 0x08).
        { DataType.Float6E2M3FN, [0xC1, 0xF7, 0x23], -7.5, 7.5, 0.28125, 0 },
        { DataType.Float6E3M2FN, [0xC1, 0xF7, 0x23], -28, 28, 0.140625, 0 },
        // 2^-127 would round away beside 1: 1, 2, 4, NaN.
        { DataType.Float8E8M0FNU, [127, 128, 129, 0xFF], 1, 4, 7.0 / 3, 1 },
        { DataType.Float8E4M3FNUZ, [0x40, 0x7F, 0xFF, 0x80], -240, 240, 1.0 / 3, 1 },
        { DataType.Float8E5M2FNUZ, [0x40, 0x7F, 0xFF, 0x80], -57344, 57344, 1.0 / 3, 1 },
    };

    [Theory]
    [MemberData(nameof(SmallFormats))]
    public void Statistics_of_every_small_format_are_those_of_its_table(DataType type, byte[] codes, double min, double max, double mean, int nan)
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        SafetensorsWriter.Write(path, [new TensorSource("a", type, [4], codes)]);

        JsonNode statistics = Run("inspect", path, "--stats", "--json").Json["tensors"]![0]!["statistics"]!;

        Assert.Equal((min, max, nan), ((double)statistics["min"]!, (double)statistics["max"]!, (int)statistics["nan"]!));
        Assert.Equal(mean, (double)statistics["mean"]!, 1e-12);
    }

    [Fact]
    public void A_sound_model_is_verified()
    {
        using var model = new TestModel();

        ToolResult result = Run("inspect", model.Path, "--verify", "--json");

        Assert.True((bool?)result.Json["verified"]);
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
    }

    [Theory]
    [InlineData("NaN code", Weight)]
    [InlineData("infinite scale", Weight + "_scale_inv")]
    [InlineData("missing scale", Weight)]
    [InlineData("left over", "model.extra")]
    public void Verifying_names_the_tensor_that_is_wrong(string damage, string name)
    {
        using var model = new TestModel(new SyntheticCheckpoint
        {
            Edit = tensors =>
            {
                int weight = tensors.FindIndex(tensor => tensor.Name == Weight);
                int scale = tensors.FindIndex(tensor => tensor.Name == Weight + "_scale_inv");
                switch (damage)
                {
                    case "NaN code":
                        byte[] codes = new byte[128 * 160];
                        codes[777] = 0xFF;
                        tensors[weight] = new TensorSource(Weight, DataType.Float8E4M3FN, [128, 160], codes);
                        break;
                    case "infinite scale":
                        tensors[scale] = new TensorSource(Weight + "_scale_inv", DataType.BFloat16, [1, 2], new byte[] { 0, 0x3C, 0x80, 0x7F });
                        break;
                    case "missing scale":
                        tensors.RemoveAt(scale);
                        break;
                    default:
                        tensors.Add(new TensorSource("model.extra", DataType.BFloat16, [1], new byte[2]));
                        break;
                }
            },
        });

        ToolResult result = Run("inspect", model.Path, "--verify", "--json");

        Assert.False((bool?)result.Json["verified"]);
        Assert.Contains(result.Json["problems"]!.AsArray(), problem => ((string)problem!).Contains(name, StringComparison.Ordinal));
        Assert.StartsWith("octet: error: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Theory]
    [InlineData("no-such.safetensors", "no-such.safetensors")]
    [InlineData("empty.safetensors", "empty.safetensors")]
    public void What_cannot_be_opened_is_an_error(string name, string fragment)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(Path.Combine(directory.Path, "empty.safetensors"), "");

        AssertError(Run("inspect", Path.Combine(directory.Path, name)), 1, fragment);
    }

    [Fact]
    public void Names_that_share_a_tensor_are_shown_with_it()
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        SafetensorsWriter.Write(path, [new TensorSource("model.embed.weight", DataType.UInt8, [3], new byte[3]) { Aliases = ["lm_head.weight"] }]);

        ToolResult text = Run("inspect", path, "--tree");
        JsonObject json = Run("inspect", path, "--json").Json;

        Assert.Contains("\nshared    model.embed.weight = lm_head.weight\nmetadata  format = pt\n", text.Output, StringComparison.Ordinal);
        Assert.Contains("── weight  = lm_head.weight\n", text.Output, StringComparison.Ordinal);
        Assert.Contains("── lm_head  3 B\n", text.Output, StringComparison.Ordinal);
        Assert.Contains("── embed  0 B\n", text.Output, StringComparison.Ordinal);
        Assert.Equal("lm_head.weight", (string?)json["shared_tensors"]!["model.embed.weight"]);
    }

    [Theory]
    [InlineData]
    [InlineData("--tree")]
    public void What_a_file_says_neither_breaks_a_line_nor_reaches_the_terminal_as_a_command(params string[] options)
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        string longName = new('n', 400);
        SafetensorsWriter.Write(
            path,
            [new TensorSource("a\nb\tc\u001b[31m\u202ed", DataType.UInt8, [1], new byte[1]), new TensorSource("模型.é\U0001F600", DataType.UInt8, [1], new byte[1]), new TensorSource(longName, DataType.UInt8, [1], new byte[1])],
            new SafetensorsWriterOptions { Metadata = new Dictionary<string, string> { ["k\n"] = "v\r\u009b" } });

        ToolResult result = Run(["inspect", path, .. options]);

        Assert.Contains("\nmetadata  k\\n = v\\r\\u009b\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("a\\nb\\tc\\u001b[31m\\u202ed", result.Output, StringComparison.Ordinal);
        Assert.Contains("é\U0001F600", result.Output, StringComparison.Ordinal);
        Assert.Contains(longName, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Output, unit => char.IsControl(unit) && unit is not '\n' and not '\t');
        Assert.DoesNotContain('\u202e', result.Output);
    }

    [Theory]
    [InlineData]
    [InlineData("--tree")]
    [InlineData("--json")]
    public void A_terabyte_is_inspected_by_its_header_alone(params string[] options)
    {
        const long Size = 1L << 40;
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        byte[] header = Encoding.UTF8.GetBytes($$$"""{"layers.0.weight":{"dtype":"F8_E4M3","shape":[1048576,1048576],"data_offsets":[0,{{{Size}}}]}}""");
        try
        {
            using FileStream file = File.Create(path);
            file.Write(BitConverter.GetBytes((long)header.Length));
            file.Write(header);
            file.SetLength(8 + header.Length + Size);
        }
        catch (IOException e)
        {
            Assert.Skip($"no sparse file of this size here: {e.Message}");
        }

        var watch = Stopwatch.StartNew();
        ToolResult result = Run(["inspect", path, .. options]);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("layers", result.Output, StringComparison.Ordinal);
        // Reading it would take minutes on any machine; most of this is the start of the process.
        Assert.True(watch.Elapsed.TotalSeconds < 20, $"{watch.Elapsed.TotalSeconds:f1} s");
    }
}
