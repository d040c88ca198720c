using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Embeddings;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Embeddings;

/// <summary>Encoders against their formulas in double precision: every class, every instruction set, every way of storing weights, batches of texts of any lengths.</summary>
public class EncoderTests
{
    // Float32 against double, as for decoders.
    const double Tolerance = 1e-5;

    static readonly int[] s_lengths = [5, 1, 34, 70, 12, 2];

    static readonly Dictionary<string, EncoderCheckpoint> s_variants = new()
    {
        ["bert"] = new(),
        ["bert, bf16"] = new() { Type = DataType.BFloat16, Seed = 2 },
        ["bert, f16, gelu_new"] = new() { Type = DataType.Float16, EditConfig = config => config["hidden_act"] = "gelu_new", Seed = 3 },
        ["bert, odd sizes, relu"] = new() { HiddenSize = 90, IntermediateSize = 131, Heads = 5, EditConfig = config => config["hidden_act"] = "relu", Seed = 4 },
        ["bert under a prefix, old names of norms"] = new() { Architecture = "BertForMaskedLM", Prefix = "bert.", OldNames = true, Seed = 5 },
        ["roberta"] = new() { Architecture = "RobertaModel", Seed = 6 },
        ["xlm-roberta"] = new() { Architecture = "XLMRobertaModel", Prefix = "roberta.", Heads = 6, Seed = 7 },
        ["modernbert"] = new() { Architecture = "ModernBertModel", Layers = 5, Seed = 8 },
        ["modernbert, bf16"] = new() { Architecture = "ModernBertForMaskedLM", Prefix = "model.", Type = DataType.BFloat16, Seed = 9 },
    };

    public static TheoryData<string> Variants => [.. s_variants.Keys];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Every_instruction_set_agrees_with_double_precision(string variant)
    {
        using var directory = new TemporaryDirectory();
        EncoderCheckpoint checkpoint = s_variants[variant];
        checkpoint.Write(directory.Path);
        int[][] texts = Texts(checkpoint.VocabSize);
        var reference = new EncoderReference(directory.Path);
        double[][] expected = [.. texts.Select(ids => EncoderReference.Mean(reference.Forward(ids)))];
        foreach ((string name, CpuKernels kernels) in KernelSets.All)
        {
            using EmbeddingModel model = Open(directory.Path, kernels);
            LogitsTests.AssertClose(expected, model.EmbedTokens(texts), Tolerance, $"{variant} on {name}");
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(40, 2)]
    [InlineData(64, 3)]
    [InlineData(4096, 2)]
    public void Any_batch_and_thread_count_gives_the_same_bits(int batchTokens, int threads)
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new EncoderCheckpoint();
        checkpoint.Write(directory.Path);
        int[][] texts = Texts(checkpoint.VocabSize);
        using var alone = EmbeddingModel.Load(directory.Path, new() { Threads = 1, BatchTokens = 512 });
        using var model = EmbeddingModel.Load(directory.Path, new() { Threads = threads, BatchTokens = batchTokens });

        // The number of rows of a step chooses among kernels whose sums round otherwise.
        double[][] expected = [.. alone.EmbedTokens(texts).Select(vector => vector.Select(value => (double)value).ToArray())];
        LogitsTests.AssertClose(expected, model.EmbedTokens(texts), 2e-6, $"batches of {batchTokens}");
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint().Write(directory.Path);
        int[][] texts = Texts(211);
        using var one = EmbeddingModel.Load(directory.Path, new() { Threads = 1 });
        using var three = EmbeddingModel.Load(directory.Path, new() { Threads = 3 });
        Assert.Equal(one.EmbedTokens(texts), three.EmbedTokens(texts));
    }

    public static TheoryData<QuantizationScheme, int, int> Schemes => new()
    {
        { QuantizationScheme.Block, 128, 128 },
        { QuantizationScheme.Channel, 1, 0 },
        { QuantizationScheme.Tensor, 0, 0 },
        { QuantizationScheme.Mxfp8, 1, 32 },
    };

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Quantised_weights_are_codes_times_scales(QuantizationScheme scheme, int rows, int columns)
    {
        foreach (string architecture in (string[])["BertModel", "XLMRobertaModel", "ModernBertModel"])
        {
            using var directory = new TemporaryDirectory();
            string source = Directory.CreateDirectory(Path.Combine(directory.Path, "source")).FullName;
            string quantized = Path.Combine(directory.Path, "quantized");
            new EncoderCheckpoint { Architecture = architecture, IntermediateSize = 256 }.Write(source);
            QuantizationReport report = CheckpointQuantizer.Run(source, quantized, new() { Scheme = scheme });
            Assert.Equal(architecture == "ModernBertModel" ? 12 : 18, report.Modules.Count);

            Dictionary<string, double[][]> meant = PlainTwin.Meant(quantized, rows, columns);
            int[][] texts = Texts(211);
            var reference = new EncoderReference(quantized, meant);
            double[][] expected = [.. texts.Select(ids => EncoderReference.Mean(reference.Forward(ids)))];
            foreach ((string name, CpuKernels kernels) in KernelSets.For($"{architecture} {scheme}"))
            {
                using EmbeddingModel model = Open(quantized, kernels);
                LogitsTests.AssertClose(expected, model.EmbedTokens(texts), Tolerance, $"{architecture}, {scheme} on {name}");
            }
        }
    }

