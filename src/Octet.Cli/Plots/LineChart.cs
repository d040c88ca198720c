using System.Globalization;
using System.Security;
using System.Text;

namespace Octet.Cli.Plots;

/// <summary>A chart of lines as SVG: each line is named at its right end, and the colours follow the reader's light or dark theme.</summary>
sealed record LineChart(string Title, string Subtitle, Axis X, Axis Y, IReadOnlyList<Series> Lines)
{
    const int Width = 760, Height = 420;
    const int Left = 92, Right = 210, Top = 64, Bottom = 56;
    const double LineHeight = 17;

    const string Style = """
        text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #24292f }
        .title { font-size: 16px; font-weight: 600 }
        .quiet { fill: #57606a }
        .back { fill: #ffffff }
        .grid { stroke: #d8dee4; stroke-width: 1 }
        .line { fill: none; stroke-width: 2.2 }
        .bound { stroke-dasharray: 7 5; stroke-width: 1.8 }
        .s0 { stroke: #0b62b8 } .f0 { fill: #0b62b8 }
        .s1 { stroke: #b3420b } .f1 { fill: #b3420b }
        .s2 { stroke: #167a3a } .f2 { fill: #167a3a }
        .s3 { stroke: #7440c9 } .f3 { fill: #7440c9 }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3 }
          .quiet { fill: #9ea7b1 }
          .back { fill: #0d1117 }
          .grid { stroke: #30363d }
          .s0 { stroke: #6cb6ff } .f0 { fill: #6cb6ff }
          .s1 { stroke: #ffa657 } .f1 { fill: #ffa657 }
          .s2 { stroke: #7ee787 } .f2 { fill: #7ee787 }
          .s3 { stroke: #d2a8ff } .f3 { fill: #d2a8ff }
        }
        """;

    internal string ToSvg()
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}" role="img">
            <title>{Text(Title)}</title>
            <style>
            {Style}
            </style>
            <rect class="back" width="{Width}" height="{Height}" rx="6"/>
            <text class="title" x="{Left}" y="26">{Text(Title)}</text>
            <text class="quiet" x="{Left}" y="46">{Text(Subtitle)}</text>

            """);
        foreach (double tick in Y.Ticks)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{AtY(tick):0.0}\" y2=\"{AtY(tick):0.0}\"/>\n");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"quiet\" x=\"{Left - 8}\" y=\"{AtY(tick) + 4:0.0}\" text-anchor=\"end\">{Number(tick)}</text>\n");
        }

        foreach (double tick in X.Ticks)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{AtX(tick):0.0}\" x2=\"{AtX(tick):0.0}\" y1=\"{Top}\" y2=\"{Height - Bottom + 4}\"/>\n");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"quiet\" x=\"{AtX(tick):0.0}\" y=\"{Height - Bottom + 20}\" text-anchor=\"middle\">{Number(tick)}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"quiet\" x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 14}\" text-anchor=\"middle\">{Text(X.Label)}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"quiet\" transform=\"translate(20 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">{Text(Y.Label)}</text>\n");
        for (int i = 0; i < Lines.Count; i++)
        {
            Series line = Lines[i];
            string points = string.Join(' ', line.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{AtX(point.X):0.0},{AtY(point.Y):0.0}")));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"line s{i}{(line.Kind == SeriesKind.Bound ? " bound" : "")}\" points=\"{points}\"/>\n");
            foreach ((double x, double y) in line.Kind == SeriesKind.Measured ? line.Points : [])
            {
                svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"f{i}\" cx=\"{AtX(x):0.0}\" cy=\"{AtY(y):0.0}\" r=\"3.5\"/>\n");
            }
        }

        foreach ((int index, double y) in NamePlaces())
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"f{index}\" x=\"{Width - Right + 10}\" y=\"{y + 4:0.0}\">{Text(Lines[index].Name)}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Beside the ends of their lines, pushed down and then up where they would overlap.</summary>
    IEnumerable<(int Index, double Y)> NamePlaces()
    {
        int[] order = [.. Enumerable.Range(0, Lines.Count).OrderBy(i => AtY(Lines[i].Points[^1].Y))];
        double[] places = [.. order.Select(i => AtY(Lines[i].Points[^1].Y))];
        for (int i = 1; i < places.Length; i++)
        {
            places[i] = Math.Max(places[i], places[i - 1] + LineHeight);
        }

        double lowest = Height - Bottom;
        for (int i = places.Length - 1; i >= 0; i--)
        {
            places[i] = Math.Min(places[i], lowest);
            lowest = places[i] - LineHeight;
        }

        return order.Zip(places);
    }

    double AtX(double x) => Left + X.Place(x) * (Width - Left - Right);

    double AtY(double y) => Height - Bottom - Y.Place(y) * (Height - Top - Bottom);

    static string Number(double value) => value >= 1000 ? value.ToString("#,##0", CultureInfo.InvariantCulture)
        : value.ToString(value is > 0 and < 0.001 ? "0e-0" : "0.###", CultureInfo.InvariantCulture);

    static string Text(string text) => SecurityElement.Escape(text);
}
