using System.Runtime.InteropServices;
using Octet.Cli.Inspection;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

/// <summary><c>octet inspect --verify</c> warns of scales that are not those of the codes.</summary>
public class ScaleFitTests
{
    const int Size = 256;

    public static TheoryData<string, string> Slices
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string slice in (string[])["random", "llama-dynamic-per-channel", "ministral-per-tensor", "qwen3-4b-fine-grained-f16"])
            {
                foreach (string scheme in (string[])["NVFP4", "MXFP8", "blocks of 16 x 16"])
                {
                    data.Add(slice, scheme);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Slices))]
    public void Scales_in_another_order_are_told_and_those_in_order_are_not(string slice, string scheme)
    {
        float[] weights = Weights(slice);
        Assert.Empty(Warnings(weights, scheme, scales => scales));
        AssertWarns(weights, scheme, InTiles);
        AssertWarns(weights, scheme, scales => [.. scales.Skip(1), scales[0]]);
        AssertWarns(weights, scheme, scales => Transposed(scales, scheme));
        AssertWarns(weights, scheme, scales => Inverse(scales, scheme));
    }

    [Theory]
    [InlineData("octet-tiny")]
    [InlineData("octet-tiny-bf16")]
    public void The_models_of_the_repository_are_fine(string model)
        => Assert.Empty(Run("inspect", Path.Combine(Fixtures.Repository, "models", model), "--verify", "--json").Json["warnings"]!.AsArray());

    [Theory]
    [InlineData("llama-dynamic-per-channel")]
    [InlineData("ministral-per-tensor")]
    [InlineData("qwen3-4b-fine-grained-f16")]
    public void Published_layers_are_fine(string slice)
        => Assert.Empty(Run("inspect", Fixtures.Path("fp8-slices", slice + ".safetensors"), "--verify", "--json").Json["warnings"]!.AsArray());

    [Fact]
    public void Scales_of_rows_in_another_order_are_told()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("fp8-slices", "llama-dynamic-per-channel.safetensors"));
        byte[] scales = file["layer.weight_scale"].Bytes.ToArray();
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        SafetensorsWriter.Write(path,
        [
            new TensorSource(file["layer.weight"]),
            new TensorSource("layer.weight_scale", DataType.BFloat16, [Size, 1], scales.Chunk(2).Reverse().SelectMany(pair => pair).ToArray()),
        ]);
        ToolResult result = Run("inspect", path, "--verify");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("warning: ", result.Output, StringComparison.Ordinal);
        Assert.Contains("layer.weight (F8_E4M3, one scale for each output channel", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_tiles_that_does_not_say_so_is_told()
    {
        string model = Fixtures.Case("loader", "01-comfyui-nvfp4-mxfp8-swizzled", "qwen3-nvfp4");
        using var directory = new TemporaryDirectory();
        File.Copy(Path.Combine(model, "config.json"), Path.Combine(directory.Path, "config.json"));
        using (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(model))
        {
            SafetensorsWriter.Write(Path.Combine(directory.Path, "model.safetensors"), [.. checkpoint.Tensors.Select(tensor => new TensorSource(tensor))]);
        }

        Assert.Empty(Run("inspect", model, "--verify", "--json").Json["warnings"]!.AsArray());
        Assert.NotEmpty(Run("inspect", directory.Path, "--verify", "--json").Json["warnings"]!.AsArray());
    }

    static void AssertWarns(float[] weights, string scheme, Func<float[], float[]> change)
    {
        string warning = Assert.Single(Warnings(weights, scheme, change));
        Assert.Contains("p.weight", warning, StringComparison.Ordinal);
        Assert.Contains("do not look like those of their codes", warning, StringComparison.Ordinal);
    }

    /// <summary>Weights quantised by the definition of a scheme, their scales changed, inspected in this process.</summary>
    static IReadOnlyList<string> Warnings(float[] weights, string scheme, Func<float[], float[]> change)
    {
        (int rows, int columns) = Block(scheme);
        float[] scales = new float[Size / rows * (Size / columns)];
        byte[] codes = new byte[weights.Length];
        float largest = scheme == "NVFP4" ? 6 : 448;
        for (int i = 0; i < scales.Length; i++)
        {
            float most = Elements(i, scheme).Max(at => Math.Abs(weights[at]));
            scales[i] = scheme == "MXFP8" ? MathF.Pow(2, MathF.Ceiling(MathF.Log2(most / largest))) : most / largest;
            foreach (int at in Elements(i, scheme))
            {
                float value = weights[at] / scales[i];
                codes[at] = scheme == "NVFP4" ? ((Float4E2M1FN)value).ToBits() : ((Float8E4M3FN)value).ToBits();
            }
        }

        scales = change(scales);
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a.safetensors");
        float global = scales.Max() / 448;
        SafetensorsWriter.Write(path, scheme switch
        {
            "NVFP4" =>
            [
                new TensorSource("p.weight", DataType.UInt8, [Size, Size / 2], codes.Chunk(2).Select(pair => (byte)(pair[0] | (pair[1] << 4))).ToArray()),
                new TensorSource("p.weight_scale", DataType.Float8E4M3FN, [Size, Size / 16], scales.Select(scale => ((Float8E4M3FN)(scale / global)).ToBits()).ToArray()),
                new TensorSource("p.weight_scale_2", DataType.Float32, [], BitConverter.GetBytes(global)),
            ],
            "MXFP8" =>
            [
                new TensorSource("p.weight", DataType.Float8E4M3FN, [Size, Size], codes),
                new TensorSource("p.weight_scale", DataType.Float8E8M0FNU, [Size, Size / 32], scales.Select(scale => (byte)(127 + MathF.Round(MathF.Log2(scale)))).ToArray()),
            ],
            _ =>
            [
                new TensorSource("p.weight", DataType.Float8E4M3FN, [Size, Size], codes),
                new TensorSource("p.weight_scale_inv", DataType.Float32, [Size / 16, Size / 16], MemoryMarshal.AsBytes<float>(scales).ToArray()),
            ],
        });
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(path);
        return CheckpointReport.Create(checkpoint, null, statistics: false, verify: true, TestContext.Current.CancellationToken).Warnings;
    }

    static (int Rows, int Columns) Block(string scheme) => scheme switch
    {
        "NVFP4" => (1, 16),
        "MXFP8" => (1, 32),
        _ => (16, 16),
    };

    static IEnumerable<int> Elements(int block, string scheme)
    {
        (int rows, int columns) = Block(scheme);
        int across = Size / columns;
        return from row in Enumerable.Range(block / across * rows, rows)
               from column in Enumerable.Range(block % across * columns, columns)
               select row * Size + column;
    }

    static float[] InTiles(float[] scales)
    {
        // Of as many columns as the scheme has; fewer than 128 rows are put in tiles of as many.
        int columns = scales.Length >= Size * 16 ? 16 : scales.Length >= Size * 8 ? 8 : 16;
        int rows = scales.Length / columns, tile = Math.Min(128, rows), quarter = tile / 4;
        float[] tiled = new float[scales.Length];
        for (int i = 0; i < scales.Length; i++)
        {
            (int row, int column) = (i / columns, i % columns);
            tiled[(row / tile * (columns / 4) + column / 4) * tile * 4 + row % quarter * 16 + row % tile / quarter * 4 + column % 4] = scales[i];
        }

        return tiled;
    }

    static float[] Transposed(float[] scales, string scheme)
    {
        int columns = Size / Block(scheme).Columns, rows = scales.Length / columns;
        return [.. Enumerable.Range(0, scales.Length).Select(i => scales[i % rows * columns + i / rows])];
    }

    // Brought into the range of the codes again, which a product of both scales would do too.
    static float[] Inverse(float[] scales, string scheme)
    {
        float product = scales.Max() * scales.Min();
        return [.. scales.Select(scale => scheme == "MXFP8" ? MathF.Pow(2, MathF.Round(MathF.Log2(product))) / scale : product / scale)];
    }

    static float[] Weights(string slice)
    {
        if (slice != "random")
        {
            using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("fp8-slices", slice + ".safetensors"));
            float[] values = new float[Size * Size];
            BFloat16.ConvertToSingle(file["expected"].AsSpan<BFloat16>(), values);
            return values;
        }

        // Rows and columns of different sizes, as trained layers have them.
        var random = new Random(5);
        double[] rows = [.. Enumerable.Range(0, Size).Select(_ => Math.Exp(0.3 * Normal(random)))];
        double[] columns = [.. Enumerable.Range(0, Size).Select(_ => Math.Exp(0.3 * Normal(random)))];
        return [.. Enumerable.Range(0, Size * Size).Select(i => (float)(0.02 * rows[i / Size] * columns[i % Size] * Normal(random)))];
    }

    static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
