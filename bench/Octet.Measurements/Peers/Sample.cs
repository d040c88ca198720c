namespace Octet.Measurements.Peers;

/// <summary>All repetitions of one test over all rounds.</summary>
sealed record Sample(IReadOnlyList<(double Rate, bool Clean)> Repetitions, int Wanted)
{
    internal int CleanCount => Repetitions.Count(repetition => repetition.Clean);

    /// <summary>Of the clean ones, or of all where fewer than half of the wanted ones are clean.</summary>
    internal double Median
    {
        get
        {
            double[] rates = [.. Repetitions.Where(repetition => repetition.Clean || 2 * CleanCount < Wanted).Select(repetition => repetition.Rate).Order()];
            return rates.Length == 0 ? double.NaN : (rates[(rates.Length - 1) / 2] + rates[rates.Length / 2]) / 2;
        }
    }
}
