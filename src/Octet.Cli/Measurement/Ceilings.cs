namespace Octet.Cli.Measurement;

/// <summary>What bounds a model's speed where it is computed, measured in the same run.</summary>
abstract class Ceilings
{
    /// <summary>What is measured, with how many threads or on which card.</summary>
    internal abstract string Source { get; }

    /// <summary>The threads that compute; null: a card does.</summary>
    internal virtual int? Threads => null;

    /// <summary>Float32 operations a second; never measured where the device has none that its models are bound by.</summary>
    internal Ceiling Arithmetic { get; } = new();

    /// <summary>Of the fastest pass over memory.</summary>
    internal Ceiling Bandwidth { get; } = new();

    /// <summary>Of the median pass: what memory gave in those seconds, rather than what it could.</summary>
    internal Ceiling SustainedBandwidth { get; } = new();

    /// <summary>Measures what computes this model.</summary>
    /// <param name="model">An open model.</param>
    /// <param name="threads">What the CPU computes with.</param>
    /// <param name="cancellationToken">Ends a measurement.</param>
    internal static Ceilings Of(LanguageModel model, int threads, CancellationToken cancellationToken)
        => CardCeilings.Ordinal(model.Device) is { } ordinal ? new CardCeilings(ordinal, cancellationToken) : new CpuCeilings(threads, cancellationToken);

    internal void MeasureArithmetic()
    {
        if (ArithmeticPeak() is { } peak)
        {
            Arithmetic.Add(peak);
        }
    }

    internal void MeasureBandwidth()
    {
        ReadRate rate = Read();
        Bandwidth.Add(rate.Fastest);
        SustainedBandwidth.Add(rate.Median);
    }

    /// <summary>What memory is of a device, said beside what the process takes; null: nothing.</summary>
    internal virtual string? Memory() => null;

    protected abstract double? ArithmeticPeak();

    protected abstract ReadRate Read();
}
