using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Families;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>
/// Mixtures whose experts are in one tensor: quantised, they are the same files, bit for bit, as those made of the same matrices stored apart, and what the oracles
/// make of these is what they compute.
/// </summary>
public sealed class ExpertsInOneTensorTests(MixtureModels mixtures, Gemma4Models gemma4) : IClassFixture<MixtureModels>, IClassFixture<Gemma4Models>, IDisposable
{
    static readonly int[] s_ids = LogitsTests.Ids(48, 301);

    static readonly string[] s_models = ["qwen3_vl_moe", "qwen3_vl_moe --fp8 block", "mistral4", "mistral4 --fp8 tensor", "granitemoe", "granitemoe --fp8 channel", "llama4", "gemma4 moe"];

    readonly TemporaryDirectory _directory = new();

    string Destination => Path.Combine(_directory.Path, "destination");

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, QuantizationScheme> Ways => new MatrixTheoryData<string, QuantizationScheme>(
        s_models, Enum.GetValues<QuantizationScheme>().Where(scheme => scheme is not QuantizationScheme.BFloat16)).Aggregate(new TheoryData<string, QuantizationScheme>(), (data, row) =>
    {
        (string model, QuantizationScheme scheme) = row.Data;
        data.Add(model, scheme);
        return data;
    });

    public static TheoryData<string> Models => [.. s_models];

