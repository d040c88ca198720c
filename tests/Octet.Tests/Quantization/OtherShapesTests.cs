using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>Codes that are no matrix: vectors, convolutions, the experts of a mixture.</summary>
public sealed class OtherShapesTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    string Source => Path.Combine(_directory.Path, "source.safetensors");

    string Destination => Path.Combine(_directory.Path, "destination.safetensors");

    public void Dispose() => _directory.Dispose();

    public static TheoryData<DataType, long[]> Unscaled
    {
        get
        {
            var data = new TheoryData<DataType, long[]>();
            foreach (DataType type in (DataType[])[DataType.Float8E4M3FN, DataType.Float8E5M2, DataType.Float8E4M3FNUZ, DataType.Float8E5M2FNUZ, DataType.Float4E2M1FN])
            {
                foreach (long[] shape in (long[][])[[32], [8, 4, 3, 3], [4, 6, 2], [3, 4, 5], [2, 1, 1, 1, 6], [4, 8]])
                {
                    data.Add(type, shape);
                }
            }

            data.Add(DataType.Float8E4M3FN, []);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Unscaled))]
    public void Codes_without_scales_are_the_weights_whatever_their_shape(DataType type, long[] shape)
    {
        int count = (int)shape.Aggregate(1L, (a, b) => a * b);
        int bits = type == DataType.Float4E2M1FN ? 4 : 8;
        byte[] codes = [.. Enumerable.Range(0, count).Select(i => (byte)(bits == 4 ? i * 5 % 16 : i * 37 % 120))];
        byte[] bytes = bits == 8 ? codes : [.. codes.Chunk(2).Select(pair => (byte)(pair[0] | pair[1] << 4))];
        Write(new TensorSource("block.norm.scale", type, shape, bytes), new TensorSource("block.norm.bias", DataType.Float16, [1], new byte[2]));

        Run(QuantizationScheme.BFloat16);

        using SafetensorsFile file = SafetensorsFile.Open(Destination);
        TensorView found = file["block.norm.scale"];
        Assert.Equal(DataType.BFloat16, found.DataType);
        Assert.Equal(shape, found.Shape.ToArray());
        Assert.Equal(codes.Select(code => WeightScheme.Decode(type, code)), found.AsSpan<BFloat16>().ToArray().Select(value => (double)(float)value));
        Assert.Equal(DataType.Float16, file["block.norm.bias"].DataType);
    }

    [Fact]
    public void What_is_no_matrix_stays_wide_where_matrices_are_quantised()
    {
        Write(
            new TensorSource("block.proj.weight", DataType.Float8E4M3FN, [32, 32], new byte[1024]),
            new TensorSource("block.proj.bias", DataType.Float8E4M3FN, [2], (byte[])[0x38, 0xB8]));

        Run(QuantizationScheme.Channel);

        using SafetensorsFile file = SafetensorsFile.Open(Destination);
        Assert.Equal([1f, -1f], file["block.proj.bias"].AsSpan<BFloat16>().ToArray().Select(value => (float)value));
        Assert.Equal(DataType.Float8E4M3FN, file["block.proj.weight"].DataType);
        Assert.Equal("[]", JsonNode.Parse(file.Metadata["quantization_config"])!["ignore"]!.ToJsonString());
    }

    [Theory]
    [InlineData("experts.gate_up_proj", "experts.gate_up_proj_scale_inv", 128, 128, new long[] { 3, 2, 2 })]
    [InlineData("experts.gate_up_proj", "experts.gate_up_proj_scale", 1, 0, new long[] { 3, 192, 1 })]
    [InlineData("experts.gate_up_proj", "experts.gate_up_proj_scale", 1, 0, new long[] { 3, 192 })]
    [InlineData("experts.gate_up_proj", "experts.gate_up_proj_scale", 0, 1, new long[] { 3, 1, 160 })]
    [InlineData("experts.down_proj", "experts.down_proj_scale_inv", 0, 0, new long[] { 3, 1, 1 })]
    [InlineData("experts.down_proj", "experts.down_proj_scale", 0, 0, new long[] { 3 })]
    [InlineData("experts.up.weight", "experts.up.weight_scale_inv", 128, 128, new long[] { 3, 2, 2 })]
    [InlineData("experts.up.weight", "experts.up.weight_scale", 1, 0, new long[] { 3, 192, 1 })]
    public void Each_expert_has_scales_of_its_own(string codes, string scales, int blockRows, int blockColumns, long[] shape)
    {
        const int Experts = 3, Rows = 192, Columns = 160;
        byte[] bytes = Codes(Experts * Rows * Columns);
        float[] values = Scales((int)shape.Aggregate(1L, (a, b) => a * b));
        Write(new TensorSource(codes, DataType.Float8E4M3FN, [Experts, Rows, Columns], bytes), TensorSource.Create<float>(scales, shape, values));

        Run(QuantizationScheme.BFloat16);

        (int height, int width) = (blockRows == 0 ? Rows : blockRows, blockColumns == 0 ? Columns : blockColumns);
        (int down, int across) = ((Rows + height - 1) / height, (Columns + width - 1) / width);
        using SafetensorsFile file = SafetensorsFile.Open(Destination);
        Assert.Equal([codes], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([Experts, Rows, Columns], file[codes].Shape.ToArray());
        Assert.Equal(
            Enumerable.Range(0, bytes.Length).Select(i =>
            {
                (int expert, int row, int column) = (i / (Rows * Columns), i / Columns % Rows, i % Columns);
                float weight = (float)(WeightScheme.Decode(DataType.Float8E4M3FN, bytes[i]) * values[(expert * down * across) + (row / height * across) + (column / width)]);
                return NearestBFloat16.Round(weight);
            }),
            file[codes].AsSpan<BFloat16>().ToArray().Select(value => (double)(float)value));
    }

    [Fact]
    public void Experts_as_gpt_oss_packs_them_are_stored_wide_as_it_computes_with_them()
    {
        // convert_moe_packed_tensors of transformers: [experts, outputs, groups, 16] becomes [experts, inputs, outputs].
        const int Experts = 2, Outputs = 70, Inputs = 96;
        byte[] blocks = Codes(Experts * Outputs * Inputs / 2, 256);
        byte[] exponents = [.. Enumerable.Range(0, Experts * Outputs * Inputs / 32).Select(i => (byte)(120 + (i % 11)))];
        Write(
            new TensorSource("model.layers.0.mlp.experts.gate_up_proj_blocks", DataType.UInt8, [Experts, Outputs, Inputs / 32, 16], blocks),
            new TensorSource("model.layers.0.mlp.experts.gate_up_proj_scales", DataType.UInt8, [Experts, Outputs, Inputs / 32], exponents),
            TensorSource.Create<BFloat16>("model.layers.0.mlp.experts.gate_up_proj_bias", [Experts, Outputs], new BFloat16[Experts * Outputs]));

        QuantizationReport report = Run(QuantizationScheme.BFloat16);

        using SafetensorsFile file = SafetensorsFile.Open(Destination);
        Assert.Equal(["model.layers.0.mlp.experts.gate_up_proj", "model.layers.0.mlp.experts.gate_up_proj_bias"], file.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        TensorView found = file["model.layers.0.mlp.experts.gate_up_proj"];
        Assert.Equal([Experts, Inputs, Outputs], found.Shape.ToArray());
        BFloat16[] values = found.AsSpan<BFloat16>().ToArray();
        for (int i = 0; i < values.Length; i++)
        {
            (int expert, int input, int output) = (i / (Inputs * Outputs), i / Outputs % Inputs, i % Outputs);
            int at = (((expert * Outputs) + output) * Inputs) + input;
            Assert.Equal(WeightScheme.Decode(DataType.Float4E2M1FN, (blocks[at / 2] >> (at % 2 * 4)) & 15) * Math.Pow(2, exponents[at / 32] - 127), (double)(float)values[i]);
        }

        Assert.Equal(double.PositiveInfinity, report.SignalToNoise);
    }

    [Theory]
    [InlineData(DataType.Float8E4M3FN)]
    [InlineData(DataType.BFloat16)]
    public void Experts_in_one_tensor_stay_wide_and_the_config_names_them(DataType type)
    {
        string name = "model.layers.0.mlp.experts.gate_up_proj";
        byte[] bytes = new byte[4 * 64 * 32 * (type == DataType.BFloat16 ? 2 : 1)];
        List<TensorSource> tensors = [new TensorSource(name, type, [4, 64, 32], bytes), new TensorSource("model.layers.0.self_attn.q_proj.weight", DataType.BFloat16, [128, 128], new byte[32768])];
        if (type == DataType.Float8E4M3FN)
        {
            tensors.Add(TensorSource.Create<float>(name + "_scale_inv", [4, 1, 1], Scales(4)));
        }

        Write([.. tensors]);

        QuantizationReport report = Run(QuantizationScheme.Block);

        using SafetensorsFile file = SafetensorsFile.Open(Destination);
        Assert.Equal(DataType.BFloat16, file[name].DataType);
        Assert.Equal("""["model.layers.0.mlp.experts"]""", JsonNode.Parse(file.Metadata["quantization_config"])!["modules_to_not_convert"]!.ToJsonString());
        Assert.Equal(
            [$"{name} {(type == DataType.BFloat16 ? "stays as it is" : "becomes bfloat16")}: which of their matrices are gates, and which way they lie, is known of models only that run here"],
            report.Notes);
    }

    [Theory]
    [InlineData(DataType.Float32, new long[] { 4, 3, 1 }, "scales of shape [4, 3, 1] for experts.up_proj of 4 matrices of 64 x 32 are not implemented: expected [4, 1, 1]")]
    [InlineData(DataType.Int32, new long[] { 4, 1, 1 }, "scales of type Int32")]
    public void Scales_of_experts_that_do_not_fit_are_named(DataType type, long[] shape, string message)
    {
        Write(
            new TensorSource("experts.up_proj", DataType.Float8E4M3FN, [4, 64, 32], new byte[4 * 64 * 32]),
            new TensorSource("experts.up_proj_scale_inv", type, shape, new byte[shape.Aggregate(4L, (a, b) => a * b)]));

        var error = Assert.Throws<ModelException>(() => Run(QuantizationScheme.BFloat16));

        Assert.Contains("experts.up_proj_scale_inv: " + message, error.Message, StringComparison.Ordinal);
    }

    // Empty tensors may have a shape of any numbers.
    [Theory]
    [InlineData("p.weight", DataType.BFloat16, new long[] { 0, 3_000_000_000 }, null, null, "rows of 3000000000 weights")]
    [InlineData("p.weight", DataType.Float8E4M3FN, new long[] { 0, 3_000_000_000 }, "p.weight_scale", new long[] { 1 }, "rows of 3000000000 weights")]
    [InlineData("p.weight", DataType.UInt8, new long[] { 0, 1L << 60 }, "p.weight_scale", new long[] { 1 }, "U8 of the full shape|rows of ")]
    [InlineData("p.weight_packed", DataType.UInt8, new long[] { 0, 1L << 59 }, "p.weight_scale", new long[] { 0, 1L << 55 }, "rows of 1152921504606846976 weights")]
    [InlineData("experts.up_proj", DataType.Float8E4M3FN, new long[] { 0, 2, 3_000_000_000 }, "experts.up_proj_scale", new long[] { 0, 1, 3_000_000_000 }, "rows of 3000000000 codes")]
    [InlineData("experts.up_proj_blocks", DataType.UInt8, new long[] { 0, 2, 1_000_000_000, 16 }, "experts.up_proj_scales", new long[] { 0, 2, 1_000_000_000 }, "rows of 32000000000 codes")]
    public void Rows_without_an_end_are_named(string name, DataType type, long[] shape, string? scale, long[]? scaleShape, string message)
    {
        List<TensorSource> tensors = [new(name, type, shape, Array.Empty<byte>())];
        if (scale is not null)
        {
            bool isByte = type == DataType.UInt8 && scaleShape!.Length > 1;
            long count = scaleShape!.Contains(0) ? 0 : 1;
            tensors.Add(new TensorSource(scale, isByte ? DataType.UInt8 : DataType.Float32, scaleShape!, new byte[count * 4]));
        }

        Write([.. tensors]);

        var error = Assert.Throws<ModelException>(() => Run(QuantizationScheme.BFloat16));

        Assert.Equal(name, error.TensorName);
        Assert.Contains(message.Split('|'), said => error.Message.Contains(said, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("flux-like")]
    [InlineData("conv-like")]
    [InlineData("fused-experts")]
    public void The_files_of_the_public_reports_become_bfloat16(string name)
    {
        string source = Fixtures.Case("loader", "09-raw-fp8-biases-convs-experts", "files", name + ".safetensors");

        CheckpointQuantizer.Run(source, Destination, new() { Scheme = QuantizationScheme.BFloat16 }, TestContext.Current.CancellationToken);

        using SafetensorsFile before = SafetensorsFile.Open(source);
        using SafetensorsFile after = SafetensorsFile.Open(Destination);
        Assert.All(after.Tensors, tensor => Assert.True(tensor.DataType is DataType.BFloat16 or DataType.Float16, tensor.ToString()));
        foreach (TensorView raw in before.Tensors.Where(tensor => tensor.DataType == DataType.Float8E4M3FN && !before.TryGetTensor(tensor.Name + "_scale_inv", out _)))
        {
            Assert.Equal(raw.Bytes.ToArray().Select(code => WeightScheme.Decode(DataType.Float8E4M3FN, code)), after[raw.Name].AsSpan<BFloat16>().ToArray().Select(value => (double)(float)value));
        }
    }

    static byte[] Codes(int count, int below = 120) => [.. Enumerable.Range(0, count).Select(i => (byte)(i * 37L % 251 % below))];

    static float[] Scales(int count) => [.. Enumerable.Range(0, count).Select(i => 0.01f + (i % 13 * 0.003f))];

    void Write(params TensorSource[] tensors) => SafetensorsWriter.Write(Source, tensors, cancellationToken: TestContext.Current.CancellationToken);

    QuantizationReport Run(QuantizationScheme scheme) => CheckpointQuantizer.Run(Source, Destination, new() { Scheme = scheme }, TestContext.Current.CancellationToken);
}
