using System.Text.Json.Nodes;

namespace Octet.Cli.Measurement;

/// <summary>One speed measured several times. Disturbed repetitions are run again, up to three times as many in all.</summary>
sealed record Repetitions(double[] Speeds, bool[] Clean)
{
    const int MostTimes = 3;

    internal int CleanCount => Clean.Count(clean => clean);

    /// <param name="wanted">Clean repetitions.</param>
    /// <param name="before">What comes before each, outside of its time.</param>
    /// <param name="run">One repetition, and its speed.</param>
    internal static Repetitions Measure(int wanted, Action before, Func<double> run)
    {
        run();
        List<double> speeds = [];
        List<bool> clean = [];
        for (int undisturbed = 0; undisturbed < wanted && speeds.Count < MostTimes * wanted;)
        {
            before();
            CoreUse use = CoreUse.Now();
            speeds.Add(run());
            clean.Add(CoreUse.IsCleanSince(use));
            undisturbed += clean[^1] ? 1 : 0;
        }

        return new Repetitions([.. speeds], [.. clean]);
    }

    /// <summary>Of the clean ones, or of all where fewer than half of the <paramref name="wanted"/> are clean.</summary>
    internal Spread Spread(int wanted)
        => Measurement.Spread.Of(2 * CleanCount >= wanted ? [.. Speeds.Where((_, i) => Clean[i])] : Speeds);

    internal JsonArray ToJson()
        => new([.. Speeds.Select((speed, i) => new JsonObject { ["tokens_per_second"] = speed, ["clean"] = Clean[i] })]);
}
