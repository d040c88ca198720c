using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Generation;

public class ModelComparisonTests
{
    // Float32 kernels: the errors that are measured here are smaller than a rounding of inputs to bfloat16.
    static CpuKernels Kernels => InstructionSet.Float32.First(set => set.IsSupported).Kernels;

    [Fact]
    public void Every_figure_is_that_of_its_definition_over_the_windows_of_a_text()
    {
        // Float32 scales cut to bfloat16: weights that differ by less than 2^-7. A head of its own gives logits of about 1.
        using var first = new TemporaryDirectory();
        using var second = new TemporaryDirectory();
        new SyntheticCheckpoint { ScaleType = DataType.Float32, Tied = false }.Write(first.Path);
        new SyntheticCheckpoint { ScaleType = DataType.BFloat16, Tied = false }.Write(second.Path);
        int[] ids = LogitsTests.Ids(70, 301);

        // Windows of 32 every 16, and of each the positions whose next token no window before it has held.
        (int Begin, int End, int First, int Last)[] windows = [(0, 32, 0, 31), (16, 48, 31, 47), (32, 64, 47, 63), (48, 70, 63, 70)];
        var a = new DoubleReference(first.Path);
        var b = new DoubleReference(second.Path);
        List<double> divergences = [], differences = [];
        double[] signal = new double[3], noise = new double[3];
        double likelihoodA = 0, likelihoodB = 0, largest = 0;
        int agreements = 0, farthest = 0;
        foreach ((int begin, int end, int from, int to) in windows)
        {
            List<double[][]> statesA = [], statesB = [];
            double[][] logitsA = a.Forward(ids.AsSpan(begin, end - begin), statesA), logitsB = b.Forward(ids.AsSpan(begin, end - begin), statesB);
            for (int t = from - begin; t < to - begin; t++)
            {
                double[] p = LogSoftmax(logitsA[t]), q = LogSoftmax(logitsB[t]);
                divergences.Add(p.Zip(q, (x, y) => Math.Exp(x) * (x - y)).Sum());
                int top = Array.IndexOf(p, p.Max());
                agreements += top == Array.IndexOf(q, q.Max()) ? 1 : 0;
                differences.Add(Math.Abs(Math.Exp(p[top]) - Math.Exp(q[top])));
                double most = logitsA[t].Zip(logitsB[t], (x, y) => Math.Abs(x - y)).Max();
                (largest, farthest) = most > largest ? (most, begin + t) : (largest, farthest);
                if (begin + t + 1 < end)
                {
                    likelihoodA -= p[ids[begin + t + 1]];
                    likelihoodB -= q[ids[begin + t + 1]];
                }

                for (int place = 0; place < 3; place++)
                {
                    signal[place] += statesA[place][t].Sum(x => x * x);
                    noise[place] += statesA[place][t].Zip(statesB[place][t], (x, y) => (x - y) * (x - y)).Sum();
                }
            }
        }

        // Two chunk sizes, neither that of the comparison's own groups of rows.
        using LanguageModel modelA = LogitsTests.Open(first.Path, Kernels, chunk: 7);
        using LanguageModel modelB = LogitsTests.Open(second.Path, Kernels, chunk: 256);
        var comparison = new ModelComparison(modelA, modelB, new ScoreOptions { Window = 32, Stride = 16 });
        int told = 0;
        comparison.Add(ids, 0, count => told += count, TestContext.Current.CancellationToken);
        ComparisonResult result = comparison.Result();

        double[] sorted = [.. divergences.Order()];
        Assert.InRange(sorted[35], 1e-7, 1e-2);
        Assert.Equal((70, 70, 69, 69), (told, result.Positions, result.Reference.Tokens, result.Other.Tokens));
        Near(divergences.Average(), result.DivergenceMean);
        double variance = (divergences.Sum(value => value * value) - (divergences.Count * Math.Pow(divergences.Average(), 2))) / (divergences.Count - 1);
        Near(Math.Sqrt(variance / divergences.Count), result.DivergenceError);
        Near((sorted[34] + sorted[35]) / 2, result.DivergenceMedian);
        Near(sorted[68] + 0.31 * (sorted[69] - sorted[68]), result.Divergence99);
        Near(sorted[69], result.DivergenceMax);
        Near(differences.Average(), result.ProbabilityDifferenceMean);
        Near(differences.Max(), result.ProbabilityDifferenceMax);
        Near(likelihoodA, result.Reference.NegativeLogLikelihood);
        Near(likelihoodB, result.Other.NegativeLogLikelihood);
        Near(largest, result.LargestLogitDifference.Value);
        Assert.Equal(farthest, result.LargestLogitDifference.Position);
        Assert.Equal(agreements / 70.0, result.Top1Agreement, 1e-12);
        Assert.Equal(2, result.LayerSignalToNoise!.Count);
        for (int place = 0; place < 3; place++)
        {
            double expected = 10 * Math.Log10(signal[place] / noise[place]);
            Assert.InRange(expected, 20, 80);
            Assert.Equal(expected, place < 2 ? result.LayerSignalToNoise[place] : result.FinalNormSignalToNoise!.Value, 0.01);
        }
    }

