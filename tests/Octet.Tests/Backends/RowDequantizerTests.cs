using System.Text;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Reference;
using WeightScheme = Octet.Tests.Reference.WeightScheme;

namespace Octet.Tests.Backends;

/// <summary>Rows of a layer as float32, bit for bit: the way from the file's tensors through the ledger to the value.</summary>
public sealed class RowDequantizerTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> Schemes => [.. WeightScheme.All.Keys];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("qwen3-4b-fine-grained-f16", """{"quant_method": "fp8", "weight_block_size": [128, 128]}""")]
    [InlineData("llama-dynamic-per-channel", """{"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"type": "float", "num_bits": 8, "strategy": "channel"}}}}""")]
    [InlineData("ministral-per-tensor", """{"quant_method": "fp8", "activation_scheme": "static"}""")]
    public void Slices_of_published_checkpoints_are_what_PyTorch_made_of_them(string name, string config)
    {
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Fixtures.Path("fp8-slices", name + ".safetensors"));
        var ledger = new WeightLedger(checkpoint, QuantizationConfig.Read(ConfigObject.Parse(Encoding.UTF8.GetBytes(config), "c.json")));
        float[] values = new float[256 * 256];
        new RowDequantizer(ledger.Linear("layer", 256, 256)).Read(0, 256, values);

        // The file has PyTorch's float32 products rounded to bfloat16.
        ReadOnlySpan<ushort> expected = checkpoint["expected"].AsSpan<ushort>();
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            Assert.Equal(expected[i], (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Every_scheme_is_the_product_of_code_and_scale_rounded_once(string scheme)
    {
        var written = new SyntheticCheckpoint { Scheme = WeightScheme.All[scheme](), Layers = 1 };
        written.Write(_directory.Path);
        QuantizationConfig? config = ModelConfig.Load(_directory.Path).QuantizationConfig;
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(_directory.Path);
        using SafetensorsCheckpoint positional = SafetensorsCheckpoint.Open(_directory.Path, SafetensorsReadMode.Positional);
        var ledger = new WeightLedger(checkpoint, config);

        // 288 x 160, 160 x 288 and 64 x 160: blocks are cut at both edges.
        foreach (string name in (string[])["mlp.gate_proj", "mlp.down_proj", "self_attn.k_proj"])
        {
            double[][] meant = written.Meant["model.layers.0." + name];
            float[] expected = [.. meant.SelectMany(row => row.Select(value => (float)value))];
            LinearTensor layer = ledger.Linear("model.layers.0." + name, meant.Length, meant[0].Length);
            foreach (RowDequantizer rows in (RowDequantizer[])[new(layer), new(layer, positional[layer.Tensor.Name])])
            {
                foreach ((int first, int count) in ((int, int)[])[(0, meant.Length), (127, 2), (5, 1), (meant.Length - 3, 3), (7, 0)])
                {
                    if (first + count > meant.Length)
                    {
                        continue;
                    }

                    float[] found = new float[count * layer.Columns];
                    rows.Read(first, count, found);
                    ReadOnlySpan<float> meantHere = expected.AsSpan(first * layer.Columns, found.Length);
                    if (layer.InputFactors is null)
                    {
                        Assert.True(Bits(meantHere).AsSpan().SequenceEqual(Bits(found)), $"{name}, {count} rows from {first}");
                        continue;
                    }

                    // Rounded a second time, with the factor.
                    for (int i = 0; i < found.Length; i++)
                    {
                        Assert.InRange(found[i] - meantHere[i], -MathF.Abs(meantHere[i]) * 1.2e-7f, MathF.Abs(meantHere[i]) * 1.2e-7f);
                    }
                }
            }
        }
    }

    [Fact]
    public void Every_E4M3_code_times_every_power_of_two_of_E8M0_is_rounded_once()
    {
        // Subnormal products and those beyond float32 among them: 2^-127 * 2^-9 and 2^127 * 448.
        const int Columns = 256;
        const int Scales = 255;
        byte[] codes = [.. Enumerable.Range(0, Scales * Columns).Select(i => (byte)i)];
        byte[] scales = [.. Enumerable.Range(0, Scales * Columns / 32).Select(i => (byte)(i / (Columns / 32)))];
        float[] found = Dequantize(
            """{"quant_method": "modelopt", "quant_algo": "MXFP8"}""", Scales, Columns,
            new TensorSource("layer.weight", DataType.Float8E4M3FN, [Scales, Columns], codes), new TensorSource("layer.weight_scale", DataType.UInt8, [Scales, Columns / 32], scales));
        float[] expected = [.. codes.Select((code, i) => (float)(E4M3.Decode(code) * Math.Pow(2, i / Columns - 127)))];
        Assert.Equal(Bits(expected), Bits(found));
    }

    [Theory]
    [InlineData("modelopt", 0.0003f)]
    [InlineData("compressed-tensors", 2900.7f)]
    public void Every_FP4_code_has_its_scale_times_or_divided_by_the_tensors_in_float32(string method, float global)
    {
        // Sixteen codes in a group, as many groups as E4M3 has numbers from 0.
        byte[] packed = [.. Enumerable.Range(0, 127 * 8).Select(i => (byte)(i % 8 * 2 | (i % 8 * 2 + 1) << 4))];
        byte[] scales = [.. Enumerable.Range(0, 127).Select(i => (byte)i)];
        bool divides = method == "compressed-tensors";
        string config = divides
            ? """{"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized", "config_groups": {"g": {"weights": {"type": "float", "num_bits": 4, "strategy": "tensor_group", "group_size": 16}}}}"""
            : """{"quant_method": "modelopt", "quant_algo": "NVFP4"}""";
        float[] found = Dequantize(
            config, 127, 16,
            new TensorSource(divides ? "layer.weight_packed" : "layer.weight", DataType.UInt8, [127, 8], packed),
            new TensorSource("layer.weight_scale", DataType.Float8E4M3FN, [127, 1], scales),
            new TensorSource(divides ? "layer.weight_global_scale" : "layer.weight_scale_2", DataType.Float32, [], BitConverter.GetBytes(global)));
        for (int i = 0; i < found.Length; i++)
        {
            float scale = (float)E4M3.Decode(scales[i / 16]);
            scale = divides ? scale / global : scale * global;
            Assert.Equal((float)(WeightScheme.Decode(DataType.Float4E2M1FN, i % 16) * scale), found[i]);
        }
    }

    [Theory]
    [InlineData(DataType.BFloat16)]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Float32)]
    public void A_weight_that_is_not_quantised_is_widened_exactly(DataType type)
    {
        byte[] bytes = new byte[37 * 19 * (type == DataType.Float32 ? 4 : 2)];
        new Random(1).NextBytes(bytes);
        using SafetensorsFile file = Write(new TensorSource("w", type, [37, 19], bytes), SafetensorsReadMode.Positional);
        float[] found = new float[5 * 19];
        new RowDequantizer(new LinearTensor(file["w"], null)).Read(30, 5, found);
        for (int i = 0; i < found.Length; i++)
        {
            int at = 30 * 19 + i;
            float expected = type switch
            {
                DataType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, at * 2) << 16),
                DataType.Float16 => (float)BitConverter.ToHalf(bytes, at * 2),
                _ => BitConverter.ToSingle(bytes, at * 4),
            };
            Assert.Equal(expected, found[i]);
        }
    }

    [Fact]
    public void Threads_read_at_once_what_one_reads()
    {
        const int Columns = 1024;
        byte[] codes = new byte[512 * Columns];
        new Random(2).NextBytes(codes);
        using SafetensorsFile file = Write(new TensorSource("w", DataType.Float8E5M2FNUZ, [512, Columns], codes), SafetensorsReadMode.Positional);
        var grid = new ScaleGrid([.. Enumerable.Range(1, 512 / 64 * (Columns / 32)).Select(i => i / 7f)], 64, 32);
        var rows = new RowDequantizer(new LinearTensor(file["w"], grid));
        float[] all = new float[codes.Length];
        rows.Read(0, 512, all);
        float[] found = new float[codes.Length];
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => rows.Read(i * 8, 8, found.AsSpan(i * 8 * Columns, 8 * Columns)));
        Assert.Equal(Bits(all), Bits(found));
        Assert.Equal((float)(WeightScheme.Decode(DataType.Float8E5M2FNUZ, codes[100 * Columns + 500]) * (double)grid.Values![1 * 32 + 500 / 32]), all[100 * Columns + 500]);
    }

    [Fact]
    public void Rows_outside_of_the_layer_and_a_destination_of_another_size_are_refused()
    {
        using SafetensorsFile file = Write(new TensorSource("w", DataType.BFloat16, [4, 2], new byte[16]), SafetensorsReadMode.MemoryMap);
        var rows = new RowDequantizer(new LinearTensor(file["w"], null));
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Read(-1, 1, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Read(3, 2, new float[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Read(long.MaxValue, 1, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Read(0, -1, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Read(0, 1, new float[3]));
    }

    [Fact]
    public void A_layer_that_its_bytes_or_scales_do_not_cover_is_refused()
    {
        using SafetensorsFile file = Write(new TensorSource("w", DataType.Float8E4M3FN, [4, 6], new byte[24]), SafetensorsReadMode.MemoryMap);
        Assert.Contains("24 bytes do not hold [5, 6]", Refused(new LinearTensor(file["w"], DataType.Float8E4M3FN, 5, 6, null)), StringComparison.Ordinal);
        Assert.Contains("2 scales do not cover [4, 6]", Refused(new LinearTensor(file["w"], new ScaleGrid([1, 2], 2, 3))), StringComparison.Ordinal);
        Assert.Contains("Int8", Refused(new LinearTensor(file["w"], DataType.Int8, 4, 6, null)), StringComparison.Ordinal);

        static string Refused(LinearTensor layer)
        {
            var error = Assert.Throws<ModelException>(() => new RowDequantizer(layer));
            Assert.Equal("w", error.TensorName);
            return error.Message;
        }
    }

    float[] Dequantize(string config, int outputs, int inputs, params TensorSource[] tensors)
    {
        string path = Path.Combine(_directory.Path, "layer.safetensors");
        SafetensorsWriter.Write(path, tensors);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(path);
        var ledger = new WeightLedger(checkpoint, QuantizationConfig.Read(ConfigObject.Parse(Encoding.UTF8.GetBytes(config), "c.json")));
        LinearTensor layer = ledger.Linear("layer", outputs, inputs);
        ledger.Close();
        float[] found = new float[outputs * inputs];
        new RowDequantizer(layer).Read(0, outputs, found);
        return found;
    }

    SafetensorsFile Write(TensorSource tensor, SafetensorsReadMode mode)
    {
        string path = Path.Combine(_directory.Path, "one.safetensors");
        SafetensorsWriter.Write(path, [tensor]);
        return SafetensorsFile.Open(path, mode);
    }

    // NaN of either sign and payload is one NaN; zeros keep their sign.
    static uint[] Bits(ReadOnlySpan<float> values)
    {
        uint[] bits = new uint[values.Length];
        for (int i = 0; i < bits.Length; i++)
        {
            bits[i] = float.IsNaN(values[i]) ? 0x7FC00000 : BitConverter.SingleToUInt32Bits(values[i]);
        }

        return bits;
    }

    /// <summary>A part of the second of three matrices that lie inputs first, in any bands, is what it would be if it were stored row by row.</summary>
    [Theory]
    [InlineData(DataType.BFloat16)]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Float32)]
    [InlineData(DataType.Float8E4M3FN)]
    public void Rows_that_are_columns_of_the_file_are_the_same_in_any_bands(DataType type)
    {
        const int Count = 3, Outputs = 50, Inputs = 77;
        int size = type.BitSize() / 8;
        byte[] rows = new byte[Count * Outputs * Inputs * size];
        new Random(7).NextBytes(rows);
        for (int i = size - 1; i < rows.Length; i += size)
        {
            rows[i] &= 0x3F; // finite
        }

        byte[] turned = new byte[rows.Length];
        for (int i = 0; i < Count * Outputs * Inputs; i++)
        {
            (int matrix, int row, int column) = (i / (Outputs * Inputs), i / Inputs % Outputs, i % Inputs);
            rows.AsSpan(i * size, size).CopyTo(turned.AsSpan(((((matrix * Inputs) + column) * Outputs) + row) * size));
        }

        string path = Path.Combine(_directory.Path, "turned.safetensors");
        SafetensorsWriter.Write(path, [new TensorSource("rows", type, [Count, Outputs, Inputs], rows), new TensorSource("turned", type, [Count, Inputs, Outputs], turned)]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using SafetensorsCheckpoint positional = SafetensorsCheckpoint.Open(path, SafetensorsReadMode.Positional);
        float[] scales = [.. Enumerable.Range(0, Count * 5 * 3).Select(i => 0.5f + i)];
        ScaleGrid? grid = type == DataType.Float8E4M3FN ? new ScaleGrid(scales, 10, 32) : null;
        var plain = new LinearTensor(file["rows"], type, Count * Outputs, Inputs, grid);
        LinearTensor other = new LinearTensor(file["turned"], type, Count * Outputs, Inputs, grid) { TransposedRows = Outputs };
        foreach ((long first, int count) in ((long, int)[])[(0, Count * Outputs), (Outputs, Outputs), (Outputs + 13, 20), (Outputs - 3, Outputs + 6)])
        {
            float[] expected = new float[count * Inputs], found = new float[expected.Length];
            new RowDequantizer(plain).Read(first, count, expected);
            foreach (RowDequantizer reader in (RowDequantizer[])[new(other.Slice(first, count)), new(other.Slice(first, count), positional["turned"]), new(plain.Slice(first, count))])
            {
                foreach (int band in (int[])[count, 1, 7])
                {
                    for (int row = 0; row < count; row += band)
                    {
                        int take = Math.Min(band, count - row);
                        reader.Read(row, take, found.AsSpan(row * Inputs, take * Inputs));
                    }

                    Assert.Equal(Bits(expected), Bits(found));
                    Array.Clear(found);
                }
            }
        }
    }
}
