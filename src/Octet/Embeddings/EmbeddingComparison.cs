using System.Numerics.Tensors;

namespace Octet;

/// <summary>Two models over the same texts: how far the second one's vectors are from the reference's, and how far what they are for, the order of texts by nearness, is the same.</summary>
public static class EmbeddingComparison
{
    const int Neighbours = 10;

    /// <summary>Computes texts with both models.</summary>
    /// <param name="reference">The model that is taken for right.</param>
    /// <param name="other">The one that is judged. Its vectors may be of another size: then their cosines with the reference's are NaN, and the order of texts is compared alone.</param>
    /// <param name="texts">At least one. Time and memory grow with the square of their number.</param>
    /// <param name="options">How texts become vectors in both.</param>
    /// <param name="progress">Is told how many texts are finished, of twice as many as there are.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    /// <exception cref="ModelException">A text cannot be computed.</exception>
    /// <exception cref="ArgumentException">There are no texts, or one is null.</exception>
    public static EmbeddingComparisonResult Run(
        EmbeddingModel reference, EmbeddingModel other, IReadOnlyList<string> texts, EmbeddingOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(other);
        EmbeddingModel.RequireTexts(texts, nameof(texts));
        if (texts.Count == 0)
        {
            throw new ArgumentException("no texts: expected at least one", nameof(texts));
        }

        float[][] a = reference.Embed(texts, options, progress, cancellationToken);
        float[][] b = other.Embed(texts, options, progress is null ? null : new Second(progress, texts.Count), cancellationToken);
        return Compare(a, b);
    }

    /// <summary>Of vectors that are there already.</summary>
    /// <param name="reference">The vectors that are taken for right.</param>
    /// <param name="other">As many others, of the same texts.</param>
    /// <exception cref="ArgumentException">There are none, or not as many of both.</exception>
    public static EmbeddingComparisonResult Compare(IReadOnlyList<float[]> reference, IReadOnlyList<float[]> other)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(other);
        if (reference.Count == 0 || reference.Count != other.Count)
        {
            throw new ArgumentException($"{reference.Count} vectors and {other.Count}: expected as many of both, at least one", nameof(other));
        }

        int count = reference.Count;
        double[] cosines = [.. reference.Zip(other, (a, b) => a.Length == b.Length ? Cosine(a, b) : double.NaN)];
        double[][] left = Cosines(reference);
        double[][] right = Cosines(other);
        double[] leftPairs = Pairs(left);
        double[] rightPairs = Pairs(right);
        int worst = Array.IndexOf(cosines, cosines.Min());
        (double nearest, double common) = Nearness(left, right);
        return new EmbeddingComparisonResult
        {
            Texts = count,
            CosineMean = cosines.Average(),
            CosineMin = cosines[worst],
            CosineMinText = worst,
            RankCorrelation = RankCorrelation(leftPairs, rightPairs),
            PairDifferenceMax = leftPairs.Zip(rightPairs, (a, b) => Math.Abs(a - b)).DefaultIfEmpty(double.NaN).Max(),
            NearestAgreement = nearest,
            NeighboursInCommon = common,
        };
    }

    /// <summary>Spearman's correlation, Pearson's of ranks, where equal values share the mean of their ranks; NaN for fewer than three values, or all the same.</summary>
    /// <param name="first">Values.</param>
    /// <param name="second">As many others.</param>
    /// <exception cref="ArgumentException">There are not as many of both.</exception>
    public static double RankCorrelation(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count)
        {
            throw new ArgumentException($"{first.Count} values and {second.Count}: expected as many of both", nameof(second));
        }

        if (first.Count < 3)
        {
            return double.NaN;
        }

        double[] a = Ranks(first);
        double[] b = Ranks(second);
        double mean = (a.Length - 1) / 2.0;
        double product = 0, squares = 0, others = 0;
        for (int i = 0; i < a.Length; i++)
        {
            product += (a[i] - mean) * (b[i] - mean);
            squares += (a[i] - mean) * (a[i] - mean);
            others += (b[i] - mean) * (b[i] - mean);
        }

        return product / Math.Sqrt(squares * others);
    }

    static double Cosine(float[] a, float[] b)
    {
        double product = 0, left = 0, right = 0;
        for (int i = 0; i < a.Length; i++)
        {
            product += (double)a[i] * b[i];
            left += (double)a[i] * a[i];
            right += (double)b[i] * b[i];
        }

        return product / Math.Sqrt(left * right);
    }

    static double[][] Cosines(IReadOnlyList<float[]> vectors)
    {
        double[] lengths = [.. vectors.Select(vector => Math.Max(double.Epsilon, (double)TensorPrimitives.Norm(vector)))];
        return [.. vectors.Select((a, i) => vectors.Select((b, j) => TensorPrimitives.Dot(a, b) / lengths[i] / lengths[j]).ToArray())];
    }

    static double[] Pairs(double[][] cosines) => [.. cosines.SelectMany((row, i) => row[(i + 1)..])];

    static (double Nearest, double Common) Nearness(double[][] left, double[][] right)
    {
        int most = Math.Min(Neighbours, left.Length - 1);
        if (most == 0)
        {
            return (double.NaN, double.NaN);
        }

        int same = 0;
        double common = 0;
        for (int i = 0; i < left.Length; i++)
        {
            int[] a = Nearest(left[i], i, most);
            int[] b = Nearest(right[i], i, most);
            same += a[0] == b[0] ? 1 : 0;
            common += (double)a.Intersect(b).Count() / most;
        }

        return ((double)same / left.Length, common / left.Length);
    }

    static int[] Nearest(double[] cosines, int self, int most)
        => [.. Enumerable.Range(0, cosines.Length).Where(i => i != self).OrderByDescending(i => cosines[i]).Take(most)];

    static double[] Ranks(IReadOnlyList<double> values)
    {
        int[] order = [.. Enumerable.Range(0, values.Count).OrderBy(i => values[i])];
        var ranks = new double[order.Length];
        for (int i = 0; i < order.Length;)
        {
            int end = i + 1;
            while (end < order.Length && values[order[end]] == values[order[i]])
            {
                end++;
            }

            for (int same = i; same < end; same++)
            {
                ranks[order[same]] = (i + end - 1) / 2.0;
            }

            i = end;
        }

        return ranks;
    }

    sealed class Second(IProgress<int> progress, int before) : IProgress<int>
    {
        public void Report(int value) => progress.Report(before + value);
    }
}