    [Fact]
    public void A_model_does_not_differ_from_itself()
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(directory.Path);
        using LanguageModel a = LogitsTests.Open(directory.Path, Kernels);
        using LanguageModel b = LogitsTests.Open(directory.Path, Kernels, threads: 1);
        var comparison = new ModelComparison(a, b);
        comparison.Add(LogitsTests.Ids(40, 301), 0, null, TestContext.Current.CancellationToken);

        ComparisonResult result = comparison.Result();

        Assert.Equal((0, 0, 0), (result.DivergenceMean, result.Divergence99, result.DivergenceMax));
        Assert.Equal((0, 0, 1), (result.ProbabilityDifferenceMax, result.LargestLogitDifference.Value, result.Top1Agreement));
        Assert.Equal(result.Reference, result.Other);
        Assert.All(result.LayerSignalToNoise!, ratio => Assert.Equal(double.PositiveInfinity, ratio));
        Assert.Equal(double.PositiveInfinity, result.FinalNormSignalToNoise);
    }

    [Fact]
    public void Several_texts_are_one_result_and_the_largest_difference_names_its_text()
    {
        using var first = new TemporaryDirectory();
        using var second = new TemporaryDirectory();
        new SyntheticCheckpoint { ScaleType = DataType.Float32 }.Write(first.Path);
        new SyntheticCheckpoint().Write(second.Path);
        using LanguageModel a = LogitsTests.Open(first.Path, Kernels);
        using LanguageModel b = LogitsTests.Open(second.Path, Kernels);
        int[][] texts = [LogitsTests.Ids(9, 301), LogitsTests.Ids(21, 301)];
        ComparisonResult[] alone = [.. texts.Select(text => Compare(text))];

        ComparisonResult both = Compare(texts);

        Assert.Equal(30, both.Positions);
        Assert.Equal(28, both.Reference.Tokens);
        Assert.Equal(alone.Sum(result => result.Reference.NegativeLogLikelihood), both.Reference.NegativeLogLikelihood, 1e-9);
        Assert.Equal((9 * alone[0].DivergenceMean + 21 * alone[1].DivergenceMean) / 30, both.DivergenceMean, 1e-12);
        int text = alone[1].LargestLogitDifference.Value > alone[0].LargestLogitDifference.Value ? 1 : 0;
        Assert.Equal(alone[text].LargestLogitDifference with { Text = text }, both.LargestLogitDifference);

        ComparisonResult Compare(params int[][] sequences)
        {
            var comparison = new ModelComparison(a, b);
            foreach (int[] ids in sequences)
            {
                comparison.Add(ids, 0, null, TestContext.Current.CancellationToken);
            }

            return comparison.Result();
        }
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, null)]
    [InlineData(7, null)]
    [InlineData(20, null)]
    [InlineData(7, 8)]
    [InlineData(13, 8)]
    public void Context_is_computed_and_not_judged(int context, int? window)
    {
        using var first = new TemporaryDirectory();
        using var second = new TemporaryDirectory();
        new SyntheticCheckpoint { Layers = 1 }.Write(first.Path);
        new SyntheticCheckpoint { Layers = 1, Seed = 2 }.Write(second.Path);
        using LanguageModel a = LogitsTests.Open(first.Path, Kernels);
        using LanguageModel b = LogitsTests.Open(second.Path, Kernels);
        int[] ids = LogitsTests.Ids(20, 301);
        var options = new ScoreOptions { Window = window, Stride = window };
        var comparison = new ModelComparison(a, b, options);

        comparison.Add(ids, context, null, TestContext.Current.CancellationToken);

        // Likelihoods of the same windows, each token's by the difference of two scores that end before and after it.
        if (context == 20)
        {
            Assert.Equal(0, comparison.Result().Reference.Tokens);
            return;
        }

        double expected = 0;
        int tokens = 0;
        for (int begin = 0; begin < ids.Length; begin += window ?? ids.Length)
        {
            int[] part = ids[begin..Math.Min(ids.Length, begin + (window ?? ids.Length))];
            for (int i = Math.Max(1, context - begin); i < part.Length; i++)
            {
                double before = i == 1 ? 0 : a.Score(part.AsSpan(0, i), null, TestContext.Current.CancellationToken).NegativeLogLikelihood;
                expected += a.Score(part.AsSpan(0, i + 1), null, TestContext.Current.CancellationToken).NegativeLogLikelihood - before;
                tokens++;
            }
        }

        Assert.Equal(tokens, comparison.Result().Reference.Tokens);
        Assert.Equal(expected, comparison.Result().Reference.NegativeLogLikelihood, 1e-3);
    }

    [Theory]
    [InlineData(3, 160, "2 layers and 3")]
    [InlineData(2, 192, "hidden states of 160 numbers and of 192")]
    public void Models_of_another_shape_are_compared_by_their_logits_alone(int layers, int width, string reason)
    {
        using var first = new TemporaryDirectory();
        using var second = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(first.Path);
        new SyntheticCheckpoint { Layers = layers, HiddenSize = width }.Write(second.Path);
        using LanguageModel a = LogitsTests.Open(first.Path, Kernels);
        using LanguageModel b = LogitsTests.Open(second.Path, Kernels);
        var comparison = new ModelComparison(a, b);
        comparison.Add([1, 2, 3], 0, null, TestContext.Current.CancellationToken);

        ComparisonResult result = comparison.Result();

        Assert.Equal(reason, result.LayersNotCompared);
        Assert.Null(result.LayerSignalToNoise);
        Assert.Null(result.FinalNormSignalToNoise);
        Assert.True(result.DivergenceMean > 0);
    }

    [Fact]
    public void Vocabularies_of_different_sizes_are_refused()
    {
        using var first = new TemporaryDirectory();
        using var second = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(first.Path);
        new SyntheticCheckpoint { VocabSize = 300 }.Write(second.Path);
        using LanguageModel a = LogitsTests.Open(first.Path, Kernels);
        using LanguageModel b = LogitsTests.Open(second.Path, Kernels);

        string message = Assert.Throws<ModelException>(() => new ModelComparison(a, b)).Message;

        Assert.Contains("301", message, StringComparison.Ordinal);
        Assert.Contains("300", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Logits_that_are_not_finite_are_an_error_that_names_the_token()
    {
        using var first = new TemporaryDirectory();
        using var second = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(first.Path);
        new SyntheticCheckpoint
        {
            // A tied embedding whose row 7 is NaN gives NaN for that token alone, as long as it is not in the text.
            Edit = tensors =>
            {
                int at = tensors.FindIndex(tensor => tensor.Name == "model.embed_tokens.weight");
                byte[] bytes = new byte[301 * 160 * 2];
                bytes.AsSpan().Fill(0x3C);
                bytes.AsSpan(7 * 320, 320).Fill(0xFF);
                tensors[at] = new TensorSource(tensors[at].Name, DataType.BFloat16, [301, 160], bytes);
            },
        }.Write(second.Path);
        using LanguageModel a = LogitsTests.Open(first.Path, Kernels);
        using LanguageModel b = LogitsTests.Open(second.Path, Kernels);
        var comparison = new ModelComparison(a, b);

        string message = Assert.Throws<ModelException>(() => comparison.Add([1, 2, 3], 0, null, TestContext.Current.CancellationToken)).Message;

        Assert.Contains("token 7 at position 0", message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => new ModelComparison(a, b).Result());
    }

    // Float32 against double: the divergences are small differences of such numbers.
    static void Near(double expected, double found) => Assert.InRange(found, expected - 0.01 * Math.Abs(expected), expected + 0.01 * Math.Abs(expected));

    static double[] LogSoftmax(double[] logits)
    {
        double max = logits.Max();
        double log = max + Math.Log(logits.Sum(logit => Math.Exp(logit - max)));
        return [.. logits.Select(logit => logit - log)];
    }
}
