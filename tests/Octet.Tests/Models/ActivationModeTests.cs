using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Backends;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

/// <summary>Inputs of quantised layers in 8 bits, as whole models: against a forward in double precision that quantises them by the rule.</summary>
public class ActivationModeTests
{
    const string Query = "model.layers.0.self_attn.q_proj";
    const string Up = "model.layers.0.mlp.up_proj";
    const string Token = """{"type": "float", "num_bits": 8, "strategy": "token", "dynamic": true}""";

    [Theory]
    [InlineData("compressed-tensors, channel", "quantization_config.config_groups.group_0.input_activations", Token, 0, false)]
    [InlineData("compressed-tensors, channel", "quantization_config.config_groups.group_0.targets", """["Linear"]""", 128, false)]
    [InlineData("modelopt, per channel", "", "", 0, false)]
    [InlineData("fbgemm", "", "", 0, false)]
    [InlineData("modelopt, NVFP4", "", "", 128, false)]
    [InlineData("fp8, E5M2, one scale", "", "", 128, false)]
    [InlineData("fp8, blocks, E8M0 scales", "", "", 128, false)]
    [InlineData("fp8, blocks, ue8m0", "", "", 128, true)]
    public void Dynamic_activations_have_the_groups_and_scales_that_the_config_says(string scheme, string key, string value, int group, bool powersOfTwo)
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = Checkpoint(scheme) with { EditConfig = config => Set(config, key, value) };
        checkpoint.Write(directory.Path);
        DoubleReference Reference(int group, bool powersOfTwo) => new(directory.Path, dynamic: true, meant: checkpoint.Meant) { Group = group, PowersOfTwo = powersOfTwo };
        int[] ids = LogitsTests.Ids(20, checkpoint.VocabSize);
        float[][] found = Score(directory.Path, ActivationMode.Dynamic, ids);
        AssertQuantized(Reference(group, powersOfTwo).Forward(ids), found, scheme);

