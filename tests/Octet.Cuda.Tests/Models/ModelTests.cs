using System.Text.Json.Nodes;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>A two-layer Qwen3 on a card against the CPU's backend.</summary>
public class ModelTests
{
    // Codes of inputs that lie on a border may be the neighbour's.
    const double DynamicTolerance = 1e-3;

    // Keys and values that do are a bit of a bfloat16 apart.
    const double Tolerance = 5e-4;

    static readonly LanguageModelOptions s_dynamic = new() { Activation = ActivationMode.Dynamic, PrefillChunk = 64, ContextLength = 256 };
    static readonly LanguageModelOptions s_weightOnly = s_dynamic with { Activation = ActivationMode.WeightOnly };

    [Theory]
    [InlineData(8, 0)]
    [InlineData(8, 9)]
    [InlineData(9, 0)]
    public void A_prompt_and_the_tokens_after_it_have_the_logits_of_the_CPU(int major, int minor)
    {
        using var both = new CardModel(s_dynamic, card: new FakeCard { Major = major, Minor = minor, Options = CardModel.Quick });
        double error = both.LargestError(CardModel.Ids(37), CardModel.Ids(6, 2));
        Assert.True(error < DynamicTolerance, $"{error}");

        // The first of them runs as it is, the others as the graph that the second became.
        Assert.Equal(5, both.Backend.GraphSteps);
    }

    [Fact]
    public void Weights_alone_in_8_bits_give_the_logits_of_the_CPU()
    {
        using var both = new CardModel(s_weightOnly);
        double error = both.LargestError(CardModel.Ids(70), CardModel.Ids(3, 2));
        Assert.True(error < Tolerance, $"{error}");
    }

    /// <summary>Of each layer query, key and value, output, both gates, down: a launch each, in tiles of 256 rows where four multiprocessors have them all at once.</summary>
    [Theory]
    [InlineData(ActivationMode.Dynamic, DataType.Float8E4M3FN, "linear_wide_codes_e4m3")]
    [InlineData(ActivationMode.WeightOnly, DataType.Float8E4M3FN, "linear_wide_e4m3")]
    [InlineData(ActivationMode.WeightOnly, DataType.BFloat16, "linear_wide_bf16_2")]
    public void Prompts_are_multiplied_by_warpgroups_on_Hopper(ActivationMode mode, DataType type, string kernel)
    {
        LanguageModelOptions options = s_weightOnly with { Activation = mode, PrefillChunk = 128 };
        using var both = new CardModel(options, type == DataType.BFloat16 ? new SyntheticCheckpoint { LinearType = type } : new SyntheticCheckpoint());
        double error = both.LargestError(CardModel.Ids(101), []);
        Assert.True(error < (mode == ActivationMode.Dynamic ? DynamicTolerance : Tolerance), $"{error}");
        string[] linear = [.. both.Fake.Card.Launches.Select(report => report.Kernel).Where(name => name.StartsWith("linear_", StringComparison.Ordinal) && !name.StartsWith("linear_few", StringComparison.Ordinal))];
        string[] layer = [$"{kernel}_128", $"{kernel}_128", $"{kernel}_256", $"{kernel}_128"];
        Assert.Equal([.. layer, .. layer], linear);
    }

    /// <summary>Of a group of two heads 64 tokens are a tile: a prompt's first chunk is attended to by warpgroups, the rest of it, and on other cards all, by warps.</summary>
    [Theory]
    [InlineData(9, 0, 64, "attend_wide_64", "attend_many_bf16_2")]
    [InlineData(9, 0, 128, "attend_wide_128", "attend_many_bf16_4")]
    [InlineData(8, 9, 64, "attend_many_bf16_2", "attend_many_bf16_2")]
    public void Prompts_are_attended_to_by_warpgroups_on_Hopper(int major, int minor, int size, string chunk, string rest)
    {
        using var both = new CardModel(s_weightOnly with { PrefillChunk = 96 }, new SyntheticCheckpoint { Layers = 1, HeadDim = size }, new FakeCard { Major = major, Minor = minor, Options = CardModel.Quick });
        double error = both.LargestError(CardModel.Ids(110), CardModel.Ids(1, 2));
        Assert.True(error < Tolerance, $"{error}");
        string[] attended = [.. both.Fake.Card.Launches.Select(report => report.Kernel).Where(name => name.StartsWith("attend_", StringComparison.Ordinal)).Take(2)];
        Assert.Equal([chunk, rest], attended);
    }

