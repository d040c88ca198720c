using System.Globalization;
using Octet.Testing;

namespace Octet.Cuda.Tests.Costs;

/// <summary>A line of <c>counts.txt</c>: what a launch of a kernel executes and moves.</summary>
sealed record Counts(double Instructions, double Products, double CacheBytes, double Wavefronts)
{
    // Of a sector, the piece in which the second cache is read.
    const int SectorBytes = 32;

    static readonly Lazy<string[]> s_lines = new(() => File.ReadAllLines(Path.Combine(Fixtures.Repository, "tests", "Octet.Cuda.Tests", "Kernels", "counts.txt")));

    internal static Counts Of(string kernel, string target)
    {
        string line = s_lines.Value.FirstOrDefault(line => line.StartsWith($"{kernel}, {target}, ", StringComparison.Ordinal)) ?? throw new InvalidDataException($"counts.txt has no line of {kernel}, {target}");
        double[][] fields = [.. line[(line.LastIndexOf(": ", StringComparison.Ordinal) + 2)..].Split("; ").Select(field => field.Split(", ").Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray())];
        return new(fields[0][0], fields[0][1], (fields[2][0] * SectorBytes) - fields[1][1], fields[3][0]);
    }

    /// <summary>
    /// What a multiprocessor takes for one of so many equal steps of a block that it has alone, in clocks: the longest of what goes on at once. Copies to shared memory are written there.
    /// </summary>
    /// <param name="card">The card.</param>
    /// <param name="steps">That the launch has.</param>
    /// <param name="each">Multiplications of a product of matrices.</param>
    /// <param name="rate">Of the card.</param>
    internal Term Step(Card card, int steps, double each, double rate) => Term.Longest(
        new("products", Products * each / rate / steps),
        new("instructions", Instructions / CostModel.Schedulers / steps),
        new("shared memory", (Wavefronts + (CacheBytes / CostModel.SharedBytes)) / steps),
        new("second cache", CacheBytes / card.CacheBytes / steps));
}

/// <summary>Clocks or seconds, and what takes them.</summary>
readonly record struct Term(string Name, double Value)
{
    internal static Term Longest(params ReadOnlySpan<Term> terms)
    {
        Term longest = terms[0];
        foreach (Term term in terms)
        {
            longest = term.Value > longest.Value ? term : longest;
        }

        return longest;
    }
}
