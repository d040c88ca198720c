using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

public class CheckpointQuantizerTests
{
    const string Up = "model.layers.1.mlp.up_proj";

    static readonly SyntheticCheckpoint s_wide = new() { LinearType = DataType.BFloat16, HiddenSize = 160, IntermediateSize = 288 };

    public static TheoryData<QuantizationScheme, DataType?, bool, bool> Ways
    {
        get
        {
            var ways = new TheoryData<QuantizationScheme, DataType?, bool, bool>();
            foreach (bool search in (bool[])[false, true])
            {
                foreach (QuantizationScheme scheme in (QuantizationScheme[])[QuantizationScheme.Block, QuantizationScheme.Channel, QuantizationScheme.Tensor])
                {
                    ways.Add(scheme, null, false, search);
                    ways.Add(scheme, DataType.BFloat16, false, search);
                    ways.Add(scheme, DataType.Float16, false, search);
                    ways.Add(scheme, null, true, search);
                }

                ways.Add(QuantizationScheme.Block, DataType.Float8E8M0FNU, false, search);
                ways.Add(QuantizationScheme.Mxfp8, null, false, search);
                ways.Add(QuantizationScheme.Mxfp4, null, false, search);
                ways.Add(QuantizationScheme.Nvfp4, null, false, search);
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Every_weight_is_the_nearest_that_its_scale_allows(QuantizationScheme scheme, DataType? scaleType, bool powers, bool search)
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide with { Layers = 1 });
        string destination = Path.Combine(directory.Path, "destination");

        QuantizationReport report = CheckpointQuantizer.Run(
            source, destination, new() { Scheme = scheme, ScaleType = scaleType, PowerOfTwoScales = powers, Search = search, Threads = 2 }, TestContext.Current.CancellationToken);

        Assert.Equal(7, report.Modules.Count);
        using var before = SafetensorsCheckpoint.Open(source);
        using var after = SafetensorsCheckpoint.Open(destination);
        foreach (QuantizedModule module in report.Modules)
        {
            float[] values = new float[module.Rows * module.Columns];
            BFloat16.ConvertToSingle(before[module.Name + ".weight"].AsSpan<BFloat16>(), values);
            (double[] weights, double[] steps, double[] saturation) = QuantizedWeights.Read(after, module.Name, (int)module.Rows, module.Columns);
            double signal = 0, error = 0;
            for (int i = 0; i < values.Length; i++)
            {
                // Rounded to nearest: at most half a step away, as far as float32's quotient tells; or beyond the largest code.
                bool saturated = Math.Abs(values[i]) >= saturation[i] && Math.Abs(weights[i]) == saturation[i] && Math.Sign(values[i]) == Math.Sign(weights[i]);
                if (!saturated && !(Math.Abs(values[i] - weights[i]) <= steps[i] * 0.5001))
                {
                    Assert.Fail($"{module.Name}[{i}]: {values[i]} became {weights[i]}");
                }

                signal += (double)values[i] * values[i];
                error += (values[i] - weights[i]) * (values[i] - weights[i]);
            }

            Assert.Equal(signal, module.SquaredSignal, signal * 1e-6);
            Assert.Equal(error, module.SquaredError, error * 1e-4);
        }

        Assert.Equal(before["model.embed_tokens.weight"].Bytes, after["model.embed_tokens.weight"].Bytes);
    }

    [Theory]
    [InlineData(QuantizationScheme.Block)]
    [InlineData(QuantizationScheme.Channel)]
    [InlineData(QuantizationScheme.Tensor)]
    public void A_scale_is_the_largest_magnitude_of_its_block_divided_by_448(QuantizationScheme scheme)
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide);
        string destination = Path.Combine(directory.Path, "destination");
        CheckpointQuantizer.Run(source, destination, new() { Scheme = scheme }, TestContext.Current.CancellationToken);

