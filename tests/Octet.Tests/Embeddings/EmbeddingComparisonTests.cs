using Octet.Quantization;
using Octet.Tests.Reference;

namespace Octet.Tests.Embeddings;

public class EmbeddingComparisonTests
{
    [Fact]
    public void Spearman_is_that_of_a_worked_example()
    {
        // Ranks 1 2 3 4 5 against 2 1 4 3 5: 1 - 6 * 4 / (5 * 24).
        Assert.Equal(0.8, EmbeddingComparison.RankCorrelation([10, 20, 30, 40, 50], [2, 1, 40, 30, 500]), 1e-12);
        Assert.Equal(-1, EmbeddingComparison.RankCorrelation([1, 2, 3], [9, 8, 7]), 1e-12);

        // Ties share their mean rank: 1.5 1.5 3 against 1 2 3 is sqrt(3) / 2.
        Assert.Equal(Math.Sqrt(3) / 2, EmbeddingComparison.RankCorrelation([5, 5, 6], [1, 2, 3]), 1e-12);
        Assert.True(double.IsNaN(EmbeddingComparison.RankCorrelation([1, 2], [1, 2])));
    }

    [Fact]
    public void Vectors_are_compared_one_by_one_and_by_their_neighbours()
    {
        float[][] a = [[1, 0], [0.9f, 0.1f], [0, 1], [0.1f, 0.9f]];
        float[][] b = [[2, 0], [1.8f, 0.2f], [0, 1], [0.9f, 0.1f]];
        EmbeddingComparisonResult result = EmbeddingComparison.Compare(a, b);
        Assert.Equal(4, result.Texts);
        Assert.Equal(3, result.CosineMinText);
        double cosine = ((0.1 * 0.9) + (0.9 * 0.1)) / 0.82;
        Assert.Equal(cosine, result.CosineMin, 1e-6);
        Assert.Equal((3 + cosine) / 4, result.CosineMean, 1e-6);

        // In b the last text lies with the first two: the third loses its neighbour, and the second finds a nearer one.
        Assert.Equal(1, result.NeighboursInCommon);
        Assert.InRange(result.NearestAgreement, 0, 0.5);
        Assert.InRange(result.RankCorrelation, -1, 0.9);
    }

    [Fact]
    public void A_quantised_model_is_near_its_original()
    {
        using var directory = new TemporaryDirectory();
        string source = Directory.CreateDirectory(Path.Combine(directory.Path, "source")).FullName;
        string quantized = Path.Combine(directory.Path, "quantized");
        new EncoderCheckpoint { VocabSize = 300 }.Write(source);
        ByteTokenizer.Write(source, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        DecoderEmbeddingTests.WriteModules(source, """{"pooling_mode_cls_token":true}""");
        CheckpointQuantizer.Run(source, quantized, new() { Scheme = QuantizationScheme.Block });
        using var a = EmbeddingModel.Load(source);
        using var b = EmbeddingModel.Load(quantized);
        Assert.True(b.Normalizes);
        EmbeddingComparisonResult result = EmbeddingComparison.Run(a, b, ["one", "two", "three", "four and more", "5"]);
        Assert.InRange(result.CosineMin, 0.9, 0.99999999);
        Assert.InRange(EmbeddingComparison.Run(a, a, ["one", "two", "three"]).CosineMin, 0.9999999, 1.0000001);
    }
}
