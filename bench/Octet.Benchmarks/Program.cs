using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Octet.Benchmarks;

// dotnet run -c Release --project bench/Octet.Benchmarks -- --filter '*'
// The tables land in bench/results/<processor>/.
var config = ManualConfig.CreateEmpty()
    .AddJob(Job.Default.WithWarmupCount(5).WithIterationCount(11))
    .AddLogger(ConsoleLogger.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddColumn(StatisticColumn.Median, new ThroughputColumn(), new ShareColumn())
    .AddExporter(MarkdownExporter.GitHub, JsonExporter.Brief)
    .WithArtifactsPath(Path.Combine(ResultFolder.Repository, "artifacts", "benchmarks"))
    .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(40));
Summary[] summaries = [.. BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config)];
ResultFolder.Keep(summaries);