        using var before = SafetensorsCheckpoint.Open(source);
        using var after = SafetensorsCheckpoint.Open(destination);
        (int rows, int columns) = (288, 160);
        float[] values = new float[rows * columns];
        BFloat16.ConvertToSingle(before[Up + ".weight"].AsSpan<BFloat16>(), values);
        (int blockRows, int blockColumns) = scheme switch { QuantizationScheme.Block => (128, 128), QuantizationScheme.Channel => (1, columns), _ => (rows, columns) };
        var largest = new Dictionary<(int, int), float>();
        for (int i = 0; i < values.Length; i++)
        {
            (int, int) block = (i / columns / blockRows, i % columns / blockColumns);
            largest[block] = Math.Max(largest.GetValueOrDefault(block), Math.Abs(values[i]));
        }

        TensorView scales = after[Up + (scheme == QuantizationScheme.Block ? ".weight_scale_inv" : ".weight_scale")];
        Assert.Equal(largest.OrderBy(entry => entry.Key).Select(entry => entry.Value / 448), scales.AsSpan<float>().ToArray());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_quantised_model_runs_on_the_weights_written(QuantizationScheme scheme, DataType? scaleType, bool powers, bool search)
    {
        if (search)
        {
            // The same layout as without.
            return;
        }

        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide with { MaxPositionEmbeddings = 64, Layers = 1 });
        string destination = Path.Combine(directory.Path, "destination");
        QuantizationReport report = CheckpointQuantizer.Run(source, destination, new() { Scheme = scheme, ScaleType = scaleType, PowerOfTwoScales = powers }, TestContext.Current.CancellationToken);
        Dictionary<string, double[][]> meant = [];
        using (var written = SafetensorsCheckpoint.Open(destination))
        {
            foreach (QuantizedModule module in report.Modules)
            {
                double[] weights = QuantizedWeights.Read(written, module.Name, (int)module.Rows, module.Columns).Weights;
                meant[module.Name] = [.. weights.Chunk(module.Columns)];
            }
        }