        // The largest channels of a token and of a part of it mostly lead to the same power of two.
        Assert.True(powersOfTwo || Median(LogitsTests.Errors(Reference(128 - group, powersOfTwo).Forward(ids), found)) > 1e-3, "another group must show");
        Assert.True(Median(LogitsTests.Errors(Reference(group, !powersOfTwo).Forward(ids), found)) > 1e-3, "other scales must show");
    }

    [Fact]
    public void An_upper_bound_of_activations_is_the_largest_magnitude_that_counts()
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = Checkpoint("fbgemm") with { EditConfig = config => Set(config, "quantization_config.activation_scale_ub", "1.25") };
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(20, checkpoint.VocabSize);
        float[][] found = Score(directory.Path, ActivationMode.Dynamic, ids);

        DoubleReference Reference(float bound) => new(directory.Path, dynamic: true, meant: checkpoint.Meant) { Group = 0, Bound = bound };
        AssertQuantized(Reference(1.25f).Forward(ids), found, "fbgemm");
        Assert.True(Median(LogitsTests.Errors(Reference(float.PositiveInfinity).Forward(ids), found)) > 1e-2, "what is beyond the bound must show");
    }

    [Theory]
    [InlineData("fp8, one scale, static activations")]
    [InlineData("compressed-tensors, tensor")]
    [InlineData("modelopt, FP8")]
    [InlineData("scale_weight, no config")]
    public void Static_activations_have_the_scale_of_their_layer(string scheme)
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = Checkpoint(scheme);
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(20, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path, meant: checkpoint.Meant) { Static = true }.Forward(ids);
        double[][] weightOnly = new DoubleReference(directory.Path, meant: checkpoint.Meant).Forward(ids);
        foreach ((string name, CpuKernels kernels) in KernelSets.All)
        {
            float[][] found = Score(directory.Path, ActivationMode.Static, ids, kernels);
            AssertQuantized(expected, found, $"{scheme} on {name}");
            Assert.True(Median(LogitsTests.Errors(weightOnly, found)) > 1e-3, "quantised activations must show");
        }
    }

    [Theory]
    [InlineData("fp8, blocks of 64 x 32")]
    [InlineData("raw FP8")]
    [InlineData("quanto")]
    public void Static_activations_of_a_checkpoint_without_scales_for_them_are_refused(string scheme)
        => AssertRefused(Checkpoint(scheme), "no layer has a scale of its inputs (input_scale, activation_scale, act_scale, scale_input)", "dynamic or weight-only");

    [Fact]
    public void Static_activations_of_a_checkpoint_that_is_not_quantised_are_refused()
        => AssertRefused(new SyntheticCheckpoint { Layers = 1, LinearType = DataType.BFloat16 }, "no layer has a scale of its inputs");

    [Fact]
    public void The_first_layer_without_a_scale_of_its_inputs_is_named()
        => AssertRefused(
            Checkpoint("modelopt, FP8") with { Edit = tensors => Assert.Equal(2, tensors.RemoveAll(tensor => tensor.Name is Up + ".input_scale" or Query + ".input_scale")) },
            $"tensor {Query}.weight", "no scale of the layer's inputs", "which other layers have", "dynamic or weight-only");

    [Theory]
    [InlineData("modelopt, NVFP4", Query + ".weight")]
    [InlineData("compressed-tensors, NVFP4", Query + ".weight_packed")]
    [InlineData("mxfp4", Query + "_blocks")]
    public void Static_activations_of_4_bit_weights_are_refused(string scheme, string tensor)
        => AssertRefused(Checkpoint(scheme), $"tensor {tensor}", "4 bits", "not implemented", "dynamic or weight-only");

    [Fact]
    public void A_layer_with_two_scales_of_its_inputs_is_refused()
        => AssertRefused(
            Checkpoint("modelopt, FP8") with { Edit = tensors => tensors.Add(new TensorSource(Up + ".activation_scale", DataType.Float32, [], BitConverter.GetBytes(1f))) },
            $"tensor {Up}.activation_scale", "twice", ".input_scale");

    [Theory]
    [InlineData(0.75f)]
    [InlineData(0f)]
    public void A_scale_that_is_no_power_of_two_is_refused_where_the_config_says_ue8m0(float scale)
        => AssertRefused(
            Checkpoint("fp8, blocks, ue8m0") with
            {
                Edit = tensors =>
                {
                    int index = tensors.FindIndex(tensor => tensor.Name == Up + ".weight_scale_inv");
                    byte[] bytes = [.. Enumerable.Repeat(0.5f, 6).SelectMany(BitConverter.GetBytes)];
                    BitConverter.TryWriteBytes(bytes.AsSpan(12), scale);
                    tensors[index] = new TensorSource(Up + ".weight_scale_inv", DataType.Float32, [3, 2], bytes);
                },
            },
            $"tensor {Up}.weight_scale_inv", "block [1, 1]", $"is {scale}", "a power of two", "ue8m0");

    [Fact]
    public void A_mode_that_is_none_is_refused()
        => Assert.Throws<ArgumentOutOfRangeException>(() => LanguageModel.Load(".", new() { Activation = (ActivationMode)3 }));

    static SyntheticCheckpoint Checkpoint(string scheme) => new() { Scheme = WeightScheme.All[scheme](), MaxPositionEmbeddings = 64, Layers = 1 };

    static void Set(JsonObject config, string key, string value)
    {
        JsonNode at = config;
        string[] path = key.Split('.');
        foreach (string part in path[..^1])
        {
            at = at[part]!;
        }

        if (path[^1].Length > 0)
        {
            at[path[^1]] = JsonNode.Parse(value);
        }
    }

    static float[][] Score(string path, ActivationMode mode, int[] ids, CpuKernels? kernels = null)
    {
        using var model = LanguageModel.Load(path, new() { Threads = 2, Activation = mode, KvCache = KvCacheType.Float32 }, kernels ?? InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        return LogitsTests.Score(model, ids);
    }

    // An input that lies on a rounding border may fall to either side: most positions agree closely, all roughly.
    static void AssertQuantized(double[][] expected, float[][] found, string what)
    {
        double[] errors = LogitsTests.Errors(expected, found);
        Assert.True(Median(errors) < 1e-4, $"{what}: median error {Median(errors):e2}");
        Assert.All(errors, error => Assert.InRange(error, 0, 0.03));
    }

    static double Median(double[] errors) => errors.Order().ElementAt(errors.Length / 2);

    static void AssertRefused(SyntheticCheckpoint checkpoint, params string[] said)
    {
        using var directory = new TemporaryDirectory();
        checkpoint.Write(directory.Path);
        var error = Assert.Throws<ModelException>(() => LanguageModel.Load(directory.Path, new() { Activation = ActivationMode.Static }));
        Assert.All(said, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
    }
}
