using System.Globalization;
using System.Reflection;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Octet.Benchmarks;

/// <summary>Bytes of source and destination together, for each second of the median.</summary>
sealed class ThroughputColumn : IColumn
{
    public string Id => nameof(ThroughputColumn);

    public string ColumnName => "GB/s";

    public bool AlwaysShow => false;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => "bytes read and written per second, 10^9, at the median";

    public bool IsAvailable(Summary summary) => summary.BenchmarksCases.Any(benchmark => Traffic(benchmark) is not null);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        Rate(summary, benchmarkCase) is double rate ? rate.ToString("F1", CultureInfo.InvariantCulture) : "-";

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    internal static TrafficAttribute? Traffic(BenchmarkCase benchmark) => benchmark.Descriptor.WorkloadMethod.GetCustomAttribute<TrafficAttribute>();

    internal static double? Rate(Summary summary, BenchmarkCase benchmark)
    {
        int? elements = (int?)benchmark.Parameters.Items.FirstOrDefault(parameter => parameter.Name == "Elements")?.Value;
        double? nanoseconds = summary[benchmark]?.ResultStatistics?.Median;
        return Traffic(benchmark) is { } traffic ? (double?)elements * traffic.BytesPerElement / nanoseconds : null;
    }
}