        int[] ids = LogitsTests.Ids(12, s_wide.VocabSize);
        double[][] expected = new DoubleReference(destination, meant: meant).Forward(ids);
        using LanguageModel model = LanguageModel.Load(destination, new() { Threads = 2, KvCache = KvCacheType.Float32 });
        LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, $"{scheme}");
    }

    public static TheoryData<string> Schemes => [.. WeightScheme.All.Keys];

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Every_scheme_becomes_the_bfloat16_nearest_to_what_it_means_and_with_its_scales_its_own_bytes_again(string scheme)
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = new() { Scheme = WeightScheme.All[scheme](), Layers = 1 };
        string source = Make(directory, "source", checkpoint);
        string wide = Path.Combine(directory.Path, "wide");
        string again = Path.Combine(directory.Path, "again");

        CheckpointQuantizer.Run(source, wide, new() { Scheme = QuantizationScheme.BFloat16 }, TestContext.Current.CancellationToken);

        using var widened = SafetensorsCheckpoint.Open(wide);
        foreach ((string name, double[][] rows) in checkpoint.Meant)
        {
            float[] found = new float[rows.Length * rows[0].Length];
            BFloat16.ConvertToSingle(widened[name + ".weight"].AsSpan<BFloat16>(), found);

            // The product is rounded to float32 before.
            int at = 0;
            foreach (double value in rows.SelectMany(row => row))
            {
                double expected = NearestBFloat16.Round((float)value);
                if (found[at] != expected)
                {
                    Assert.Fail($"{name}[{at}]: {found[at]}, expected {expected}");
                }

                at++;
            }
        }

        Assert.DoesNotContain("quantization_config", File.ReadAllText(Path.Combine(wide, "config.json")), StringComparison.Ordinal);
        CheckpointQuantizer.Run(wide, again, new() { ScalesFrom = source }, TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(Path.Combine(source, "model.safetensors")), File.ReadAllBytes(Path.Combine(again, "model.safetensors")));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!["quantization_config"],
            JsonNode.Parse(File.ReadAllText(Path.Combine(again, "config.json")))!["quantization_config"]));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void No_block_has_a_larger_squared_error_with_search(QuantizationScheme scheme, DataType? scaleType, bool powers, bool search)
    {
        if (!search)
        {
            // What the search is held against.
            return;
        }

        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide with { Layers = 1 });
        var options = new QuantizationOptions { Scheme = scheme, ScaleType = scaleType, PowerOfTwoScales = powers };
        QuantizationReport plain = CheckpointQuantizer.Run(source, Path.Combine(directory.Path, "plain"), options, TestContext.Current.CancellationToken);
        QuantizationReport searched = CheckpointQuantizer.Run(source, Path.Combine(directory.Path, "searched"), options with { Search = true }, TestContext.Current.CancellationToken);

        using var before = SafetensorsCheckpoint.Open(source);
        using var without = SafetensorsCheckpoint.Open(Path.Combine(directory.Path, "plain"));
        using var with = SafetensorsCheckpoint.Open(Path.Combine(directory.Path, "searched"));
        foreach (QuantizedModule module in plain.Modules)
        {
            (int rows, int columns) = ((int)module.Rows, module.Columns);
            (int blockRows, int blockColumns) = scheme switch
            {
                QuantizationScheme.Block => (128, 128),
                QuantizationScheme.Channel => (1, columns),
                QuantizationScheme.Tensor => (rows, columns),
                QuantizationScheme.Nvfp4 => (1, 16),
                _ => (1, 32),
            };
            float[] values = new float[rows * columns];
            BFloat16.ConvertToSingle(before[module.Name + ".weight"].AsSpan<BFloat16>(), values);
            Dictionary<(int, int), double> errorsWithout = Errors(without), errorsWith = Errors(with);
            Assert.All(errorsWith, block => Assert.True(block.Value <= errorsWithout[block.Key] * (1 + 1e-5), $"{module.Name}, block {block.Key}"));

            Dictionary<(int, int), double> Errors(SafetensorsCheckpoint of)
            {
                double[] weights = QuantizedWeights.Read(of, module.Name, rows, columns).Weights;
                var errors = new Dictionary<(int, int), double>();
                for (int i = 0; i < weights.Length; i++)
                {
                    (int, int) block = (i / columns / blockRows, i % columns / blockColumns);
                    errors[block] = errors.GetValueOrDefault(block) + (values[i] - weights[i]) * (values[i] - weights[i]);
                }

                return errors;
            }
        }

        // E4M3 repeats with each octave: another power of two only moves what is subnormal, or saturates.
        bool octaves = powers || scaleType == DataType.Float8E8M0FNU || scheme == QuantizationScheme.Mxfp8;
        Assert.True(octaves ? searched.SignalToNoise >= plain.SignalToNoise - 1e-4 : searched.SignalToNoise > plain.SignalToNoise + 0.05, $"{plain.SignalToNoise} dB, searched {searched.SignalToNoise} dB");
    }

    [Fact]
    public void Excluded_layers_stay_as_they_are_and_the_config_says_so()
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide);
        string destination = Path.Combine(directory.Path, "destination");
        CheckpointQuantizer.Run(source, destination, new() { Exclude = ["model.layers.0.*", Up] }, TestContext.Current.CancellationToken);

        using var before = SafetensorsCheckpoint.Open(source);
        using var after = SafetensorsCheckpoint.Open(destination);
        Assert.Equal(before[Up + ".weight"].Bytes, after[Up + ".weight"].Bytes);
        Assert.Equal(6, after.Tensors.Count(tensor => tensor.DataType == DataType.Float8E4M3FN));
        using LanguageModel model = LanguageModel.Load(destination);
        Assert.Equal(
            ["lm_head", "model.layers.0.mlp.down_proj", "model.layers.0.mlp.gate_proj", "model.layers.0.mlp.up_proj", "model.layers.0.self_attn.k_proj",
                "model.layers.0.self_attn.o_proj", "model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj", Up],
            model.Config.QuantizationConfig!.ModulesToNotConvert);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void The_output_layer_is_quantised_on_request_and_untied(bool tied, bool stored)
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide with { Tied = tied, StoreHead = stored });
        string destination = Path.Combine(directory.Path, "destination");
        CheckpointQuantizer.Run(source, destination, new() { Scheme = QuantizationScheme.Channel, LmHead = true }, TestContext.Current.CancellationToken);

        using var after = SafetensorsCheckpoint.Open(destination);
        Assert.Equal(DataType.Float8E4M3FN, after["lm_head.weight"].DataType);
        Assert.Equal(DataType.BFloat16, after["model.embed_tokens.weight"].DataType);
        using LanguageModel model = LanguageModel.Load(destination);
        Assert.False(model.Config.TieWordEmbeddings);
        Assert.DoesNotContain("lm_head", model.Config.QuantizationConfig!.ModulesToNotConvert);
    }

    [Fact]
    public void Layers_of_an_odd_width_stay_wide_and_are_named()
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide with { IntermediateSize = 280 });
        string destination = Path.Combine(directory.Path, "destination");
        QuantizationReport report = CheckpointQuantizer.Run(source, destination, new() { Scheme = QuantizationScheme.Mxfp8 }, TestContext.Current.CancellationToken);

        Assert.Equal(["model.layers.0.mlp.down_proj", "model.layers.1.mlp.down_proj"], report.Notes.Select(note => note.Split(' ')[0]));
        using LanguageModel model = LanguageModel.Load(destination);
        Assert.Equal(12, report.Modules.Count);
    }

    [Fact]
    public void From_one_scheme_to_another_and_in_shards()
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", new SyntheticCheckpoint());
        string destination = Path.Combine(directory.Path, "destination");
        QuantizationReport report = CheckpointQuantizer.Run(source, destination, new() { Scheme = QuantizationScheme.Nvfp4, MaxShardSize = 100_000 }, TestContext.Current.CancellationToken);

        Assert.True(report.Files.Count(file => file.EndsWith(".safetensors", StringComparison.Ordinal)) > 2);
        using LanguageModel model = LanguageModel.Load(destination);
        Assert.Equal(report.DestinationBytes, model.CheckpointBytes);
    }

    [Theory]
    [InlineData(QuantizationScheme.Block)]
    [InlineData(QuantizationScheme.Channel)]
    public void Scales_of_the_cache_are_the_largest_magnitudes_that_the_text_gives(QuantizationScheme scheme)
    {
        using var directory = new TemporaryDirectory();
        string source = Path.Combine(Octet.Testing.Fixtures.Repository, "models", "octet-tiny-bf16");
        string destination = Path.Combine(directory.Path, "destination");
        const string Text = "Keys and values: 448, é, <|im_start|>";
        CheckpointQuantizer.Run(source, destination, new() { Scheme = scheme, CacheCalibrationText = Text }, TestContext.Current.CancellationToken);

        using var written = SafetensorsCheckpoint.Open(destination);
        using LanguageModel model = LanguageModel.Load(destination);
        int layers = 0;
        var reference = new DoubleReference(source)
        {
            Cached = (layer, keys, values) =>
            {
                layers++;
                foreach ((string name, double[][] of) in (IEnumerable<(string, double[][])>)[("k_scale", keys), ("v_scale", values)])
                {
                    double expected = of.Max(token => token.Max(Math.Abs)) / 448;
                    Assert.Equal(expected, written[$"model.layers.{layer}.self_attn.{name}"].AsSpan<float>()[0], expected * 1e-5);
                }
            },
        };
        reference.Forward(model.Encode(Text));
        Assert.Equal(4, layers);
        JsonNode? said = JsonNode.Parse(File.ReadAllText(Path.Combine(destination, "config.json")))!["quantization_config"]!["kv_cache_scheme"];
        Assert.Equal(scheme == QuantizationScheme.Channel ? 8 : null, (int?)said?["num_bits"]);
    }

    [Fact]
    public void A_model_with_a_short_context_gets_scales_of_the_cache_too()
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide with { Layers = 1, EditConfig = config => config["max_position_embeddings"] = 16 });
        string destination = Path.Combine(directory.Path, "destination");
        ByteTokenizer.Write(source, ["<s>"], null, null);

        CheckpointQuantizer.Run(source, destination, new() { CacheCalibrationText = "a text of more than sixteen tokens" }, TestContext.Current.CancellationToken);

        using var written = SafetensorsCheckpoint.Open(destination);
        Assert.True(written["model.layers.0.self_attn.k_scale"].AsSpan<float>()[0] > 0);
    }

    [Fact]
    public void A_model_whose_keys_are_not_finite_gets_no_scales_of_the_cache()
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide with { Edit = tensors => Replace(tensors, "model.layers.1.input_layernorm.weight", 0xFF) });
        ByteTokenizer.Write(source, ["<s>"], null, null);
        string destination = Path.Combine(directory.Path, "destination");

        var error = Assert.Throws<ModelException>(() => CheckpointQuantizer.Run(source, destination, new() { CacheCalibrationText = "text" }, TestContext.Current.CancellationToken));

        Assert.Contains("not finite, first those of model.layers.1.self_attn.k_scale", error.Message, StringComparison.Ordinal);
        Assert.Equal(ModelError.Damaged, error.Error);
        Assert.False(Directory.Exists(destination));

        static void Replace(List<TensorSource> tensors, string name, byte value)
        {
            int at = tensors.FindIndex(tensor => tensor.Name == name);
            byte[] bytes = new byte[tensors[at].ByteLength];
            bytes.AsSpan().Fill(value);
            tensors[at] = new TensorSource(name, tensors[at].DataType, tensors[at].Shape, bytes);
        }
    }

    [Fact]
    public void A_single_file_keeps_its_metadata_and_says_its_scheme_there()
    {
        using var directory = new TemporaryDirectory();
        string source = Path.Combine(directory.Path, "source.safetensors");
        string quantised = Path.Combine(directory.Path, "quantised.safetensors");
        string wide = Path.Combine(directory.Path, "wide.safetensors");
        BFloat16[] weights = [.. Enumerable.Range(0, 200 * 130).Select(i => (BFloat16)(float)Math.Sin(i))];
        SafetensorsWriter.Write(
            source,
            [TensorSource.Create<BFloat16>("block.attn.weight", [200, 130], weights), TensorSource.Create<float>("block.norm.scale", [3], new float[] { 1, 2, 3 })],
            new SafetensorsWriterOptions { Metadata = new Dictionary<string, string> { ["author"] = "someone" } },
            TestContext.Current.CancellationToken);

        CheckpointQuantizer.Run(source, quantised, new(), TestContext.Current.CancellationToken);
        CheckpointQuantizer.Run(quantised, wide, new() { Scheme = QuantizationScheme.BFloat16 }, TestContext.Current.CancellationToken);

        using SafetensorsFile file = SafetensorsFile.Open(quantised);
        Assert.Equal("someone", file.Metadata["author"]);
        Assert.Equal("fp8", (string?)JsonNode.Parse(file.Metadata["quantization_config"])!["quant_method"]);
        Assert.Equal([2, 2], file["block.attn.weight_scale_inv"].Shape.ToArray());
        Assert.Equal([1, 2, 3], file["block.norm.scale"].AsSpan<float>().ToArray());
        using SafetensorsFile back = SafetensorsFile.Open(wide);
        Assert.All(weights.Zip(back["block.attn.weight"].AsSpan<BFloat16>().ToArray()), pair => Assert.Equal((float)pair.First, (float)pair.Second, 1f / 14));
        Assert.DoesNotContain("quantization_config", back.Metadata.Keys);
    }

    [Fact]
    public void A_weight_that_is_not_finite_is_named_with_its_place()
    {
        using var directory = new TemporaryDirectory();
        BFloat16[] weights = new BFloat16[300 * 64];
        weights[(200 * 64) + 7] = BFloat16.NaN;
        string source = Path.Combine(directory.Path, "f.safetensors");
        SafetensorsWriter.Write(source, [TensorSource.Create<BFloat16>("a.weight", [300, 64], weights)], cancellationToken: TestContext.Current.CancellationToken);

        var error = Assert.Throws<ModelException>(() => CheckpointQuantizer.Run(source, source + ".out", new(), TestContext.Current.CancellationToken));

        Assert.Contains("a.weight: the weight of row 200, column 7 is NaN", error.Message, StringComparison.Ordinal);
        Assert.Equal(["f.safetensors"], Directory.EnumerateFileSystemEntries(directory.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_scale_without_codes_is_refused()
    {
        using var directory = new TemporaryDirectory();
        string source = Path.Combine(directory.Path, "f.safetensors");
        SafetensorsWriter.Write(source, [TensorSource.Create<float>("a.weight_scale", [1], new float[] { 1 })], cancellationToken: TestContext.Current.CancellationToken);
        var error = Assert.Throws<ModelException>(() => CheckpointQuantizer.Run(source, source + ".out", new(), TestContext.Current.CancellationToken));
        Assert.Contains("a.weight_scale", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_overwritten_and_what_a_killed_process_left_is_removed()
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide with { Layers = 1 });
        string destination = Path.Combine(directory.Path, "destination");
        Directory.CreateDirectory(destination + ".partial");
        File.WriteAllText(Path.Combine(destination + ".partial", ".lock"), "");
        File.WriteAllText(Path.Combine(destination + ".partial", ".model.safetensors.x.tmp"), "half of it");
        Directory.CreateDirectory(destination);

        CheckpointQuantizer.Run(source, destination, new(), TestContext.Current.CancellationToken);

        Assert.Equal(["destination", "source"], Directory.EnumerateFileSystemEntries(directory.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(["config.json", "model.safetensors"], Directory.EnumerateFiles(destination).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var error = Assert.Throws<ModelException>(() => CheckpointQuantizer.Run(source, destination, new(), TestContext.Current.CancellationToken));
        Assert.Contains("is there already", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_at_once_do_not_write_the_same_destination()
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide with { Layers = 1 });
        string destination = Path.Combine(directory.Path, "destination");
        using var held = new PartialDirectory(destination);

        var error = Assert.Throws<ModelException>(() => CheckpointQuantizer.Run(source, destination, new(), TestContext.Current.CancellationToken));

        Assert.Contains("another process", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelled_it_leaves_nothing()
    {
        using var directory = new TemporaryDirectory();
        string source = Make(directory, "source", s_wide);
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAt(cancellation, 0.7);

        Assert.ThrowsAny<OperationCanceledException>(() => CheckpointQuantizer.Run(source, Path.Combine(directory.Path, "destination"), new() { Progress = progress }, cancellation.Token));

        Assert.Equal(["source"], Directory.EnumerateFileSystemEntries(directory.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Options_that_contradict_each_other_are_refused()
    {
        Assert.Throws<ArgumentException>(() => CheckpointQuantizer.Run("a", "b", new() { Scheme = QuantizationScheme.Mxfp8, ScaleType = DataType.Float32 }, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => CheckpointQuantizer.Run("a", "b", new() { Scheme = QuantizationScheme.Channel, ScaleType = DataType.Float8E8M0FNU }, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => CheckpointQuantizer.Run("a", "b", new() { Scheme = QuantizationScheme.BFloat16, CacheCalibrationText = "x" }, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>(() => CheckpointQuantizer.Run("a", "b", new() { Threads = 0 }, TestContext.Current.CancellationToken));
    }

    static string Make(TemporaryDirectory directory, string name, SyntheticCheckpoint checkpoint)
    {
        string path = Path.Combine(directory.Path, name);
        Directory.CreateDirectory(path);
        checkpoint.Write(path);
        return path;
    }

    sealed class CancelAt(CancellationTokenSource cancellation, double share) : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value)
        {
            if (value.Done >= share * value.Total)
            {
                cancellation.Cancel();
            }
        }
    }
}