    [Theory]
    [MemberData(nameof(Ways))]
    public void They_become_the_matrices_that_they_are(string model, QuantizationScheme scheme)
    {
        (string source, double[][] original) = Get(model);
        string apart = Path.Combine(_directory.Path, "apart"), same = Path.Combine(_directory.Path, "same"), wide = Path.Combine(_directory.Path, "wide");
        ExpertsApart.Write(source, apart, LieInputsFirst(model));
        bool free = scheme is QuantizationScheme.Block or QuantizationScheme.Channel or QuantizationScheme.Tensor;
        var options = new QuantizationOptions { Scheme = scheme, ScaleType = free ? DataType.BFloat16 : null, Threads = 2 };

        QuantizationReport report = Run(source, Destination, options);
        QuantizationReport expected = Run(apart, same, options);

        using SafetensorsCheckpoint found = SafetensorsCheckpoint.Open(Destination), meant = SafetensorsCheckpoint.Open(same);
        AssertSame(meant, found);
        string codes = scheme is QuantizationScheme.Mxfp4 or QuantizationScheme.Nvfp4 ? ".weight_packed" : ".weight";
        TensorView[] experts = [.. found.Tensors.Where(tensor => tensor.Name.Contains(".experts.", StringComparison.Ordinal) && tensor.Name.EndsWith(codes, StringComparison.Ordinal))];
        int layers = model == "llama4" ? 3 : 4, count = model[0] is 'q' or 'g' && !model.StartsWith("granite", StringComparison.Ordinal) ? 6 : 8;
        Assert.Equal(layers * count * 3, experts.Length);
        Assert.All(experts, tensor => Assert.Equal(codes == ".weight" ? DataType.Float8E4M3FN : DataType.UInt8, tensor.DataType));
        Assert.Equal(["down_proj", "gate_proj", "up_proj"], experts.Select(tensor => tensor.Name.Split('.')[^2]).Distinct().Order(StringComparer.Ordinal));
        Assert.True(JsonNode.DeepEquals(Sorted(Config(same)), Sorted(Config(Destination))));
        Assert.DoesNotContain("experts", Config(Destination)["quantization_config"]!.ToJsonString().Replace("shared_experts", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(expected.Modules.OrderBy(module => module.Name, StringComparer.Ordinal).Select(module => (module.Name, module.Rows, module.Columns)),
            report.Modules.OrderBy(module => module.Name, StringComparer.Ordinal).Select(module => (module.Name, module.Rows, module.Columns)));
        Assert.Equal(expected.SignalToNoise, report.SignalToNoise, 1e-6);
        if (scheme == QuantizationScheme.Nvfp4)
        {
            AssertGatesShareTheScaleOfWhatTheyGate(found, experts);
        }

        // bfloat16 holds what E4M3 and E2M1 times a power of two are; of the others the oracle reads codes and scales itself.
        string computed = Destination;
        if (!free || scheme == QuantizationScheme.Tensor)
        {
            Run(Destination, computed = wide, new() { Scheme = QuantizationScheme.BFloat16 });
        }

        double[][] logits = (model.StartsWith("gemma4", StringComparison.Ordinal) ? (NumpyOracle)gemma4 : mixtures).Forward(_directory.Path, computed, s_ids);
        using LanguageModel opened = LogitsTests.Open(Destination, InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        float[][] own = LogitsTests.Score(opened, s_ids);
        if (scheme is QuantizationScheme.Nvfp4 or QuantizationScheme.Tensor)
        {
            Assert.InRange(LogitsTests.Errors(logits, own).Average(), 0, 0.05);
        }
        else
        {
            LogitsTests.AssertClose(logits, own, 1e-5, $"{model} as {scheme}");
        }

        // In models as small as these an expert that is chosen instead of another changes much.
        Assert.InRange(LogitsTests.Errors(original, own).Average(), 0, scheme is QuantizationScheme.Mxfp4 or QuantizationScheme.Nvfp4 ? 0.9 : 0.4);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void As_bfloat16_they_stay_in_one_tensor(string model)
    {
        (string source, _) = Get(model);
        string apart = Path.Combine(_directory.Path, "apart"), meantApart = Path.Combine(_directory.Path, "same"), cut = Path.Combine(_directory.Path, "cut");
        bool inputsFirst = LieInputsFirst(model);

        Run(source, Destination, new() { Scheme = QuantizationScheme.BFloat16 });

        using SafetensorsCheckpoint before = SafetensorsCheckpoint.Open(source), after = SafetensorsCheckpoint.Open(Destination);
        Assert.Equal(
            Described(before.Tensors.Where(tensor => !tensor.Name.EndsWith("_scale_inv", StringComparison.Ordinal) && !tensor.Name.EndsWith("proj_scale", StringComparison.Ordinal) && !tensor.Name.EndsWith("weight_scale", StringComparison.Ordinal) && !tensor.Name.EndsWith("activation_scale", StringComparison.Ordinal)), "Float8E4M3FN"),
            Described(after.Tensors));
        if (!model.Contains("fp8", StringComparison.Ordinal))
        {
            AssertSame(before, after);
            return;
        }

        ExpertsApart.Write(source, apart, inputsFirst);
        Run(apart, meantApart, new() { Scheme = QuantizationScheme.BFloat16 });
        ExpertsApart.Write(Destination, cut, inputsFirst);
        using SafetensorsCheckpoint meant = SafetensorsCheckpoint.Open(meantApart), found = SafetensorsCheckpoint.Open(cut);
        AssertSame(meant, found);
    }

    [Fact]
    public void Scales_of_a_checkpoint_that_has_them_apart_are_taken()
    {
        string source = Get("qwen3_vl_moe").Source, apart = Path.Combine(_directory.Path, "apart"), given = Path.Combine(_directory.Path, "given");
        ExpertsApart.Write(source, apart, inputsFirst: true);
        Run(apart, given, new() { Scheme = QuantizationScheme.Block, Search = true, Exclude = ["*.experts.2.down_proj"] });

        Run(source, Destination, new() { ScalesFrom = given });

        using SafetensorsCheckpoint meant = SafetensorsCheckpoint.Open(given), found = SafetensorsCheckpoint.Open(Destination);
        AssertSame(meant, found);
    }

    [Fact]
    public void Scales_of_a_checkpoint_that_has_them_in_one_tensor_leave_them_there()
    {
        string source = Get("qwen3_vl_moe").Source;

        QuantizationReport report = Run(source, Destination, new() { ScalesFrom = Get("qwen3_vl_moe --fp8 block").Source });

        Assert.Equal("model.language_model.layers.0.mlp.experts.gate_up_proj and 7 more stay as they are: the scheme has no codes for any of their matrices", report.Notes[0]);
        using SafetensorsCheckpoint before = SafetensorsCheckpoint.Open(source), after = SafetensorsCheckpoint.Open(Destination);
        Assert.All(before.Tensors.Where(tensor => tensor.Name.Contains(".experts.", StringComparison.Ordinal)), tensor => Assert.Equal(tensor.Bytes, after[tensor.Name].Bytes));
        LanguageModel.Load(Destination).Dispose();
    }

    [Theory]
    [InlineData("qwen3_vl_moe", "model.language_model.layers.1.mlp.experts")]
    [InlineData("qwen3_vl_moe --fp8 block", "model.language_model.layers.1.mlp.experts")]
    [InlineData("qwen3_vl_moe", "model.language_model.layers.1.mlp.experts.*")]
    [InlineData("granitemoe", "model.layers.1.block_sparse_moe.output_linear")]
    public void A_layer_that_is_excluded_stays_as_it_is_and_is_listed(string model, string excluded)
    {
        string source = Get(model).Source, layer = excluded[..(excluded.IndexOf(".1.", StringComparison.Ordinal) + 3)];

        QuantizationReport report = Run(source, Destination, new() { Scheme = QuantizationScheme.Channel, Exclude = [excluded] });

        using SafetensorsCheckpoint after = SafetensorsCheckpoint.Open(Destination);
        TensorView[] left = [.. after.Tensors.Where(tensor => tensor.Shape.Length == 3)];
        Assert.Equal(2, left.Length);
        Assert.All(left, tensor => Assert.StartsWith(layer, tensor.Name, StringComparison.Ordinal));
        Assert.All(left, tensor => Assert.Equal(DataType.BFloat16, tensor.DataType));
        string[] ignored = [.. Config(Destination)["quantization_config"]!["ignore"]!.AsArray().Select(name => (string)name!)];
        Assert.All(left, tensor => Assert.Contains(tensor.Name[..tensor.Name.LastIndexOf('.')], ignored));
        Assert.DoesNotContain(ignored, name => name.Contains("experts", StringComparison.Ordinal) && !name.StartsWith(layer, StringComparison.Ordinal));
        Assert.DoesNotContain(report.Notes, note => note.Contains("experts", StringComparison.Ordinal));
        LanguageModel.Load(Destination).Dispose();
    }

    [Theory]
    [InlineData(DataType.BFloat16)]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Float32)]
    public void A_matrix_that_is_excluded_keeps_its_type_beside_those_that_are_codes(DataType type)
    {
        string source = Retyped(Get("mistral4").Source, type);
        const string Excluded = "language_model.model.layers.2.mlp.experts.3.up_proj";

        QuantizationReport report = Run(source, Destination, new() { Scheme = QuantizationScheme.Channel, Exclude = [Excluded] });

        using SafetensorsCheckpoint before = SafetensorsCheckpoint.Open(source), after = SafetensorsCheckpoint.Open(Destination);
        (long[] shape, byte[] bytes) = ExpertsApart.Matrix(before["language_model.model.layers.2.mlp.experts.gate_up_proj"], 3, false, 1, 2);
        Assert.Equal(type, after[Excluded + ".weight"].DataType);
        Assert.Equal(shape, after[Excluded + ".weight"].Shape.ToArray());
        Assert.Equal(bytes, after[Excluded + ".weight"].Bytes);
        Assert.Equal(DataType.Float8E4M3FN, after[Excluded.Replace("up_proj", "gate_proj", StringComparison.Ordinal) + ".weight"].DataType);
        Assert.Contains(Excluded, Config(Destination)["quantization_config"]!["ignore"]!.AsArray().Select(name => (string)name!));
        Assert.Single(report.Notes, note => note.StartsWith("language_model.model.layers.2.mlp.experts.3 is quantised but for up_proj", StringComparison.Ordinal));
        LanguageModel.Load(Destination).Dispose();
    }

    [Fact]
    public void Matrices_whose_rows_are_not_whole_groups_stay_wide_beside_the_others_and_are_named_once()
    {
        string source = Path.Combine(_directory.Path, "source");
        mixtures.Run("make", "mistral4", "--set", "moe_intermediate_size=40", "--out", source);

        QuantizationReport report = Run(source, Destination, new() { Scheme = QuantizationScheme.Nvfp4 });

        Assert.Equal(4, report.Notes.Count(note => note.Contains(".experts.0.down_proj stays wide: its rows of 40 weights are not whole groups of 16, like those of the experts beside it", StringComparison.Ordinal)));
        using SafetensorsCheckpoint after = SafetensorsCheckpoint.Open(Destination);
        Assert.Equal(DataType.BFloat16, after["language_model.model.layers.0.mlp.experts.7.down_proj.weight"].DataType);
        Assert.Equal(DataType.UInt8, after["language_model.model.layers.0.mlp.experts.7.up_proj.weight_packed"].DataType);
        LanguageModel.Load(Destination).Dispose();
    }

    [Fact]
    public void Experts_by_turns_stay_in_one_tensor_and_a_note_says_why()
    {
        string source = Path.Combine(_directory.Path, "source");
        FamilyCheckpoint.Write("gpt_oss", source);

        QuantizationReport report = Run(source, Destination, new() { Scheme = QuantizationScheme.Channel });

        Assert.Contains(report.Notes, note => note.EndsWith(": rows of gates and ups that take turns, and biases, have no published form as matrices of their own", StringComparison.Ordinal));
        using SafetensorsCheckpoint after = SafetensorsCheckpoint.Open(Destination);
        Assert.DoesNotContain(after.Tensors, tensor => tensor.Name.Contains(".experts.0.", StringComparison.Ordinal));
        LanguageModel.Load(Destination).Dispose();
    }

    [Fact]
    public void A_weight_that_is_no_number_is_named_with_its_matrix()
    {
        string source = Copy(Get("mistral4").Source);
        StoredTensors.Copy(Path.Combine(Get("mistral4").Source, "model.safetensors"), Path.Combine(source, "model.safetensors"), tensors =>
            tensors.Each("layers.1.mlp.experts.gate_up_proj", (tensor, bytes) => bytes.Slice((int)(((2 * tensor.Shape[1]) + 64 + 5) * tensor.Shape[2]) * 2, 2).Fill(0xFF)));

        var error = Assert.Throws<ModelException>(() => Run(source, Destination, new()));

        Assert.EndsWith(
            "tensor language_model.model.layers.1.mlp.experts.gate_up_proj: the weight of row 5, column 0 of language_model.model.layers.1.mlp.experts.2.up_proj is NaN: only finite weights can be quantised; "
            + "--exclude language_model.model.layers.1.mlp.experts.2.up_proj leaves it as it is",
            error.Message,
            StringComparison.Ordinal);
        Assert.Equal("language_model.model.layers.1.mlp.experts.gate_up_proj", error.TensorName);
    }

    [Theory]
    [InlineData("cut", "model.safetensors")]
    [InlineData("shape", "tensor language_model.model.layers.0.mlp.experts.gate_up_proj: shape [8, 126, 160], expected [8, 128, 160]")]
    [InlineData("missing", "tensor language_model.model.layers.3.mlp.experts.down_proj is missing")]
    [InlineData("scale", "tensor language_model.model.layers.0.mlp.experts.down_proj_activation_scale: a scale of the inputs of experts of NaN")]
    public void What_is_wrong_with_a_file_is_one_line(string what, string message)
    {
        string source = Copy(Get("mistral4 --fp8 tensor").Source), path = Path.Combine(source, "model.safetensors"), original = Path.Combine(Get("mistral4 --fp8 tensor").Source, "model.safetensors");
        if (what == "cut")
        {
            File.WriteAllBytes(path, File.ReadAllBytes(original)[..^1000]);
        }
        else if (what == "scale")
        {
            StoredTensors.Copy(original, path, tensors => tensors.Fill("layers.0.mlp.experts.down_proj_activation_scale", float.NaN));
        }
        else
        {
            using SafetensorsFile stored = SafetensorsFile.Open(original);
            SafetensorsWriter.Write(path, [.. stored.Tensors.Where(tensor => what != "missing" || !tensor.Name.EndsWith("layers.3.mlp.experts.down_proj", StringComparison.Ordinal)).Select(tensor =>
                what == "shape" && tensor.Name.EndsWith("layers.0.mlp.experts.gate_up_proj", StringComparison.Ordinal)
                    ? new TensorSource(tensor.Name, tensor.DataType, [8, 126, 160], new byte[8 * 126 * 160])
                    : new TensorSource(tensor))], cancellationToken: TestContext.Current.CancellationToken);
        }

        Exception error = Assert.ThrowsAny<Exception>(() => Run(source, Destination, new()));

        Assert.True(error is ModelException or SafetensorsException, error.GetType().Name);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.False(Path.Exists(Destination));
    }

    [Fact]
    public void Scales_of_their_inputs_are_dropped_from_files_of_no_known_model()
    {
        string source = Path.Combine(_directory.Path, "source.safetensors"), destination = Path.Combine(_directory.Path, "destination.safetensors");
        SafetensorsWriter.Write(source,
        [
            new TensorSource("experts.up_proj", DataType.Float8E4M3FN, [2, 8, 16], new byte[256]),
            TensorSource.Create<float>("experts.up_proj_scale_inv", [2, 1, 1], new float[] { 1, 2 }),
            TensorSource.Create<float>("experts.up_proj_activation_scale", [2], new float[] { 1, 2 }),
        ], cancellationToken: TestContext.Current.CancellationToken);

        Run(source, destination, new() { Scheme = QuantizationScheme.BFloat16 });

        using SafetensorsFile after = SafetensorsFile.Open(destination);
        Assert.Equal(["experts.up_proj"], after.Tensors.Select(tensor => tensor.Name));
    }

    static bool LieInputsFirst(string model) => model[0] is 'q' or 'l';

    static void AssertGatesShareTheScaleOfWhatTheyGate(SafetensorsCheckpoint found, TensorView[] experts)
    {
        int different = 0;
        foreach (string gate in experts.Where(tensor => tensor.Name.Contains(".gate_proj.", StringComparison.Ordinal)).Select(tensor => tensor.Name[..^"gate_proj.weight_packed".Length]))
        {
            Assert.Equal(found[gate + "gate_proj.weight_global_scale"].Bytes, found[gate + "up_proj.weight_global_scale"].Bytes);
            different += found[gate + "gate_proj.weight_global_scale"].Bytes.SequenceEqual(found[gate + "down_proj.weight_global_scale"].Bytes) ? 0 : 1;
        }

        Assert.InRange(different, 4, int.MaxValue);
    }

    static void AssertSame(SafetensorsCheckpoint expected, SafetensorsCheckpoint found)
    {
        Assert.Equal(Described(expected.Tensors), Described(found.Tensors));
        Assert.All(expected.Tensors, tensor => Assert.True(tensor.Bytes.SequenceEqual(found[tensor.Name].Bytes), tensor.Name));
    }

    static string[] Described(IEnumerable<TensorView> tensors, string but = "")
        => [.. tensors.Select(tensor => $"{tensor.Name} {(tensor.DataType.ToString() == but ? DataType.BFloat16 : tensor.DataType)} [{string.Join(", ", tensor.Shape.ToArray())}]").Order(StringComparer.Ordinal)];

    static JsonObject Config(string path) => JsonNode.Parse(File.ReadAllText(Path.Combine(path, "config.json")))!.AsObject();

    /// <summary>Lists of names in the order of letters: what was copied comes in the order of the files.</summary>
    static JsonObject Sorted(JsonObject config)
    {
        JsonObject quantization = config["quantization_config"]!.AsObject();
        foreach (string key in (string[])["ignore", "ignored_layers", "modules_to_not_convert"])
        {
            if (quantization[key] is JsonArray names)
            {
                quantization[key] = new JsonArray([.. names.Select(name => (string)name!).Order(StringComparer.Ordinal).Select(name => (JsonNode)name)]);
            }
        }

        return config;
    }

    (string Source, double[][] Logits) Get(string model) => model.StartsWith("gemma4 ", StringComparison.Ordinal) ? gemma4.Get(model["gemma4 ".Length..], s_ids) : mixtures.Get(model, s_ids);

    string Copy(string model)
    {
        string copy = Directory.CreateDirectory(Path.Combine(_directory.Path, "source")).FullName;
        foreach (string file in Directory.GetFiles(model, "*.json"))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    /// <summary>The same numbers in another wide type, of the experts.</summary>
    string Retyped(string model, DataType type)
    {
        string copy = Copy(model);
        using SafetensorsFile stored = SafetensorsFile.Open(Path.Combine(model, "model.safetensors"));
        SafetensorsWriter.Write(Path.Combine(copy, "model.safetensors"), [.. stored.Tensors.Select(tensor =>
        {
            bool isExpert = tensor.Name.Contains(".experts.", StringComparison.Ordinal);
            float[] values = isExpert ? ExpertsApart.Floats(tensor) : [];
            return !isExpert || type == DataType.BFloat16 ? new TensorSource(tensor)
                : type == DataType.Float32 ? TensorSource.Create<float>(tensor.Name, tensor.Shape.ToArray(), values)
                : TensorSource.Create<Half>(tensor.Name, tensor.Shape.ToArray(), Array.ConvertAll(values, value => (Half)value));
        })], cancellationToken: TestContext.Current.CancellationToken);
        return copy;
    }

    static QuantizationReport Run(string source, string destination, QuantizationOptions options) => CheckpointQuantizer.Run(source, destination, options, TestContext.Current.CancellationToken);
}