    [Fact]
    public void So_many_tokens_of_a_prompt_are_computed_together_that_a_card_is_busy()
    {
        using var both = new CardModel(new LanguageModelOptions(), new SyntheticCheckpoint { Layers = 1, MaxPositionEmbeddings = 4096 });
        Assert.Equal((2048, 256), (both.Model.BatchCapacity, both.Cpu.BatchCapacity));
    }

    /// <summary>Of each layer query, key and value, output, both gates, down: a launch each, and one that adds up the parts of layers that leave multiprocessors without a tile.</summary>
    [Theory]
    [InlineData(9, ActivationMode.Dynamic, 40, "linear_many_codes_e4m3_")]
    [InlineData(9, ActivationMode.Dynamic, 17, "linear_many_codes_e4m3_")]
    [InlineData(9, ActivationMode.WeightOnly, 12, "linear_many_e4m3_")]
    [InlineData(0, ActivationMode.Dynamic, 40, "linear_many_e4m3_")]
    public void Prompts_are_multiplied_by_warps_before_Hopper(int minor, ActivationMode mode, int tokens, string kernel)
    {
        var card = new FakeCard { Major = 8, Minor = minor, Multiprocessors = 6, Options = CardModel.Quick };
        using var both = new CardModel(s_weightOnly with { Activation = mode, PrefillChunk = 128 }, new SyntheticCheckpoint { IntermediateSize = 1160 }, card);
        double error = both.LargestError(CardModel.Ids(tokens), []);
        Assert.True(error < (mode == ActivationMode.Dynamic ? DynamicTolerance : Tolerance), $"{error}");
        Assert.Equal(2 * 4, card.Launches.Count(report => report.Kernel.StartsWith(kernel, StringComparison.Ordinal)));
        Assert.Equal(2, card.Launches.Count(report => report.Kernel == "join_sums"));
    }

    [Theory]
    [InlineData(9, ActivationMode.Dynamic, "linear_many_gated_codes_e4m3")]
    [InlineData(0, ActivationMode.WeightOnly, "linear_many_gated_e4m3")]
    public void Gates_of_prompts_are_multiplied_together_before_Hopper(int minor, ActivationMode mode, string kernel)
    {
        var card = new FakeCard { Major = 8, Minor = minor, Multiprocessors = 6, Options = CardModel.Quick };
        using var both = new CardModel(s_weightOnly with { Activation = mode, PrefillChunk = 128 }, new SyntheticCheckpoint(), card);
        double error = both.LargestError(CardModel.Ids(101), []);
        Assert.True(error < (mode == ActivationMode.Dynamic ? DynamicTolerance : Tolerance), $"{error}");
        Assert.Equal(2, card.Launches.Count(report => report.Kernel == kernel));
        Assert.DoesNotContain(card.Launches, report => report.Kernel == "gate");
    }

    /// <summary>Warpgroups that wait for registers which there are not would hold the card for ever.</summary>
    [Fact]
    public void A_driver_whose_compiler_gives_too_few_registers_is_refused()
    {
        using var both = new CardModel(s_dynamic with { PrefillChunk = 128 }, card: new FakeCard { RegistersPerThread = 160, Options = CardModel.Quick });
        RealCard.SkipOnCard();
        var error = Assert.Throws<ModelException>(() => CardModel.Logits(both.Model, CardModel.Ids(101), []));
        Assert.Equal(
            (ModelError.DeviceFailed, "the driver's compiler gave linear_wide_codes_e4m3_128 160 registers a thread, expected 168, without which it would not end: use another driver, or the CPU (--device cpu)"),
            (error.Error, error.Message));
    }

