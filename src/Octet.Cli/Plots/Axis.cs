namespace Octet.Cli.Plots;

/// <summary>One axis: its label with the unit, its ticks, and where a value lies between its ends (0 to 1).</summary>
sealed record Axis(string Label, double Minimum, double Maximum, IReadOnlyList<double> Ticks, bool IsLogarithmic)
{
    internal double Place(double value) => IsLogarithmic
        ? Math.Log(value / Minimum) / Math.Log(Maximum / Minimum)
        : (value - Minimum) / (Maximum - Minimum);

    /// <summary>Through the given values, each a tick.</summary>
    internal static Axis Through(string label, IReadOnlyList<double> ticks, bool logarithmic) => new(label, ticks[0], ticks[^1], ticks, logarithmic);

    /// <summary>From 0 to a round number above the largest value.</summary>
    internal static Axis FromZero(string label, double largest)
    {
        double step = Round(largest / 5);
        int steps = (int)Math.Ceiling(largest / step);
        return new Axis(label, 0, steps * step, [.. Enumerable.Range(0, steps + 1).Select(i => i * step)], false);
    }

    /// <summary>Ticks 1, 2, 5, 10, ... around the values.</summary>
    internal static Axis Logarithmic(string label, double smallest, double largest)
    {
        List<double> ticks = [];
        for (int power = -3; power < 9; power++)
        {
            ticks.AddRange(((double[])[1, 2, 5]).Select(digit => digit * Math.Pow(10, power)));
        }

        double low = ticks.Last(tick => tick <= smallest), high = ticks.First(tick => tick >= largest);
        return new Axis(label, low, high, [.. ticks.Where(tick => tick >= low && tick <= high)], true);
    }

    /// <summary>1, 2 or 5 times a power of ten, not below <paramref name="value"/>.</summary>
    static double Round(double value)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return ((double[])[1, 2, 5, 10]).Select(digit => digit * power).First(step => step >= value * 0.999);
    }
}
