using Octet.Backends;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;
using Octet.Embeddings;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cli.Inspection;

/// <summary>What <c>octet inspect</c> has found out, before it is written in one form or another.</summary>
sealed record CheckpointReport
{
    internal required SafetensorsCheckpoint Checkpoint { get; init; }

    internal required string Scheme { get; init; }

    /// <summary>Null where a file is inspected, not a directory, or its config.json cannot be run; then <see cref="ConfigProblem"/> says why.</summary>
    internal ModelConfig? Config { get; init; }

    internal string? ConfigProblem { get; init; }

    /// <summary>What a directory is that makes vectors or scores of texts, in place of <see cref="Config"/>; null: it does not.</summary>
    internal EncoderSpec? Encoder { get; init; }

    /// <summary>Its class.</summary>
    internal string? EncoderArchitecture { get; init; }

    /// <summary>Whether it is a model that runs here.</summary>
    internal bool IsModel => Config is not null || Encoder is not null;

    /// <summary>What the directory or the file says of its quantisation, whatever the architecture; null where it says nothing that is understood.</summary>
    internal QuantizationConfig? Quantized { get; init; }

    /// <summary>Names that are not stored but stand for a stored tensor, with the name it is stored under.</summary>
    internal required IReadOnlyDictionary<string, string> SharedNames { get; init; }

    /// <summary>By tensor name; null where they were not asked for.</summary>
    internal IReadOnlyDictionary<string, TensorStatistics>? Statistics { get; init; }

    /// <summary>Of quantised layers that can be loaded, by the codes' name; null where statistics were not asked for.</summary>
    internal IReadOnlyDictionary<string, ScaledStatistics>? ScaledStatistics { get; init; }

    /// <summary>What the files say of single layers; null where it is not understood: then <see cref="FormatProblem"/> says why.</summary>
    internal LayerFormats? Formats { get; private init; }

    internal string? FormatProblem { get; private init; }

    /// <summary>Tensors that no weight depends on, each with what it is.</summary>
    internal IReadOnlyDictionary<string, string> Unread { get; private init; } = new Dictionary<string, string>();

    /// <summary>What does not look right and may be, where the checkpoint was verified.</summary>
    internal IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Null where the checkpoint was not verified; empty where all is well.</summary>
    internal IReadOnlyList<string>? Problems { get; init; }

    internal IEnumerable<(DataType Type, int Tensors, long Elements, long Bytes)> Totals => Checkpoint.Tensors
        .GroupBy(tensor => tensor.DataType)
        .Select(group => (group.Key, group.Count(), group.Sum(tensor => tensor.ElementCount), group.Sum(tensor => tensor.ByteLength)))
        .OrderByDescending(total => total.Item4);

