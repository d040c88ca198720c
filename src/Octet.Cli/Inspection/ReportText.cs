using System.Globalization;
using Octet.Checkpoints;
using Octet.Cli.IO;
using Octet.Numerics;
using Octet.Safetensors;
using Spectre.Console;

namespace Octet.Cli.Inspection;

/// <summary>The report for people: summary, then every tensor in a table or a tree.</summary>
static class ReportText
{
    internal static void Write(CheckpointReport report, bool tree)
    {
        WriteSummary(report);
        if (tree)
        {
            WriteTree(report);
        }
        else
        {
            WriteTable(report);
        }

        foreach (string problem in report.Problems ?? [])
        {
            Standard.Output.WriteLine($"problem: {problem}");
        }

        if (report.Problems is [])
        {
            string unread = report.Unread == 0 ? "" : $"; the values of {report.Unread} tensors are of types that are not read";
            Standard.Output.WriteLine((report.Config is null ? "verified: all values are finite" : "verified: every tensor has its place in the model, and all values are finite") + unread);
        }
    }

    static void WriteSummary(CheckpointReport report)
    {
        SafetensorsCheckpoint checkpoint = report.Checkpoint;
        TextWriter output = Standard.Output;
        output.WriteLine($"path      {checkpoint.Path}");
        foreach (SafetensorsFile file in checkpoint.Files)
        {
            output.WriteLine($"file      {Path.GetFileName(file.Path)}, {Count(file.Length)} bytes");
        }

        output.WriteLine($"tensors   {Count(checkpoint.Tensors.Count)}, {Count(checkpoint.TotalBytes)} bytes ({ByteCount.Text(checkpoint.TotalBytes)})");
        foreach ((DataType type, int tensors, long elements, long bytes) in report.Totals)
        {
            output.WriteLine($"          {type.SafetensorsName(),-8} {Count(tensors)} tensors, {Count(elements)} elements, {Count(bytes)} bytes");
        }

        output.WriteLine($"scheme    {report.Scheme}");
        if (report.Config is { } config)
        {
            output.WriteLine($"model     {Describe(config)}");
        }
        else if (report.ConfigProblem is { } problem)
        {
            output.WriteLine($"model     cannot be run: {problem}");
        }

        foreach ((string key, string value) in checkpoint.Metadata)
        {
            output.WriteLine($"metadata  {key} = {value.ReplaceLineEndings(" ")}");
        }

        output.WriteLine();
    }

    static string Describe(ModelConfig config) => string.Create(CultureInfo.InvariantCulture,
        $"{config.ModelType}, {config.NumHiddenLayers} layers, hidden {config.HiddenSize}, feed-forward {config.IntermediateSize}, heads {config.NumAttentionHeads} / {config.NumKeyValueHeads} of {config.HeadDim}, vocabulary {config.VocabSize}{(config.TieWordEmbeddings ? " (tied)" : "")}, context {config.MaxPositionEmbeddings}");

    static void WriteTable(CheckpointReport report)
    {
        bool statistics = report.Statistics is not null;
        var table = new ReportTable([.. (string[])["name", "dtype", "shape", "bytes"], .. statistics ? (string[])["min", "max", "mean", "nan"] : []]);
        foreach (TensorView tensor in report.Checkpoint.Tensors)
        {
            string bytes = tensor.ByteLength.ToString(CultureInfo.InvariantCulture);
            table.Add([tensor.Name, tensor.DataType.SafetensorsName(), TensorShape.Text(tensor.Shape), bytes, .. statistics ? Values(report, tensor) : []]);
        }

        table.Write();
    }

    static string[] Values(CheckpointReport report, TensorView tensor) => report.Statistics!.TryGetValue(tensor.Name, out TensorStatistics values)
        ? [Real(values.Min), Real(values.Max), Real(values.Mean), values.NaN.ToString(CultureInfo.InvariantCulture)]
        : ["-", "-", "-", "-"];

    static void WriteTree(CheckpointReport report)
    {
        var root = new Tree(Markup.Escape(Path.GetFileName(report.Checkpoint.Path)));
        Dictionary<string, TreeNode> groups = [];
        foreach (TensorView tensor in report.Checkpoint.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Create(CultureInfo.InvariantCulture, CompareOptions.NumericOrdering)))
        {
            IHasTreeNodes parent = root;
            int dot = tensor.Name.IndexOf('.', StringComparison.Ordinal);
            int start = 0;
            for (; dot >= 0; start = dot + 1, dot = tensor.Name.IndexOf('.', start))
            {
                string group = tensor.Name[..dot];
                if (!groups.TryGetValue(group, out TreeNode? node))
                {
                    node = parent.AddNode(new Text(tensor.Name[start..dot]));
                    groups.Add(group, node);
                }

                parent = node;
            }

            string values = report.Statistics is not null && Values(report, tensor) is [var min, var max, var mean, var nan] ? $"  min {min}, max {max}, mean {mean}, nan {nan}" : "";
            parent.AddNode(new Text($"{tensor.Name[start..]}  {tensor.DataType.SafetensorsName()} {TensorShape.Text(tensor.Shape)} {ByteCount.Text(tensor.ByteLength)}{values}"));
        }

        Terminal.Output().Write(root);
    }

    static string Count(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    static string Real(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