    [Fact]
    public void A_driver_without_tensor_maps_has_prompts_multiplied_as_on_other_cards()
    {
        using var both = new CardModel(s_dynamic with { PrefillChunk = 128 }, missing: "cuTensorMapEncodeTiled");
        double error = both.LargestError(CardModel.Ids(101), []);
        Assert.True(error < DynamicTolerance, $"{error}");
        Assert.Equal(2 * 4, both.Fake.Card.Launches.Count(report => report.Kernel.StartsWith("linear_many_e4m3_", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(KvCacheType.Float32, 1e-5)]
    [InlineData(KvCacheType.Float8E4M3, 5e-3)]
    [InlineData(KvCacheType.Float8E5M2, 5e-3)]
    public void Every_type_of_the_cache_gives_the_logits_of_the_CPU(KvCacheType type, double tolerance)
    {
        using var both = new CardModel(s_weightOnly with { KvCache = type });
        double error = both.LargestError(CardModel.Ids(9), CardModel.Ids(2, 2));
        Assert.True(error < tolerance, $"{error}");
    }

    [Theory]
    [InlineData("fp8, E5M2, one scale", ActivationMode.WeightOnly)]
    [InlineData("compressed-tensors, channel", ActivationMode.Dynamic)]
    [InlineData("compressed-tensors, group", ActivationMode.WeightOnly)]
    [InlineData("fp8, blocks, ue8m0", ActivationMode.Dynamic)]
    [InlineData("fp8, one scale, static activations", ActivationMode.Static)]
    [InlineData("compressed-tensors, MXFP4", ActivationMode.Dynamic)]
    [InlineData("compressed-tensors, MXFP8", ActivationMode.Dynamic)]
    [InlineData("compressed-tensors, NVFP4", ActivationMode.Dynamic)]
    [InlineData("compressed-tensors, group", ActivationMode.Dynamic)]
    [InlineData("fp8, blocks of 64 x 32", ActivationMode.WeightOnly)]
    [InlineData("modelopt, NVFP4", ActivationMode.WeightOnly)]
    [InlineData("modelopt, NVFP4 with AWQ", ActivationMode.WeightOnly)]
    [InlineData("modelopt, NVFP4 with AWQ", ActivationMode.Dynamic)]
    [InlineData("modelopt, mixed", ActivationMode.WeightOnly)]
    [InlineData("ComfyUI, NVFP4", ActivationMode.WeightOnly)]
    [InlineData("ComfyUI, MXFP8", ActivationMode.WeightOnly)]
    [InlineData("quanto, E4M3FNUZ", ActivationMode.WeightOnly)]
    [InlineData("quanto, E4M3FNUZ", ActivationMode.Dynamic)]
    [InlineData("raw E5M2FNUZ", ActivationMode.WeightOnly)]
    public void Every_way_to_store_weights_gives_the_logits_of_the_CPU(string scheme, ActivationMode mode)
    {
        using var both = new CardModel(s_weightOnly with { Activation = mode }, new SyntheticCheckpoint { Layers = 1, Scheme = WeightScheme.All[scheme]() });
        double error = both.LargestError(CardModel.Ids(5), CardModel.Ids(1, 2));
        Assert.True(error < (mode == ActivationMode.WeightOnly ? Tolerance : DynamicTolerance), $"{error}");
    }

    [Theory]
    [InlineData(DataType.BFloat16)]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Float32)]
    public void Weights_that_are_not_quantised_give_the_logits_of_the_CPU(DataType type)
    {
        using var both = new CardModel(s_weightOnly, new SyntheticCheckpoint { Layers = 1, LinearType = type, WideType = type, Tied = false });
        double error = both.LargestError(CardModel.Ids(5), CardModel.Ids(1, 2));
        Assert.True(error < Tolerance, $"{error}");
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    [InlineData("mistral")]
    [InlineData("ministral3")]
    [InlineData("gemma3_text")]
    [InlineData("qwen3")]
    [InlineData("qwen3_moe")]
    [InlineData("glm4_moe")]
    [InlineData("gpt_oss")]
    [InlineData("qwen3_next")]
    [InlineData("qwen3_5_text")]
    [InlineData("qwen3_5_moe_text")]
    public void Families_of_these_operations_give_the_logits_of_the_CPU(string family)
    {
        using var both = new CardModel(s_weightOnly with { KvCache = KvCacheType.Float32 }, directory => FamilyCheckpoint.Write(family, directory));
        double error = both.LargestError(CardModel.Ids(35, vocabulary: 48), CardModel.Ids(3, 2, vocabulary: 48));

        // Of 35 rows the inputs of layers in 8 or 4 bits have 11 bits.
        Assert.True(error < (family is "gpt_oss" or "qwen3" ? Tolerance : 1e-4), $"{error}");
    }

    [Fact]
    public void Layers_that_are_stored_as_one_give_the_logits_of_the_CPU()
    {
        using var both = new CardModel(
            s_weightOnly with { KvCache = KvCacheType.Float32 },
            directory =>
            {
                // Phi-3 with two heads of 32 dimensions, of which 24 turn, where the family's has four of 16.
                FamilyCheckpoint.Write("phi3", directory);
                string path = Path.Combine(directory, "config.json");
                JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
                config["num_attention_heads"] = 2;
                config["num_key_value_heads"] = 1;
                config["rope_scaling"]!["short_factor"] = new JsonArray([.. Enumerable.Range(0, 12).Select(i => (JsonNode)(1 + (i / 20.0)))]);
                config["rope_scaling"]!["long_factor"] = new JsonArray([.. Enumerable.Range(0, 12).Select(i => (JsonNode)(1 + (double)i))]);
                File.WriteAllText(path, config.ToJsonString());
            });
        double error = both.LargestError(CardModel.Ids(35, vocabulary: 48), CardModel.Ids(3, 2, vocabulary: 48));
        Assert.True(error < 1e-4, $"{error}");
    }

    [Theory]
    [InlineData("modelopt, NVFP4", ActivationMode.WeightOnly)]
    [InlineData("modelopt, NVFP4", ActivationMode.Dynamic)]
    [InlineData("modelopt, MXFP8", ActivationMode.WeightOnly)]
    [InlineData("compressed-tensors, MXFP4", ActivationMode.Dynamic)]
    [InlineData("quanto, E4M3FNUZ", ActivationMode.WeightOnly)]
    [InlineData("compressed-tensors, group", ActivationMode.WeightOnly)]
    [InlineData("raw E5M2", ActivationMode.WeightOnly)]
    public void Experts_stay_in_their_bits_and_give_the_logits_of_the_CPU(string scheme, ActivationMode mode)
    {
        using var both = new CardModel(
            s_weightOnly with { KvCache = KvCacheType.Float32, Activation = mode }, directory => QuantisedFamily.Write("qwen3_moe", scheme, @"\.experts\.", directory));
        double error = both.LargestError(CardModel.Ids(5, vocabulary: 48), CardModel.Ids(2, 2, vocabulary: 48));
        Assert.True(error < (mode == ActivationMode.WeightOnly ? Tolerance : DynamicTolerance), $"{error}");
    }

    /// <summary>Twenty tokens for each of six experts, of 200 rows and two groups of columns.</summary>
    [Theory]
    [InlineData("compressed-tensors, block", ActivationMode.Dynamic, "codes_e4m3")]
    [InlineData("compressed-tensors, channel", ActivationMode.Dynamic, "codes_e4m3")]
    [InlineData("compressed-tensors, block", ActivationMode.WeightOnly, "e4m3")]
    public void Experts_of_prompts_are_multiplied_by_warpgroups_on_Hopper(string scheme, ActivationMode mode, string kernel)
    {
        using var both = new CardModel(
            s_weightOnly with { KvCache = KvCacheType.Float32, Activation = mode }, directory => QuantisedFamily.Write("qwen3_moe", scheme, @"\.experts\.", directory, inner: 200));
        double error = both.LargestError(CardModel.Ids(60, vocabulary: 48), CardModel.Ids(2, 2, vocabulary: 48));
        Assert.True(error < (mode == ActivationMode.WeightOnly ? Tolerance : DynamicTolerance), $"{error}");
        string[] experts = [.. both.Fake.Card.Launches.Select(report => report.Kernel).Where(name => name.StartsWith("experts_", StringComparison.Ordinal)).Distinct()];
        Assert.Equal([$"experts_wide_gated_{kernel}", $"experts_wide_{kernel}", "experts_gated_e4m3_1", "experts_e4m3_1"], experts);
    }

    [Fact]
    public void Experts_of_prompts_that_are_not_quantised_are_multiplied_by_warpgroups_on_Hopper()
    {
        using var both = new CardModel(s_weightOnly with { KvCache = KvCacheType.Float32 }, directory => FamilyCheckpoint.Write("qwen3_moe", directory));
        double error = both.LargestError(CardModel.Ids(30, vocabulary: 48), []);
        Assert.True(error < 1e-4, $"{error}");
        string[] experts = [.. both.Fake.Card.Launches.Select(report => report.Kernel).Where(name => name.StartsWith("experts_", StringComparison.Ordinal))];
        Assert.Equal(["experts_wide_gated_bf16_2", "experts_wide_bf16_2"], experts);
    }

    [Fact]
    public void Experts_of_different_forms_are_refused_when_the_model_is_opened()
    {
        var error = Assert.Throws<ModelException>(() => new CardModel(s_weightOnly, directory => QuantisedFamily.Write("qwen3_moe", "modelopt, mixed", @"\.experts\.", directory)));
        Assert.Equal(
            (ModelError.Unsupported, "a mixture whose experts' two layers are stored, or hold their inputs, differently cannot be computed on cuda by this version: use the CPU (--device cpu)"),
            (error.Error, error.Message));
    }

    [Theory]
    [InlineData("phi3", "Phi3ForCausalLM needs attention heads of 16 dimensions, where there are those of 32 to 512 in steps of 8")]
    public void Other_families_say_what_is_missing_before_a_card_is_opened(string family, string what)
    {
        using var directory = new TemporaryDirectory();
        FamilyCheckpoint.Write(family, directory.Path);
        using var fake = new FakeCuda();
        DeviceKind kind = CudaDevices.Kind(() => fake.Probe, (_, _) => throw new InvalidOperationException("opened"));

        var error = Assert.Throws<ModelException>(() => LanguageModel.Load(directory.Path, s_weightOnly with { Device = "cuda" }, ScalarKernels.Instance, kinds: [kind]));
        Assert.Equal(ModelError.Unsupported, error.Error);
        Assert.Equal($"device cuda:0 cannot be used: {what}, for which this version has no kernels: use the CPU (--device cpu)", error.Message);

        using LanguageModel model = LanguageModel.Load(directory.Path, s_weightOnly with { Device = "auto" }, ScalarKernels.Instance, kinds: [kind]);
        Assert.StartsWith($"the CPU computes: cuda: {what}", model.Notices[0], StringComparison.Ordinal);
        Assert.StartsWith("cpu ", model.Device, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_does_not_fit_is_refused_before_its_weights_are_copied()
    {
        var error = Assert.Throws<ModelException>(() => new CardModel(s_weightOnly, new SyntheticCheckpoint { VocabSize = 16384 }, new FakeCard { TotalBytes = 3 << 20, Options = CardModel.Quick }));
        Assert.Equal(ModelError.Full, error.Error);
        Assert.StartsWith("the model's weights have 0.01 GiB in their files, and cuda:0 (Fake", error.Message, StringComparison.Ordinal);
    }

    /// <summary>What a kernel would take for a number, as its bits are moved rather than converted, is found while the weights are brought to the card.</summary>
    [Theory]
    [InlineData("compressed-tensors, MXFP8", "down_proj.weight", 0xFF, 8, "the code at [0, 5] is NaN, which this card's kernels take for a number")]
    [InlineData("fp8, blocks, ue8m0", "down_proj.weight", 0x7F, 8, "the code at [0, 5] is NaN, which this card's kernels take for a number")]
    [InlineData("quanto, E4M3FNUZ", "down_proj.weight._data", 0x80, 9, "the code at [0, 5] is NaN, which this card's kernels take for a number")]
    public void Codes_of_NaN_that_kernels_take_for_numbers_are_refused_when_the_model_is_opened(string scheme, string tensor, int code, int major, string what)
    {
        var error = Assert.Throws<ModelException>(() => new CardModel(
            s_weightOnly,
            directory =>
            {
                new SyntheticCheckpoint { Layers = 1, Scheme = WeightScheme.All[scheme]() }.Write(directory);
                string path = Path.Combine(directory, "model.safetensors");
                long place;
                using (SafetensorsFile file = SafetensorsFile.Open(path))
                {
                    place = file.Tensors.Single(view => view.Name.EndsWith(tensor, StringComparison.Ordinal)).FileOffset + 5;
                }

                using FileStream stream = File.OpenWrite(path);
                stream.Position = place;
                stream.WriteByte((byte)code);
            },
            new FakeCard { Major = major, Minor = 0, Options = CardModel.Quick }));
        Assert.Equal(ModelError.Unsupported, error.Error);
        Assert.Contains($"{tensor.Split('.')[0]}.", error.Message, StringComparison.Ordinal);
        Assert.EndsWith($"{what}: the file is damaged, or use the CPU", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_output_layer_in_FP8_gives_the_logits_of_the_CPU()
    {
        using var both = new CardModel(s_weightOnly with { LmHead = LmHead.Float8 }, new SyntheticCheckpoint { Layers = 1 });
        double error = both.LargestError(CardModel.Ids(5), []);
        Assert.True(error < Tolerance, $"{error}");
    }

    [Fact]
    public void All_of_the_card_is_given_back()
    {
        var both = new CardModel(s_dynamic);
        both.LargestError(CardModel.Ids(5), CardModel.Ids(3, 2));
        both.Model.Dispose();
        Assert.True(both.Fake.IsClean, $"{both.Fake.LiveHandles} handles, {both.Fake.LivePinned} pinned blocks, {both.Fake.LiveAllocations} allocations");
        both.Dispose();
    }
}
