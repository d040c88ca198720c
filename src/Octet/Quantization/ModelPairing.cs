using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Checkpoints;
using Octet.Models;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Whether every tensor of a directory has its place in the model that its config names: the loader's own word, without its engine.</summary>
static class ModelPairing
{
    /// <summary>False where the config is not that of a model which runs here: then there is no such word.</summary>
    /// <exception cref="ModelException">A tensor is missing, of the wrong shape or type, or not the model's.</exception>
    internal static bool TryCheck(string directory)
    {
        ModelConfig config;
        try
        {
            config = ModelConfig.Load(directory);
        }
        catch (ModelException)
        {
            return false;
        }

        Check(directory, config);
        return true;
    }

    /// <exception cref="ModelException">The config is not that of a model which runs here, or as above.</exception>
    internal static void Check(string directory) => Check(directory, ModelConfig.Load(directory));

    static void Check(string directory, ModelConfig config)
    {
        using var checkpoint = SafetensorsCheckpoint.Open(directory);
        using var backend = new CpuBackend(InstructionSet.Choose(Environment.GetEnvironmentVariable(InstructionSet.Variable)), 1, ActivationMode.WeightOnly);
        DecoderModel.Create(config, new WeightLedger(checkpoint, config.QuantizationConfig), backend, 1, LmHead.AsStored).Dispose();
    }
}
