namespace Octet.Cli.Plots;

/// <summary>What a line of a chart shows, which says how it is drawn: with dots, plain, dashed.</summary>
enum SeriesKind
{
    Measured,
    Calculated,
    Bound,
}

/// <summary>A line of a chart.</summary>
sealed record Series(string Name, SeriesKind Kind, IReadOnlyList<(double X, double Y)> Points);