    /// <param name="checkpoint">The open checkpoint.</param>
    /// <param name="directory">The model directory; null where a single file or an index is inspected.</param>
    /// <param name="statistics">Whether the statistics are wanted.</param>
    /// <param name="verify">Whether everything is to be checked.</param>
    /// <param name="cancellationToken">Looked at while tensors are read.</param>
    /// <param name="blocks">Rows and columns that share a scale where nothing else says it.</param>
    /// <exception cref="ModelException">Blocks were given, and the checkpoint says how it is quantised.</exception>
    internal static CheckpointReport Create(
        SafetensorsCheckpoint checkpoint, string? directory, bool statistics, bool verify, CancellationToken cancellationToken, (int Rows, int Columns)? blocks = null)
    {
        ModelConfig? config = null;
        string? configProblem = null;
        EncoderSpec? encoder = null;
        string? architecture = null;
        if (directory is not null)
        {
            try
            {
                (encoder, config, architecture) = EncoderLoader.Read(directory, headless: true);
            }
            catch (ModelException error)
            {
                configProblem = error.Message;
            }
        }

        LayerFormats? formats = null;
        string? formatProblem = null;
        QuantizationConfig? quantization = directory is null ? null : FindQuantization(directory);
        try
        {
            quantization ??= directory is null ? QuantizationConfig.OfFile(checkpoint.Files[0]) : null;
            formats = LayerFormats.Read(checkpoint, quantization);
        }
        catch (ModelException error)
        {
            formatProblem = error.Message;
        }

        if (blocks is var (rows, columns))
        {
            quantization = quantization is null
                ? QuantizationConfig.OfBlocks(rows, columns)
                : throw new ModelException(ModelError.InvalidInput, $"{checkpoint.Path}: --block {rows}x{columns}, but {quantization.Source} says how it is quantised: leave it out", checkpoint.Path);
        }

        Dictionary<string, TensorStatistics>? values = statistics || verify ? Measure(checkpoint, cancellationToken) : null;
        List<string>? problems = null;
        List<string> warnings = [];
        if (verify)
        {
            (string? problem, IReadOnlyList<string> notices) = directory is null ? (formatProblem, []) : Verification.Model(directory);
            problems = problem is null ? [] : [problem];
            warnings.AddRange(notices);
            warnings.AddRange(formatProblem is null ? Verification.Scales(checkpoint, quantization, formats, cancellationToken) : []);
            problems.AddRange(checkpoint.Tensors
                .Where(tensor => values!.ContainsKey(tensor.Name))
                .SelectMany(tensor => Verification.Values(tensor, Quantization.IsScale(checkpoint, tensor.Name), values![tensor.Name])));
        }

        return new CheckpointReport
        {
            Checkpoint = checkpoint,
            Scheme = Quantization.Describe(checkpoint, quantization, formats),
            Formats = formats,
            Unread = UnreadTensors(checkpoint, formats),
            Warnings = warnings,
            SharedNames = SharedTensorNames.Of(checkpoint),
            Config = config,
            ConfigProblem = configProblem,
            Encoder = encoder,
            EncoderArchitecture = architecture,
            FormatProblem = formatProblem,
            Quantized = quantization,
            Statistics = statistics ? values : null,
            ScaledStatistics = statistics ? MeasureScaled(checkpoint, quantization, formats, cancellationToken) : null,
            Problems = problems,
        };
    }

    static Dictionary<string, string> UnreadTensors(SafetensorsCheckpoint checkpoint, LayerFormats? formats)
    {
        Dictionary<string, string> unread = [];
        foreach (TensorView mark in formats?.Marks ?? [])
        {
            unread.Add(mark.Name, LayerFormats.What);
        }

        foreach (TensorView tensor in checkpoint.Tensors)
        {
            if (UnreadTensor.Of(tensor.Name) is { } kind && kind.Problem(tensor) is null)
            {
                unread.TryAdd(tensor.Name, kind.Reason);
            }
        }

        return unread;
    }

    // One that cannot be read makes the model one that cannot be run, which is said there.
    static QuantizationConfig? FindQuantization(string directory)
    {
        try
        {
            return QuantizationConfig.Find(directory);
        }
        catch (ModelException)
        {
            return null;
        }
    }

    static Dictionary<string, TensorStatistics> Measure(SafetensorsCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        Dictionary<string, TensorStatistics> values = [];
        ReadProgress.Run(checkpoint.TotalBytes, progress =>
        {
            foreach (TensorView tensor in checkpoint.Tensors)
            {
                values.Add(tensor.Name, TensorStatistics.Measure(tensor, progress, cancellationToken));
            }
        });
        return values;
    }

    static Dictionary<string, ScaledStatistics> MeasureScaled(
        SafetensorsCheckpoint checkpoint, QuantizationConfig? config, LayerFormats? formats, CancellationToken cancellationToken)
    {
        Dictionary<string, ScaledStatistics> values = [];
        QuantizedLayer[] layers = [.. checkpoint.Tensors.Select(tensor => QuantizedLayer.Of(checkpoint, tensor, config, formats)).OfType<QuantizedLayer>()];
        ReadProgress.Run(layers.Sum(layer => layer.Codes.ByteLength), progress =>
        {
            foreach (QuantizedLayer quantized in layers)
            {
                // One at a time: its scales are in memory.
                if (quantized.Load(checkpoint, config, formats) is { } layer)
                {
                    values.Add(layer.Tensor.Name, Inspection.ScaledStatistics.Measure(layer, progress, cancellationToken));
                }
            }
        });
        return values;
    }
}
