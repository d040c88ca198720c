using System.Globalization;
using System.Text;

namespace Octet.Server.Telemetry;

/// <summary>Prometheus' text format, version 0.0.4.</summary>
/// <remarks><see href="https://prometheus.io/docs/instrumenting/exposition_formats/"/></remarks>
sealed class PrometheusText
{
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    readonly StringBuilder _text = new();

    /// <summary>Begins a family of series.</summary>
    internal void Family(string name, string type, string help)
        => _text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    /// <summary>A series.</summary>
    /// <param name="name">Of the family, with a suffix where it is part of a histogram.</param>
    /// <param name="value">The value.</param>
    /// <param name="labels">Names and values.</param>
    internal void Sample(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(name);
        if (labels.Length > 0)
        {
            for (int i = 0; i < labels.Length; i++)
            {
                _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"").Append(Escape(labels[i].Value)).Append('"');
            }

            _text.Append('}');
        }

        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    /// <summary>A histogram of a model.</summary>
    internal void Histogram(string name, string model, Histogram histogram)
    {
        (long[] counts, double sum) = histogram.Read();
        long below = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            below += counts[i];
            Sample($"{name}_bucket", below, ("model_name", model), ("le", i < histogram.Bounds.Length ? Number(histogram.Bounds[i]) : "+Inf"));
        }

        Sample($"{name}_sum", sum, ("model_name", model));
        Sample($"{name}_count", below, ("model_name", model));
    }

    public override string ToString() => _text.ToString();

    static string Number(double value) => value.ToString("0.################", CultureInfo.InvariantCulture);

    static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
