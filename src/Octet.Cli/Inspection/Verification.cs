using System.Globalization;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Embeddings;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Cli.Inspection;

/// <summary>What is wrong with a checkpoint, beyond what opening it has already refused.</summary>
static class Verification
{
    /// <summary>
    /// Of a model directory: every tensor has its place in the model, every FP8 weight its scales, nothing is left over; tokenizer and
    /// template can be read where they are there.
    /// </summary>
    /// <returns>What is wrong, and what was decided where the files leave a choice.</returns>
    internal static (string? Problem, IReadOnlyList<string> Notices) Model(string directory)
    {
        try
        {
            if (IsEncoder(directory))
            {
                ModelPairing.Check(directory);
                _ = Tokenizer.Exists(directory) ? Tokenizer.Load(directory) : null;
                return (null, []);
            }

            // Pairing needs neither threads nor a cache.
            using LanguageModel model = LanguageModel.Load(directory, new LanguageModelOptions { Threads = 1, ContextLength = 1, PrefillChunk = 1 });
            _ = model.Tokenizer;
            _ = model.ChatTemplate;
            return (null, model.Notices);
        }
        catch (Exception error) when (error is ModelException or SafetensorsException or TokenizerException or ChatTemplateException)
        {
            return (error.Message, []);
        }
    }

    /// <summary>Whether a directory is what makes vectors or scores of texts by its config, and answers nothing.</summary>
    internal static bool IsEncoder(string directory)
    {
        try
        {
            return EncoderLoader.IsEncoder(directory);
        }
        catch (ModelException)
        {
            return false;
        }
    }

    /// <summary>Layers whose scales do not fit their codes (<see cref="ScaleFit"/>), where there are enough blocks to tell; of each scheme the others are judged together.</summary>
    internal static IEnumerable<string> Scales(SafetensorsCheckpoint checkpoint, QuantizationConfig? config, LayerFormats? formats, CancellationToken cancellationToken)
    {
        Dictionary<string, (ScaleFit Fit, string First, int Layers)> schemes = [];
        Dictionary<string, (ScaleFit Fit, string First, int Layers)> wrong = [];
        foreach (TensorView tensor in checkpoint.Tensors)
        {
            if (QuantizedLayer.Of(checkpoint, tensor, config, formats) is not { } layer || layer.Load(checkpoint, config, formats) is not { } weight || ScaleFit.Measure(weight, ScaleFit.MostBlocks, cancellationToken) is not { } fit)
            {
                continue;
            }

            // Scales of whole rows of one matrix may, by chance, follow what the rows have in common.
            bool rows = weight.Scales!.BlockColumns >= weight.Columns;
            Add(!rows && fit.IsWrong ? wrong : schemes, Quantization.Scheme(layer, config), fit, tensor.Name);
        }

        foreach ((string scheme, (ScaleFit Fit, string First, int Layers) found) in wrong.Concat(schemes.Where(scheme => scheme.Value.Fit.IsWrong)))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{checkpoint.Path}: the scales of {found.First}{(found.Layers == 1 ? "" : $" and {found.Layers - 1} more layers")} ({scheme}) do not look like those of their codes: where the codes of a block are smaller, its scale should be larger by as much (slope -1), found {found.Fit.Slope:0.00} in {found.Fit.Blocks} blocks. They may be in another order (tiles, transposed), inverse, or of another layer");
        }

        static void Add(Dictionary<string, (ScaleFit Fit, string First, int Layers)> to, string scheme, ScaleFit fit, string name)
            => to[scheme] = to.TryGetValue(scheme, out var sum) ? (sum.Fit + fit, sum.First, sum.Layers + 1) : (fit, name, 1);
    }

    /// <summary>Of one tensor: values that no weight and no scale can have.</summary>
    internal static IEnumerable<string> Values(TensorView tensor, bool isScale, TensorStatistics statistics)
    {
        string at = $"{tensor.File.Path}: tensor {tensor.Name}";
        if (statistics.NaN > 0)
        {
            yield return Quantization.IsFloat8(tensor.DataType)
                ? $"{at} has {statistics.NaN} NaN codes: the file is damaged"
                : $"{at} has {statistics.NaN} {(isScale ? "scales" : "values")} that are NaN: the file is damaged";
        }

        if (statistics.Infinite > 0)
        {
            yield return $"{at} has {statistics.Infinite} infinite {(isScale ? "scales" : "values")}: expected finite numbers";
        }

        if (isScale && statistics.Negative > 0 && tensor.DataType.IsFloatingPoint())
        {
            yield return $"{at} has {statistics.Negative} negative scales: expected numbers from 0";
        }
    }
}
