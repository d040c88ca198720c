using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Octet.Benchmarks;

/// <summary>A rate as a share of what the same traffic reaches without arithmetic, in the same run.</summary>
sealed class ShareColumn : IColumn
{
    public string Id => nameof(ShareColumn);

    public string ColumnName => "of limit";

    public bool AlwaysShow => false;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 1;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => "GB/s as a share of the same reads and writes without arithmetic, in the same run";

    public bool IsAvailable(Summary summary) => summary.BenchmarksCases.Any(benchmark => ThroughputColumn.Traffic(benchmark)?.Limit is not null);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        BenchmarkCase? limit = summary.BenchmarksCases.FirstOrDefault(other =>
            other.Descriptor.WorkloadMethod.Name == ThroughputColumn.Traffic(benchmarkCase)?.Limit
            && other.Parameters.ValueInfo == benchmarkCase.Parameters.ValueInfo);
        double? share = limit is null ? null : ThroughputColumn.Rate(summary, benchmarkCase) / ThroughputColumn.Rate(summary, limit);
        return share?.ToString("P0", CultureInfo.InvariantCulture) ?? "-";
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);
}
