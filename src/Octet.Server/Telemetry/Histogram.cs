namespace Octet.Server.Telemetry;

/// <summary>Counts values by ranges, as Prometheus has it. Safe for several threads.</summary>
/// <param name="bounds">Upper bounds, rising; a last range without one is added.</param>
sealed class Histogram(params double[] bounds)
{
    readonly long[] _counts = new long[bounds.Length + 1];
    double _sum;

    internal ReadOnlySpan<double> Bounds => bounds;

    internal void Record(double value)
    {
        int range = Array.FindIndex(bounds, bound => value <= bound);
        Interlocked.Increment(ref _counts[range < 0 ? bounds.Length : range]);
        double sum;
        do
        {
            sum = Volatile.Read(ref _sum);
        }
        while (Interlocked.CompareExchange(ref _sum, sum + value, sum) != sum);
    }

    /// <summary>Of each range how many values were in it, and of all their sum.</summary>
    internal (long[] Counts, double Sum) Read()
    {
        long[] counts = new long[_counts.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = Interlocked.Read(ref _counts[i]);
        }

        return (counts, Volatile.Read(ref _sum));
    }
}
