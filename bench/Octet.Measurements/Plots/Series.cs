namespace Octet.Measurements.Plots;

/// <summary>A line of a chart: what was measured (with dots), or what bounds it (dashed).</summary>
sealed record Series(string Name, IReadOnlyList<(double X, double Y)> Points, bool IsBound = false);
