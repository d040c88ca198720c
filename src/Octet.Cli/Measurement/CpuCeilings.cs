namespace Octet.Cli.Measurement;

/// <summary>This machine's processors and memory, with as many threads as the model has.</summary>
sealed class CpuCeilings(int threads, CancellationToken cancellationToken) : Ceilings
{
    internal override string Source => $"{threads} {(threads == 1 ? "thread" : "threads")}";

    internal override int? Threads => threads;

    protected override double? ArithmeticPeak() => Measurement.ArithmeticPeak.Measure(threads, cancellationToken);

    protected override ReadRate Read() => MemoryBandwidth.Measure(threads, cancellationToken);
}
