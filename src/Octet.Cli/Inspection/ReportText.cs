using System.Globalization;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;
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
            Standard.Output.WriteLine($"problem: {Visible.Text(problem)}");
        }

        foreach (string warning in report.Warnings)
        {
            Standard.Output.WriteLine($"warning: {Visible.Text(warning)}");
        }

        if (report.Problems is [])
        {
            Standard.Output.WriteLine(!report.IsModel ? "verified: all values are finite" : "verified: every tensor has its place in the model, and all values are finite");
        }
    }

    static void WriteSummary(CheckpointReport report)
    {
        SafetensorsCheckpoint checkpoint = report.Checkpoint;
        ReportFields fields = new();
        fields.Write("path", checkpoint.Path);
        foreach (SafetensorsFile file in checkpoint.Files)
        {
            fields.Write("file", $"{Path.GetFileName(file.Path)}, {Count(file.Length, "byte")}");
        }

        fields.Write("tensors", $"{Count(checkpoint.Tensors.Count)}, {Count(checkpoint.TotalBytes, "byte")} ({ByteCount.Text(checkpoint.TotalBytes)})");
        int width = report.Totals.Select(total => total.Type.SafetensorsName().Length).DefaultIfEmpty().Max();
        foreach ((DataType type, int tensors, long elements, long bytes) in report.Totals)
        {
            fields.Write("", $"{type.SafetensorsName().PadRight(width)} {Count(tensors, "tensor")}, {Count(elements, "element")}, {Count(bytes, "byte")}");
        }

        fields.Write("scheme", report.Scheme);
        if (report.Config is { } config)
        {
            fields.Write("model", Describe(config));
        }
        else if (report.Encoder is { } encoder)
        {
            fields.Write("model", Describe(encoder, report.EncoderArchitecture!));
        }
        else if (report.ConfigProblem is { } problem)
        {
            fields.Write("model", $"cannot be run: {problem}");
        }

        if (report.FormatProblem is { } unknown)
        {
            fields.Write("formats", unknown);
        }

        foreach (IGrouping<string, string> reason in report.Unread.GroupBy(pair => pair.Value, pair => pair.Key))
        {
            fields.Write("unread", $"{reason.First()}{(reason.Count() == 1 ? "" : $" and {reason.Count() - 1} more")}: {reason.Key}");
        }

        foreach ((string name, string stored) in report.SharedNames)
        {
            fields.Write("shared", $"{name} = {stored}");
        }

        foreach ((string key, string value) in checkpoint.Metadata.Where(pair => !report.SharedNames.ContainsKey(pair.Key)))
        {
            fields.WriteCut("metadata", $"{key} = {value}");
        }

        Standard.Output.WriteLine();
    }

    static string Describe(ModelConfig config) => string.Create(CultureInfo.InvariantCulture,
        $"{config.ModelType}, {config.NumHiddenLayers} layers, hidden {config.HiddenSize}, feed-forward {FeedForward(config)}, heads {config.NumAttentionHeads} / {config.NumKeyValueHeads} of {config.HeadDim}, vocabulary {config.VocabSize}{(config.TieWordEmbeddings ? " (tied)" : "")}, context {config.MaxPositionEmbeddings}");

    static string Describe(EncoderSpec encoder, string architecture) => string.Create(CultureInfo.InvariantCulture,
        $"{architecture}, {encoder.Layers.Count} layers, hidden {encoder.HiddenSize}, feed-forward {encoder.Inner}, heads {encoder.Heads} of {encoder.HiddenSize / encoder.Heads}, vocabulary {encoder.VocabSize}, texts of {encoder.MaxTokens} tokens{(encoder.Classifier is { } classifier ? $", {classifier.Labels} {(classifier.Labels == 1 ? "label" : "labels")}" : "")}");

    static string FeedForward(ModelConfig config)
        => config.Decoder?.Experts.FirstOrDefault() is not { } experts
            ? config.IntermediateSize.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{experts.Rule.Chosen} of {experts.Rule.Experts} experts of {experts.Inner}{(experts.Shared is { } shared ? $" and one of {shared.Width}" : "")}");

    static void WriteTable(CheckpointReport report)
    {
        bool statistics = report.Statistics is not null;
        bool scaled = report.ScaledStatistics is { Count: > 0 };
        var table = new ReportTable(
        [
            .. (string[])["name", "dtype", "shape", "bytes"],
            .. statistics ? (string[])["min", "max", "mean", "nan"] : [],
            .. scaled ? (string[])["scaled min", "scaled max", "scaled mean", "largest in row", "saturated", "zeros"] : [],
        ]);
        foreach (TensorView tensor in report.Checkpoint.Tensors)
        {
            string bytes = tensor.ByteLength.ToString(CultureInfo.InvariantCulture);
            table.Add([tensor.Name, tensor.DataType.SafetensorsName(), TensorShape.Text(tensor.Shape), bytes, .. statistics ? Values(report, tensor) : [], .. scaled ? Scaled(report, tensor) : []]);
        }

        table.Write();
    }

    static string[] Values(CheckpointReport report, TensorView tensor)
    {
        TensorStatistics values = report.Statistics![tensor.Name];
        return [Real(values.Min), Real(values.Max), Real(values.Mean), values.NaN.ToString(CultureInfo.InvariantCulture)];
    }

    static string[] Scaled(CheckpointReport report, TensorView tensor) => report.ScaledStatistics!.TryGetValue(tensor.Name, out ScaledStatistics values)
        ? [Real(values.Min), Real(values.Max), Real(values.Mean), .. ((long[])[values.AmaxRow, values.Saturated, values.Zeros]).Select(number => number.ToString(CultureInfo.InvariantCulture))]
        : ["", "", "", "", "", ""];

    static void WriteTree(CheckpointReport report)
    {
        StringComparer natural = StringComparer.Create(CultureInfo.InvariantCulture, CompareOptions.NumericOrdering);
        Dictionary<string, long> sizes = ModuleSizes(report);
        Dictionary<string, TreeNode> modules = [];
        var root = new Tree(new Text($"{Visible.Text(Path.GetFileName(report.Checkpoint.Path))}  {ByteCount.Text(report.Checkpoint.TotalBytes)}"));
        var leaves = report.Checkpoint.Tensors.Select(tensor => (tensor.Name, Text: Describe(report, tensor)))
            .Concat(report.SharedNames.Select(pair => (Name: pair.Key, Text: $"= {pair.Value}")));
        foreach ((string name, string text) in leaves.OrderBy(leaf => leaf.Name, natural))
        {
            IHasTreeNodes parent = root;
            int start = 0;
            for (int dot = name.IndexOf('.', StringComparison.Ordinal); dot >= 0; start = dot + 1, dot = name.IndexOf('.', start))
            {
                string module = name[..dot];
                if (!modules.TryGetValue(module, out TreeNode? node))
                {
                    node = parent.AddNode(new Text($"{Visible.Text(name[start..dot])}  {ByteCount.Text(sizes.GetValueOrDefault(module))}"));
                    modules.Add(module, node);
                }

                parent = node;
            }

            parent.AddNode(new Text(Visible.Text($"{name[start..]}  {text}")));
        }

        Terminal.Output().Write(root);
    }

    /// <summary>The stored bytes below each node of the tree, by the part of the names before a dot.</summary>
    static Dictionary<string, long> ModuleSizes(CheckpointReport report)
    {
        Dictionary<string, long> sizes = [];
        foreach (TensorView tensor in report.Checkpoint.Tensors)
        {
            for (int dot = tensor.Name.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = tensor.Name.IndexOf('.', dot + 1))
            {
                string module = tensor.Name[..dot];
                sizes[module] = sizes.GetValueOrDefault(module) + tensor.ByteLength;
            }
        }

        return sizes;
    }

    static string Describe(CheckpointReport report, TensorView tensor)
    {
        string values = report.Statistics is not null && Values(report, tensor) is [var min, var max, var mean, var nan] ? $"  min {min}, max {max}, mean {mean}, nan {nan}" : "";
        string scaled = report.ScaledStatistics?.ContainsKey(tensor.Name) is true && Scaled(report, tensor) is [var low, var high, var middle, var row, var saturated, var zeros]
            ? $"  scaled: min {low}, max {high}, mean {middle}, largest in row {row}, saturated {saturated}, zeros {zeros}"
            : "";
        return $"{tensor.DataType.SafetensorsName()} {TensorShape.Text(tensor.Shape)} {ByteCount.Text(tensor.ByteLength)}{values}{scaled}";
    }

    static string Count(long number, string what) => $"{Count(number)} {what}{(number == 1 ? "" : "s")}";

    static string Count(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    static string Real(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
