using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Embeddings;
using Octet.Safetensors;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Embeddings;

/// <summary>Decoders as Qwen3-Embedding and Qwen3-Reranker are published, against double precision.</summary>
public class DecoderEmbeddingTests
{
    static readonly int[][] s_texts = [LogitsTests.Ids(5, 301), LogitsTests.Ids(40, 301), LogitsTests.Ids(1, 301), LogitsTests.Ids(70, 301), LogitsTests.Ids(33, 301)];

    [Theory]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(512)]
    public void The_last_token_is_the_vector(int batchTokens)
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(directory.Path);
        WriteModules(directory.Path, """{"word_embedding_dimension":160,"pooling_mode_lasttoken":true,"include_prompt":true}""");
        double[][] expected = [.. s_texts.Select(ids => EncoderReference.Unit(States(directory.Path, ids)[^1]))];
        foreach ((string name, CpuKernels kernels) in KernelSets.For($"last {batchTokens}"))
        {
            using var model = EmbeddingModel.Load(directory.Path, new() { Threads = 2, BatchTokens = batchTokens }, kernels);
            LogitsTests.AssertClose(expected, model.EmbedTokens(s_texts), 1e-5, name);
        }
    }

    /// <summary>Qwen3-Embedding's files name tensors without <c>model.</c>; some name its class without an output layer.</summary>
    [Theory]
    [InlineData("Qwen3ForCausalLM", true)]
    [InlineData("Qwen3Model", true)]
    [InlineData("Qwen3Model", false)]
    public void A_model_without_an_output_layer_is_read(string architecture, bool tied)
    {
        using var directory = new TemporaryDirectory();
        using var twin = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(twin.Path);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(twin.Path, "config.json")))!;
        config["architectures"] = new JsonArray(architecture);
        config["tie_word_embeddings"] = tied;
        File.WriteAllText(Path.Combine(directory.Path, "config.json"), config.ToJsonString());
        using (SafetensorsCheckpoint stored = SafetensorsCheckpoint.Open(twin.Path))
        {
            SafetensorsWriter.Write(Path.Combine(directory.Path, "model.safetensors"), stored.Tensors.Select(tensor => new TensorSource(tensor, tensor.Name["model.".Length..])));
        }

        WriteModules(directory.Path, """{"word_embedding_dimension":160,"pooling_mode_mean_tokens":true}""");
        double[][] expected = [.. s_texts.Select(ids => EncoderReference.Unit(EncoderReference.Mean(States(twin.Path, ids))))];
        using var model = EmbeddingModel.Load(directory.Path, new() { BatchTokens = 50 });
        LogitsTests.AssertClose(expected, model.EmbedTokens(s_texts), 1e-5, architecture);
        Assert.Equal(architecture, model.Architecture);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_reranker_takes_two_logits_of_the_last_token(bool tied)
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint { Tied = tied }.Write(directory.Path);
        var reference = new DoubleReference(directory.Path);
        TokenText[] texts = [.. s_texts.Select(ids => new TokenText(ids, []))];
        foreach ((string name, CpuKernels kernels) in KernelSets.For($"reranker {tied}"))
        {
            using TextEncoder encoder = EncoderLoader.Open(directory.Path, new() { Threads = 2, BatchTokens = 24 }, kernels, null, () => [17, 202], null).Encoder;
            float[] found = new float[2 * texts.Length];
            encoder.Run(
                texts,
                part =>
                {
                    if (part.IsLast)
                    {
                        encoder.Score(part, found.AsSpan(2 * part.Text, 2));
                    }
                },
                null,
                default);
            for (int i = 0; i < texts.Length; i++)
            {
                double[] last = reference.Forward(texts[i].Ids)[^1];
                double scale = Math.Sqrt(last.Average(value => value * value));
                Assert.Equal(last[17], found[2 * i], 1e-5 * Math.Max(1, scale) * 4);
                Assert.Equal(last[202], found[(2 * i) + 1], 1e-5 * Math.Max(1, scale) * 4);
            }
        }
    }

    [Fact]
    public void How_a_decoder_pools_must_be_said()
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(directory.Path);
        ModelException error = Assert.Throws<ModelException>(() => EmbeddingModel.Load(directory.Path));
        Assert.Contains("has no modules.json that says how the states of tokens become one vector", error.Message, StringComparison.Ordinal);
        using var model = EmbeddingModel.Load(directory.Path, new() { Pooling = PoolingMode.LastToken });
        LogitsTests.AssertClose([States(directory.Path, s_texts[1])[^1]], model.EmbedTokens([s_texts[1]]), 1e-5, "last token");
    }

    [Fact]
    public void A_decoder_whose_tokens_see_those_behind_them_is_refused()
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint { EditConfig = config => config["is_causal"] = false }.Write(directory.Path);
        ModelException error = Assert.Throws<ModelException>(() => EmbeddingModel.Load(directory.Path, new() { Pooling = PoolingMode.Mean }));
        Assert.Contains("is_causal is false, which is not implemented; supported: true", error.Message, StringComparison.Ordinal);
    }

    internal static double[][] States(string directory, int[] ids)
    {
        List<double[][]> states = [];
        new DoubleReference(directory).Forward(ids, states);
        return states[^1];
    }

    internal static void WriteModules(string directory, string pooling, bool normalizes = true)
    {
        Directory.CreateDirectory(Path.Combine(directory, "1_Pooling"));
        File.WriteAllText(Path.Combine(directory, "1_Pooling", "config.json"), pooling);
        string normalize = normalizes ? """,{"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}""" : "";
        File.WriteAllText(
            Path.Combine(directory, "modules.json"),
            $$"""[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}{{normalize}}]""");
    }
}
