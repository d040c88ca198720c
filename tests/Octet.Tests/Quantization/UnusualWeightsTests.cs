using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>Weights at the ends of what a float holds, none at all, and what is no number.</summary>
public sealed class UnusualWeightsTests : IDisposable
{
    const int Rows = 130, Columns = 160;

    readonly TemporaryDirectory _directory = new();

    string Source => Path.Combine(_directory.Path, "source.safetensors");

    string Destination => Path.Combine(_directory.Path, "destination.safetensors");

    public void Dispose() => _directory.Dispose();

    public static TheoryData<QuantizationScheme, bool> Schemes
    {
        get
        {
            var schemes = new TheoryData<QuantizationScheme, bool>();
            foreach (QuantizationScheme scheme in Enum.GetValues<QuantizationScheme>().Where(scheme => scheme != QuantizationScheme.BFloat16))
            {
                schemes.Add(scheme, false);
                schemes.Add(scheme, true);
            }

            return schemes;
        }
    }

    [Fact]
    public void Factors_of_inputs_go_into_a_wide_weight_that_stays_wide()
    {
        float[] factors = [.. Enumerable.Range(0, Columns).Select(column => column % 2 == 0 ? 2f : 0.5f)];
        BFloat16[] values = [.. Ordinary().Select(value => (BFloat16)value)];
        SafetensorsWriter.Write(
            Source,
            [TensorSource.Create<BFloat16>("a.weight", [Rows, Columns], values), TensorSource.Create<float>("a.pre_quant_scale", [Columns], factors)],
            cancellationToken: TestContext.Current.CancellationToken);

        Run(new() { Scheme = QuantizationScheme.BFloat16 });

        using SafetensorsFile file = SafetensorsFile.Open(Destination);
        Assert.Equal(values.Select((value, i) => (BFloat16)((float)value * factors[i % Columns])), file["a.weight"].AsSpan<BFloat16>().ToArray());
        Assert.Equal("a.weight", Assert.Single(file.Tensors).Name);
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void One_weight_next_to_the_largest_number_is_measured_like_any_other(QuantizationScheme scheme, bool search)
    {
        float[] values = Ordinary();
        values[(70 * Columns) + 33] = 3e38f;
        if (scheme == QuantizationScheme.Nvfp4)
        {
            var error = Assert.Throws<ModelException>(() => Quantize(values, scheme, search));
            Assert.Contains("a.weight: weights up to 3E+38, expected less than 2688 for NVFP4", error.Message, StringComparison.Ordinal);
            return;
        }

        QuantizedModule module = Quantize(values, scheme, search);

        double[] found = Found();
        Assert.Equal(values.Sum(value => (double)value * value), module.SquaredSignal, module.SquaredSignal * 1e-12);

        // What a code and a scale stand for is rounded to float32.
        Assert.Equal(values.Zip(found).Sum(pair => Math.Pow(pair.First - (double)(float)pair.Second, 2)), module.SquaredError, module.SquaredError * 1e-5);
        Assert.True(double.IsFinite(module.SignalToNoise), $"{module.SignalToNoise}");
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Weights_of_zero_are_zero_and_lose_nothing(QuantizationScheme scheme, bool search)
    {
        QuantizedModule module = Quantize(new float[Rows * Columns], scheme, search);

        Assert.All(Found(), value => Assert.Equal(0, value));
        Assert.Equal(double.PositiveInfinity, module.SignalToNoise);
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Weights_below_the_normal_numbers_have_scales_above_zero_and_an_error_that_is_a_number(QuantizationScheme scheme, bool search)
    {
        float[] values = [.. Enumerable.Range(0, Rows * Columns).Select(i => (i % 7 - 3) * float.Epsilon * 9)];

        QuantizedModule module = Quantize(values, scheme, search);

        Assert.Equal(values.Sum(value => (double)value * value), module.SquaredSignal, module.SquaredSignal * 1e-12);
        Assert.False(double.IsNaN(module.SignalToNoise));
        Assert.All(Found(), value => Assert.InRange(Math.Abs(value), 0, 1e-38));
    }

    [Fact]
    public void A_weight_that_would_be_infinite_is_refused_with_its_place()
    {
        float[] values = Ordinary();
        values[(70 * Columns) + 33] = float.MaxValue;
        SafetensorsWriter.Write(
            Source,
            [TensorSource.Create<Float8E4M3FN>("a.weight", [Rows, Columns], values.Select(value => value == float.MaxValue ? (Float8E4M3FN)448f : default).ToArray()), TensorSource.Create<float>("a.weight_scale", [1], new float[] { float.MaxValue / 448 })],
            cancellationToken: TestContext.Current.CancellationToken);

        var error = Assert.Throws<ModelException>(() => Run(new() { Scheme = QuantizationScheme.BFloat16 }));

        Assert.Contains("a.weight: the weight of row 70, column 33 is 3.40282", error.Message, StringComparison.Ordinal);
        Assert.Equal(["source.safetensors"], Directory.EnumerateFileSystemEntries(_directory.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(QuantizationScheme.Block, DataType.Float32, false)]
    [InlineData(QuantizationScheme.Block, DataType.Float32, true)]
    [InlineData(QuantizationScheme.Block, DataType.BFloat16, false)]
    [InlineData(QuantizationScheme.Block, DataType.Float8E8M0FNU, false)]
    [InlineData(QuantizationScheme.Channel, DataType.BFloat16, false)]
    [InlineData(QuantizationScheme.Tensor, DataType.BFloat16, false)]
    [InlineData(QuantizationScheme.Mxfp8, null, false)]
    [InlineData(QuantizationScheme.Mxfp4, null, false)]
    public void No_code_times_its_scale_is_infinite(QuantizationScheme scheme, DataType? scaleType, bool powers)
    {
        // From half the largest number on, where scales that round up lead beyond it.
        float[] values = [.. Enumerable.Range(0, Rows * Columns).Select(i => float.MaxValue * (0.5f + (i / Columns / (2f * Rows - 2))))];

        Quantize(values, scheme, search: false, powers, scaleType);

        // E2M1's nearest value above 3/4 of the largest is a third away.
        Assert.All(values.Zip(Found()), pair => Assert.InRange((float)pair.Second, pair.First * 0.7f, float.MaxValue));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Matrices_without_weights_are_copied(QuantizationScheme scheme, bool search)
    {
        float[] values = Ordinary();
        SafetensorsWriter.Write(
            Source,
            [
                TensorSource.Create<float>("a.weight", [Rows, Columns], values),
                TensorSource.Create<float>("b.weight", [0, Columns], Array.Empty<float>()),
                TensorSource.Create<float>("c.weight", [Rows, 0], Array.Empty<float>()),
                TensorSource.Create<Float8E4M3FN>("d.weight", [0, 0], Array.Empty<Float8E4M3FN>()),
                TensorSource.Create<Float8E4M3FN>("e.weight", [Rows, 0], Array.Empty<Float8E4M3FN>()),
                TensorSource.Create<Float8E4M3FN>("f", [0], Array.Empty<Float8E4M3FN>()),
            ],
            cancellationToken: TestContext.Current.CancellationToken);

        Run(new() { Scheme = scheme, Search = search });

        using SafetensorsFile file = SafetensorsFile.Open(Destination);
        Assert.Equal([0, Columns], file["b.weight"].Shape.ToArray());
        Assert.Equal([Rows, 0], file["c.weight"].Shape.ToArray());
        Assert.Equal(DataType.BFloat16, file["d.weight"].DataType);
        Assert.Equal([Rows, 0], file["e.weight"].Shape.ToArray());
        Assert.Equal([0], file["f"].Shape.ToArray());
    }

    [Fact]
    public void Codes_that_are_no_number_stay_so_in_bfloat16_and_are_noted()
    {
        Float8E5M2[] codes = [.. Enumerable.Range(0, 256).Select(code => Float8E5M2.FromBits((byte)code))];
        SafetensorsWriter.Write(Source, [TensorSource.Create<Float8E5M2>("a.weight", [16, 16], codes)], cancellationToken: TestContext.Current.CancellationToken);

        QuantizationReport report = Run(new() { Scheme = QuantizationScheme.BFloat16 });

        using SafetensorsFile file = SafetensorsFile.Open(Destination);
        Assert.Equal(codes.Select(code => (float)code), file["a.weight"].AsSpan<BFloat16>().ToArray().Select(value => (float)value));

        // Of each sign one infinity and three NaN.
        Assert.Equal(["a.weight: 8 weights are NaN or infinite, as they are in the source"], report.Notes);
        Assert.Equal(double.PositiveInfinity, report.SignalToNoise);
    }

    static float[] Ordinary() => [.. Enumerable.Range(0, Rows * Columns).Select(i => (float)Math.Sin(i * 0.7) / 8)];

    QuantizedModule Quantize(float[] values, QuantizationScheme scheme, bool search, bool powers = false, DataType? scaleType = null)
    {
        SafetensorsWriter.Write(Source, [TensorSource.Create<float>("a.weight", [Rows, Columns], values)], cancellationToken: TestContext.Current.CancellationToken);
        return Assert.Single(Run(new() { Scheme = scheme, Search = search, PowerOfTwoScales = powers, ScaleType = scaleType }).Modules);
    }

    double[] Found()
    {
        using var written = SafetensorsCheckpoint.Open(Destination);
        return QuantizedWeights.Read(written, "a", Rows, Columns).Weights;
    }

    QuantizationReport Run(QuantizationOptions options) => CheckpointQuantizer.Run(Source, Destination, options, TestContext.Current.CancellationToken);
}
