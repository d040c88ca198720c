using Octet.Numerics;
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
    internal static IEnumerable<string> Model(string directory)
    {
        string? problem = null;
        try
        {
            // Pairing needs neither threads nor a cache.
            using LanguageModel model = LanguageModel.Load(directory, new LanguageModelOptions { Threads = 1, ContextLength = 1, PrefillChunk = 1 });
            _ = model.Tokenizer;
            _ = model.ChatTemplate;
        }
        catch (Exception error) when (error is ModelException or SafetensorsException or TokenizerException or ChatTemplateException)
        {
            problem = error.Message;
        }

        return problem is null ? [] : [problem];
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
