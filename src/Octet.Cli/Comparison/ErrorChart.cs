using System.Globalization;
using Octet.Cli.Plots;

namespace Octet.Cli.Comparison;

/// <summary>The error of each layer as a chart: |A - B| / |A| of the residual stream in percent, which is 0 where there is none.</summary>
static class ErrorChart
{
    const int MostTicks = 12;

    internal static LineChart Create(ComparisonResult result, string a, string b)
    {
        IReadOnlyList<double> layers = result.LayerSignalToNoise!;
        (double X, double Y)[] points = [.. layers.Select((decibels, i) => (i + 1.0, 100 * Math.Pow(10, -decibels / 20)))];
        double largest = points.Max(point => point.Y);
        int step = (layers.Count + MostTicks - 1) / MostTicks;
        double[] ticks = [.. Enumerable.Range(0, layers.Count / step + 1).Select(i => (double)(i * step))];
        return new LineChart(
            "Error by layer",
            string.Create(CultureInfo.InvariantCulture, $"{Name(b)} against {Name(a)}, {result.Positions} positions, mean KL {result.DivergenceMean:G3}"),
            new Axis("layer", 0, layers.Count, ticks, false),
            Axis.FromZero("error of the residual stream, %", largest > 0 ? largest : 1),
            [new Series("|A - B| / |A|", SeriesKind.Measured, points)]);
    }

    static string Name(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
}
