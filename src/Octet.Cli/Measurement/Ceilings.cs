namespace Octet.Cli.Measurement;

/// <summary>What bounds a model's speed on this machine, measured with as many threads as the model has.</summary>
sealed class Ceilings(int threads, CancellationToken cancellationToken)
{
    internal int Threads => threads;

    internal Ceiling Arithmetic { get; } = new();

    /// <summary>Of the fastest pass over memory.</summary>
    internal Ceiling Bandwidth { get; } = new();

    /// <summary>Of the median pass: what memory gave in those seconds, rather than what it could.</summary>
    internal Ceiling SustainedBandwidth { get; } = new();

    internal void MeasureArithmetic() => Arithmetic.Add(ArithmeticPeak.Measure(threads, cancellationToken));

    internal void MeasureBandwidth()
    {
        ReadRate rate = MemoryBandwidth.Measure(threads, cancellationToken);
        Bandwidth.Add(rate.Fastest);
        SustainedBandwidth.Add(rate.Median);
    }
}
