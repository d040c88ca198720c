using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

/// <summary>What becomes of a layer's inputs, seen through layers whose weights are the identity.</summary>
public sealed unsafe class InputQuantizationTests : IDisposable
{
    const int Columns = 300;

    readonly TemporaryDirectory _directory = new();
    readonly SafetensorsFile _file;

    public InputQuantizationTests()
    {
        // 0x38 is 1 in E4M3, 0x3F80 in bfloat16.
        byte[] codes = new byte[Columns * Columns];
        byte[] wide = new byte[codes.Length * 2];
        for (int i = 0; i < Columns; i++)
        {
            codes[i * (Columns + 1)] = 0x38;
            BitConverter.TryWriteBytes(wide.AsSpan(i * (Columns + 1) * 2), (ushort)0x3F80);
        }

        string path = Path.Combine(_directory.Path, "identity.safetensors");
        SafetensorsWriter.Write(path, [new TensorSource("codes", DataType.Float8E4M3FN, [Columns, Columns], codes), new TensorSource("wide", DataType.BFloat16, [Columns, Columns], wide)]);
        _file = SafetensorsFile.Open(path);
    }

    public static TheoryData<string> Sets => KernelSets.Names;

    public void Dispose()
    {
        _file.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Inputs_of_static_layers_have_the_layers_own_scale_also_where_layers_share_them(string set)
    {
        foreach (int tokens in (int[])[1, 7])
        {
            float[] x = Inputs(tokens);
            float[][] found = Multiply(set, ActivationMode.Static, x, tokens, Codes(0.01f), Codes(0.002f), Codes(0.01f));
            Assert.All((int[])[0, 2], i => AssertEqual(x, found[i], _ => 0.01f));
            AssertEqual(x, found[1], _ => 0.002f);

            found = Multiply(set, ActivationMode.Static, x, tokens, Codes(0.01f), Wide, Codes(0.002f) with { Scales = null });
            AssertEqual(x, found[0], _ => 0.01f);
            Assert.Equal(x, found[1]);
            AssertEqual(x, found[2], _ => 0.002f);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void An_input_that_is_no_number_is_not_made_one(float bad)
    {
        float[] x = Inputs(5);
        x[3 * Columns + 140] = bad;
        foreach (ActivationMode mode in (ActivationMode[])[ActivationMode.Static, ActivationMode.Dynamic])
        {
            float[] found = Multiply("scalar", mode, x, 5, Codes(0.01f))[0];
            Assert.All(Enumerable.Range(0, found.Length), i => Assert.Equal(i / Columns == 3, float.IsNaN(found[i])));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Inputs_of_dynamic_layers_have_the_scale_of_their_group_or_token(string set)
    {
        foreach (int tokens in (int[])[1, 7])
        {
            float[] x = Inputs(tokens);
            float[][] found = Multiply(set, ActivationMode.Dynamic, x, tokens, Codes(0.01f), Codes(0.01f) with { DynamicInput = new(0, 0, false) }, Codes(0.01f) with { DynamicInput = new(0, 128, true) });
            AssertEqual(x, found[0], group => Largest(group, 128) / 448);
            AssertEqual(x, found[1], group => Largest(group, Columns) / 448);
            AssertEqual(x, found[2], group => (float)Math.Pow(2, Math.Ceiling(Math.Log2(Largest(group, 128) / 448))));
        }

        // The group of channel i of x.
        static float Largest((float[] Token, int Channel) at, int length)
            => at.Token.Chunk(length).ElementAt(at.Channel / length).Max(MathF.Abs);
    }

    [Fact]
    public void Inputs_of_layers_that_are_not_quantised_stay_as_they_are()
    {
        float[] x = Inputs(3);
        Assert.All(Enum.GetValues<ActivationMode>(), mode => Assert.Equal(x, Multiply("scalar", mode, x, 3, Wide, Wide with { InputScale = null }, Wide)[0]));
    }

    // Around 448 * 2^k, where rounding up to a power of two begins, every float32 nearby; zeros; the least that counts.
    [Fact]
    public void A_computed_power_of_two_is_the_smallest_with_which_nothing_saturates()
    {
        foreach (int exponent in (int[])[-20, -9, 0, 3, 40])
        {
            for (int ulps = -100; ulps <= 100; ulps++)
            {
                float largest = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(448 * MathF.Pow(2, exponent)) + ulps);
                float scale = PowerOfTwo(largest);
                Assert.Equal(MathF.Pow(2, ulps > 0 ? exponent + 1 : exponent), scale);
            }
        }

        Assert.Equal(MathF.Pow(2, -42), PowerOfTwo(0));
        Assert.True(float.IsNaN(PowerOfTwo(float.NaN)));
    }

    static float PowerOfTwo(float largest)
    {
        float[] scales = new float[1];
        ActivationQuantizer.Quantize([largest / 2, -largest, largest / 3], new(0, 128, true), new float[64], scales);
        return scales[0];
    }

    LinearTensor Codes(float inputScale) => new(_file["codes"], new ScaleGrid([1f], Columns, Columns)) { InputScale = inputScale };

    LinearTensor Wide => new(_file["wide"], null);

    static float[] Inputs(int tokens)
    {
        var random = new Random(tokens);
        return [.. Enumerable.Range(0, tokens * Columns).Select(_ => random.NextSingle() * 4 - 2)];
    }

    static float[][] Multiply(string set, ActivationMode mode, float[] x, int tokens, params LinearTensor[] layers)
    {
        using var backend = new CpuBackend(KernelSets.Get(set), 2, mode);
        using var input = (CpuActivations)backend.CreateActivations(tokens, Columns);
        Activations[] outputs = [.. layers.Select(_ => backend.CreateActivations(tokens, Columns))];
        Weight[] weights = [.. layers.Select(backend.CreateLinear)];
        for (int t = 0; t < tokens; t++)
        {
            x.AsSpan(t * Columns, Columns).CopyTo(new Span<float>(input.Row(t), Columns));
        }

        backend.Linear(input, weights, outputs, tokens);
        float[][] found = [.. outputs.Select(output => Enumerable.Range(0, tokens).SelectMany(t => new Span<float>(((CpuActivations)output).Row(t), Columns).ToArray()).ToArray())];
        foreach (IDisposable owned in (IDisposable[])[.. outputs, .. weights])
        {
            owned.Dispose();
        }

        return found;
    }

    static void AssertEqual(float[] x, float[] found, Func<(float[] Token, int Channel), float> scaleOf)
    {
        for (int i = 0; i < x.Length; i++)
        {
            float[] token = x[(i / Columns * Columns)..((i / Columns + 1) * Columns)];
            float scale = scaleOf((token, i % Columns));
            Assert.Equal((float)(E4M3.Decode(E4M3.Encode(x[i] / scale)) * scale), found[i]);
        }
    }
}