    [Theory]
    [InlineData("BertForSequenceClassification", "bert.", null)]
    [InlineData("BertForSequenceClassification", "", null)]
    [InlineData("XLMRobertaForSequenceClassification", "roberta.", null)]
    [InlineData("ModernBertForSequenceClassification", "model.", "cls")]
    [InlineData("ModernBertForSequenceClassification", "model.", "mean")]
    public void A_classifier_scores_pairs(string architecture, string prefix, string? pooling)
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint
        {
            Architecture = architecture,
            Prefix = prefix,
            EditConfig = config => config["classifier_pooling"] = pooling,
        }.Write(directory.Path);
        bool hasTypes = architecture.StartsWith("Bert", StringComparison.Ordinal);
        TokenText[] texts = [.. Texts(211).Select(ids => new TokenText(ids, hasTypes ? [.. ids.Select((_, i) => i > ids.Length / 2 ? 1 : 0)] : []))];
        var reference = new EncoderReference(directory.Path);
        double[] expected = [.. texts.Select(text => reference.Classify(text.Ids, hasTypes ? text.Types : null)[0])];
        foreach ((string name, CpuKernels kernels) in KernelSets.All)
        {
            EncoderLoader.Opened opened = EncoderLoader.Open(directory.Path, new() { Threads = 2, BatchTokens = 80 }, kernels, null, () => [], null);
            using TextEncoder encoder = opened.Encoder;
            float[] scores = new float[texts.Length];
            encoder.Run(texts, part => encoder.Score(part, scores.AsSpan(part.Text, 1)), null, default);
            for (int i = 0; i < texts.Length; i++)
            {
                Assert.True(Math.Abs(scores[i] - expected[i]) < 2e-5 * Math.Max(1, Math.Abs(expected[i])), $"{architecture} on {name}, text {i}: {scores[i]}, expected {expected[i]}");
            }
        }
    }

    [Fact]
    public void An_embedding_is_taken_from_below_a_classifier_and_says_so()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint { Architecture = "RobertaForSequenceClassification", Prefix = "roberta." }.Write(directory.Path);
        using EmbeddingModel model = EmbeddingModel.Load(directory.Path);
        Assert.Contains(model.Notices, notice => notice.Contains("4 tensors of a classifier are left", StringComparison.Ordinal));
        int[] ids = [0, 5, 9, 2];
        LogitsTests.AssertClose([EncoderReference.Mean(new EncoderReference(directory.Path).Forward(ids))], model.EmbedTokens([ids]), Tolerance, "below the classifier");
    }

    public static TheoryData<string, string, string> Refusals => new()
    {
        { "position_embedding_type", "\"relative_key\"", "position_embedding_type is \"relative_key\", which is not implemented" },
        { "hidden_act", "\"mish\"", "hidden_act is \"mish\", which is not implemented" },
        { "is_decoder", "true", "is_decoder is true, which is not read: a decoder is not implemented for encoders" },
        { "num_attention_heads", "7", "num_attention_heads is 7; expected a divisor of hidden_size, 96" },
        { "hidden_size", "null", "hidden_size is missing" },
        { "architectures", "[\"MPNetModel\"]", "architectures is [\"MPNetModel\"], which is not implemented; supported: BertModel" },
        { "vocab_size", "212", "embeddings.word_embeddings.weight: shape [211, 96], expected [212, 96]" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void What_is_not_implemented_is_refused_by_its_name(string key, string value, string expected)
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint { EditConfig = config => config[key] = JsonNode.Parse(value) }.Write(directory.Path);
        ModelException error = Assert.Throws<ModelException>(() => EmbeddingModel.Load(directory.Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_the_model_does_not_have_is_an_error()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint { Edit = tensors => tensors.Add(new TensorSource("encoder.layer.9.extra", DataType.Float32, [1], new byte[4])) }.Write(directory.Path);
        ModelException error = Assert.Throws<ModelException>(() => EmbeddingModel.Load(directory.Path));
        Assert.Contains("encoder.layer.9.extra: a tensor that the model does not have", error.Message, StringComparison.Ordinal);
    }

    internal static EmbeddingModel Open(string path, CpuKernels kernels) => EmbeddingModel.Load(path, new() { Threads = 2, BatchTokens = 90 }, kernels);

    /// <summary>Texts of all kinds of lengths; one of them has the id of padding inside, which RoBERTa's positions pass over.</summary>
    static int[][] Texts(int vocabulary)
    {
        var random = new Random(vocabulary);
        int[][] texts = [.. s_lengths.Select(length => Enumerable.Range(0, length).Select(_ => random.Next(2, vocabulary)).ToArray())];
        texts[2][7] = 1;
        return texts;
    }
}
