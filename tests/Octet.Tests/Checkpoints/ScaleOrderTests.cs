using System.Runtime.CompilerServices;
using System.Text;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Models;
using Octet.Tests.Reference;
using WeightScheme = Octet.Tests.Reference.WeightScheme;

namespace Octet.Tests.Checkpoints;

/// <summary>
/// Files of Model Optimizer have the metadata that mean tiles to ComfyUI, and their scales in tiles or row by row (its
/// <c>_postprocess_safetensors</c>: <c>enable_layerwise_quant_metadata</c> and <c>enable_swizzle_layout</c> are set apart).
/// </summary>
public sealed class ScaleOrderTests : IDisposable
{
    const int Rows = 128, Columns = 256;

    // 0, 0.5, 1, 1.5, 2, 3, 4, 6: E2M1.
    static readonly double[] s_magnitudes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("modelopt, NVFP4", "nvfp4")]
    [InlineData("modelopt, MXFP8", "mxfp8")]
    public void Scales_row_by_row_are_read_so_whatever_the_metadata_name(string scheme, string format)
    {
        SyntheticCheckpoint checkpoint = new() { Scheme = WeightScheme.All[scheme](), MaxPositionEmbeddings = 64 };
        checkpoint.Write(_directory.Path);
        string layers = string.Join(", ", checkpoint.Meant.Keys.Select(name => $"\"{name}\": {{\"format\": \"{format}\"}}"));
        (checkpoint with { Metadata = new Dictionary<string, string> { ["_quantization_metadata"] = $"{{\"layers\": {{{layers}}}}}" } }).Write(_directory.Path);
        int[] ids = LogitsTests.Ids(9, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(_directory.Path, meant: checkpoint.Meant).Forward(ids);
        using LanguageModel model = LanguageModel.Load(_directory.Path, new() { KvCache = KvCacheType.Float32 });
        LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, scheme);
    }

    [Theory]
    [InlineData("nvfp4", false)]
    [InlineData("nvfp4", true)]
    [InlineData("mxfp8", false)]
    [InlineData("mxfp8", true)]
    public void Where_no_shape_tells_the_values_do(string format, bool tiled)
    {
        (List<TensorSource> tensors, float[] expected) = Layer(format, tiled, hasOrder: true);
        Assert.Equal(expected, Read(tensors, Metadata(format), Config(format)));
    }

    [Fact]
    public void Scales_of_which_nothing_tells_are_refused_with_what_to_do()
    {
        (List<TensorSource> tensors, _) = Layer("nvfp4", tiled: false, hasOrder: false);
        var error = Assert.Throws<ModelException>(() => Read(tensors, Metadata("nvfp4"), Config("nvfp4")));
        Assert.Equal(ModelError.Unsupported, error.Error);
        Assert.Equal("p", error.TensorName);
        Assert.Contains("remove the metadata if they lie row by row, mark the layers as ComfyUI does (NAME.comfy_quant) if in tiles", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_mark_means_tiles_beside_any_config_and_so_do_metadata_beside_none_of_model_optimizer(bool marked)
    {
        // Of values that would tell nothing.
        (List<TensorSource> tensors, float[] expected) = Layer("nvfp4", tiled: true, hasOrder: false);
        byte[] mark = Encoding.UTF8.GetBytes("""{"format": "nvfp4"}""");
        if (marked)
        {
            tensors.Add(new TensorSource("p.comfy_quant", DataType.UInt8, [mark.Length], mark));
        }

        Assert.Equal(expected, Read(tensors, marked ? [] : Metadata("nvfp4"), marked ? Config("nvfp4") : null));
    }

    float[] Read(List<TensorSource> tensors, Dictionary<string, string> metadata, string? config)
    {
        string path = Path.Combine(_directory.Path, "p.safetensors");
        SafetensorsWriter.Write(path, tensors, new SafetensorsWriterOptions { Metadata = metadata });
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(path);
        var ledger = new WeightLedger(checkpoint, config is null ? null : QuantizationConfig.Read(ConfigObject.Parse(Encoding.UTF8.GetBytes(config), "c.json")));
        float[] values = new float[Rows * Columns];
        new RowDequantizer(ledger.Linear("p", Rows, Columns)).Read(0, Rows, values);
        ledger.Close();
        return values;
    }

    static Dictionary<string, string> Metadata(string format) => new() { ["_quantization_metadata"] = $"{{\"layers\": {{\"p\": {{\"format\": \"{format}\"}}}}}}" };

    static string Config(string format) => $"{{\"quant_method\": \"modelopt\", \"quant_algo\": \"{format.ToUpperInvariant()}\"}}";

    /// <summary>The tensors of a layer, and the weights that they mean.</summary>
    /// <param name="format">The format.</param>
    /// <param name="tiled">Whether scales lie in tiles, and of two codes in a byte the first in the upper half.</param>
    /// <param name="hasOrder">Whether scales follow from weights of different sizes, or are drawn by themselves.</param>
    static (List<TensorSource> Tensors, float[] Weights) Layer(string format, bool tiled, bool hasOrder)
    {
        bool isFloat4 = format == "nvfp4";
        int group = isFloat4 ? 16 : 32;
        double most = isFloat4 ? 6 : 448;
        var random = new Random(7);
        double[] rows = [.. Enumerable.Range(0, Rows).Select(_ => Math.Exp(0.3 * Normal()))];
        int across = Columns / group;
        byte[] scales = new byte[Rows * across];
        byte[] codes = new byte[Rows * Columns];
        float[] weights = new float[codes.Length];
        const float Global = 1 / 512f;
        for (int block = 0; block < scales.Length; block++)
        {
            double[] values = [.. Enumerable.Range(0, group).Select(_ => rows[block / across] * Normal())];
            double wanted = hasOrder ? values.Max(Math.Abs) / most : 0.3 * Math.Exp(0.5 * Normal());
            scales[block] = isFloat4
                ? Unsafe.BitCast<Float8E4M3FN, byte>((Float8E4M3FN)(float)(wanted * 16))
                : (byte)(127 + (int)Math.Ceiling(Math.Log2(wanted)));
            double scale = isFloat4 ? E4M3.Decode(scales[block]) / 16 : Math.ScaleB(1, scales[block] - 127);
            for (int i = 0; i < group; i++)
            {
                int at = block * group + i;
                double ratio = Math.Clamp(values[i] / (hasOrder ? scale : 0.3), -most, most);
                codes[at] = isFloat4 ? Nearest(ratio) : Unsafe.BitCast<Float8E4M3FN, byte>((Float8E4M3FN)(float)ratio);
                double code = isFloat4 ? (codes[at] < 8 ? 1 : -1) * s_magnitudes[codes[at] % 8] : E4M3.Decode(codes[at]);
                weights[at] = (float)(code * (isFloat4 ? (float)E4M3.Decode(scales[block]) * Global : scale));
            }
        }

        if (tiled)
        {
            // cuBLAS: row r and column c of a tile of 128 x 4 at (r % 32) * 16 + r / 32 * 4 + c.
            byte[] plain = scales;
            scales = new byte[plain.Length];
            for (int i = 0; i < plain.Length; i++)
            {
                (int row, int column) = (i / across, i % across);
                scales[column / 4 * 512 + row % 32 * 16 + row / 32 * 4 + column % 4] = plain[i];
            }
        }

        byte[] stored = isFloat4 ? [.. codes.Chunk(2).Select(pair => tiled ? (byte)(pair[0] << 4 | pair[1]) : (byte)(pair[1] << 4 | pair[0]))] : codes;
        List<TensorSource> tensors =
        [
            new("p.weight", isFloat4 ? DataType.UInt8 : DataType.Float8E4M3FN, [Rows, isFloat4 ? Columns / 2 : Columns], stored),
            new("p.weight_scale", isFloat4 ? DataType.Float8E4M3FN : DataType.UInt8, [Rows, across], scales),
        ];
        if (isFloat4)
        {
            tensors.Add(TensorSource.Create<float>("p.weight_scale_2", [], new[] { Global }));
        }

        return (tensors, weights);

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }

    static byte Nearest(double value)
    {
        int code = Enumerable.Range(0, 8).MinBy(i => Math.Abs(Math.Abs(value) - s_magnitudes[i]));
        return (byte)(value < 0 ? code + 8 : code);
    }
}
