using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;
using Octet.Embeddings;
using Octet.Models;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Whether every tensor of a directory has its place in the model that its config names: the loader's own word, without its engine.</summary>
static class ModelPairing
{
    /// <summary>False where the config is not that of a model which runs here: then there is no such word.</summary>
    /// <param name="directory">The model.</param>
    /// <param name="checkpoint">Its files, mapped.</param>
    /// <param name="quantization">How its weights are quantised, which its config need not say.</param>
    /// <param name="decoder">The config of a model that is no encoder.</param>
    /// <param name="experts">Which layers its experts in one tensor are.</param>
    /// <exception cref="ModelException">A tensor is missing, of the wrong shape or type, or not the model's.</exception>
    internal static bool TryCheck(string directory, SafetensorsCheckpoint checkpoint, QuantizationConfig? quantization, out ModelConfig? decoder, out IReadOnlyList<StackedExperts> experts)
    {
        EncoderSpec? encoder;
        (decoder, experts) = (null, []);
        try
        {
            (encoder, decoder, _) = EncoderLoader.Read(directory, headless: true);
        }
        catch (ModelException)
        {
            return false;
        }

        experts = Check(directory, checkpoint, encoder, decoder, quantization);
        return true;
    }

    /// <exception cref="ModelException">The config is not that of a model which runs here, or as above.</exception>
    internal static void Check(string directory)
    {
        (EncoderSpec? encoder, ModelConfig? decoder, _) = EncoderLoader.Read(directory, headless: true);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory);
        Check(directory, checkpoint, encoder, decoder, encoder is null ? decoder!.QuantizationConfig : encoder.Quantization);
    }

    static IReadOnlyList<StackedExperts> Check(string directory, SafetensorsCheckpoint checkpoint, EncoderSpec? encoder, ModelConfig? decoder, QuantizationConfig? quantization)
    {
        using var backend = new CpuBackend(InstructionSet.Choose(Environment.GetEnvironmentVariable(InstructionSet.Variable)), 1, ActivationMode.WeightOnly);
        var weights = new WeightLedger(checkpoint, quantization) { OnlyChecks = true };
        using IDisposable model = encoder is not null
            ? new EncoderModel(encoder, weights, backend, 1, encoder.Classifier is not null)
            : new DecoderModel(decoder!, weights, backend, 1, LmHead.AsStored, EncoderLoader.IsHeadless(directory) ? [] : null);
        return weights.Experts;
    }
}
