using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Testing;
using Octet.Tests.Backends;

namespace Octet.Tests.Embeddings;

/// <summary>
/// all-MiniLM-L6-v2 with its published weights against ONNX Runtime. Its directory is made by <c>make.py</c> beside the fixtures and named by
/// <c>OCTET_MINILM</c>, or lies in the repository's artifacts, as <c>.ci/run</c> makes it.
/// </summary>
public class MiniLmTests
{
    public static TheoryData<string> Sets => KernelSets.Names;

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_embedding_is_that_of_the_reference(string set)
    {
        string directory = MiniLm.Directory();
        (int[] Ids, double[] Vector)[] rows = [.. MiniLm.Embeddings().Select(row => (Ids(row), Vector(row)))];
        // Some of every length: every text is in the test below, with the kernels of this machine. In software or one by one, fewer.
        int every = set == "scalar" || set.StartsWith("avx512", StringComparison.Ordinal) || set == "vbmi" ? 40 : 8;
        rows = [.. rows.OrderBy(row => row.Ids.Length).Where((_, i) => i % every == 0)];

        using EmbeddingModel model = EmbeddingModel.Load(directory, new() { Threads = 2 }, KernelSets.Get(set));
        float[][] found = model.EmbedTokens([.. rows.Select(row => row.Ids)]);
        for (int i = 0; i < rows.Length; i++)
        {
            double cosine = Cosine(rows[i].Vector, found[i]);
            Assert.True(cosine >= 0.99999, $"{set}: the cosine of embedding {i}, of {rows[i].Ids.Length} tokens, to the reference is {cosine}");
            Assert.Equal(1, found[i].Sum(value => (double)value * value), 1e-5);
        }
    }

    [Fact]
    public void The_files_say_how_tokens_become_a_vector()
    {
        using EmbeddingModel model = EmbeddingModel.Load(MiniLm.Directory());
        Assert.Equal(("BertModel", 384, 256, true), (model.Architecture, model.Dimensions, model.MaxTokens, model.Normalizes));
        Assert.Empty(model.Prompts);
        Assert.Null(model.DefaultPromptName);
    }

    [Fact]
    public void Texts_are_the_reference_s_tokens_and_vectors()
    {
        using EmbeddingModel model = EmbeddingModel.Load(MiniLm.Directory());
        JsonObject[] rows = [.. MiniLm.Embeddings()];
        string[] texts = [.. rows.Select(row => row["text"]!.GetValue<string>())];
        Assert.All(rows, (row, i) => Assert.Equal(Ids(row), model.Encode(texts[i])));
        float[][] found = model.Embed(texts);
        Assert.All(rows, (row, i) => Assert.InRange(Cosine(Vector(row), found[i]), 0.99999, 1.00001));
    }

    [Fact]
    public void Pairs_are_as_near_as_the_reference_finds_them()
    {
        using EmbeddingModel model = EmbeddingModel.Load(MiniLm.Directory());
        foreach (JsonObject pair in MiniLm.Pairs())
        {
            float[][] both = model.Embed([pair["a"]!.GetValue<string>(), pair["b"]!.GetValue<string>()]);
            Assert.Equal(pair["cosine"]!.GetValue<double>(), Cosine([.. both[0].Select(value => (double)value)], both[1]), 1e-5);
        }
    }

    static int[] Ids(JsonObject row) => [.. row["ids"]!.AsArray().Select(id => id!.GetValue<int>())];

    static double[] Vector(JsonObject row) => [.. row["embedding"]!.AsArray().Select(value => value!.GetValue<double>())];

    internal static double Cosine(double[] a, float[] b)
        => a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(y => (double)y * y));
}
