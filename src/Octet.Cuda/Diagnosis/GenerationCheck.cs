using System.Globalization;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Cuda.Driver;
using Octet.Generation;

namespace Octet.Cuda.Diagnosis;

/// <summary>
/// Whether a card reads a prompt and writes as the CPU does: a short generation with a small model. Inputs stay float32: quantised ones that lie on a border go
/// either way, by which even the CPU's instruction sets give logits of so small a model that are several percent apart.
/// </summary>
static class GenerationCheck
{
    const string Prompt = "Hello! What is FP8, and why are there two formats of it?";
    const double Tolerance = 5e-3;

    // Where two tokens are as likely as each other but for so much of the logits' size, either may be written.
    const double Near = 1e-2;

    /// <param name="driver">The driver.</param>
    /// <param name="ordinal">The card.</param>
    /// <param name="directory">The model.</param>
    /// <param name="cancellationToken">Looked at between steps.</param>
    /// <param name="tokens">How many are written.</param>
    internal static CardCheck Run(CudaDriver driver, int ordinal, string directory, CancellationToken cancellationToken, int tokens = 16) => ProductCheck.Try("generation", () =>
    {
        var options = new LanguageModelOptions { Activation = ActivationMode.WeightOnly, Device = $"cuda:{ordinal}", ContextLength = 256, PrefillChunk = 128 };
        var kind = new DeviceKind("cuda", static _ => null, (card, mode) => new CudaBackend(CudaContext.Open(driver, card), mode, new CudaBackendSizes(ArenaBlock: 16 << 20, UploadBuffer: 4 << 20)));
        using LanguageModel onCard = LanguageModel.Load(directory, options, ScalarKernels.Instance, kinds: [kind]);
        using LanguageModel onCpu = LanguageModel.Load(directory, options with { Device = DeviceName.Cpu });
        using InferenceSession card = onCard.CreateSession();
        using InferenceSession cpu = onCpu.CreateSession();
        int[] ids = onCpu.Encode(Prompt);
        float[] expected = new float[cpu.VocabularySize];
        float[] found = new float[card.VocabularySize];
        for (int step = 0; step <= tokens; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            cpu.Evaluate(ids, expected, cancellationToken);
            card.Evaluate(ids, found, cancellationToken);
            double error = Difference.Of(expected, found);
            if (!(error <= Tolerance))
            {
                return string.Create(CultureInfo.InvariantCulture, $"the logits of token {step} of an answer are {error:0.0e+0} off the CPU's, expected at most {Tolerance:0.0e+0}");
            }

            int best = IndexOfLargest(expected);
            int written = IndexOfLargest(found);
            if (written != best && expected[best] - expected[written] > Near * Math.Abs(expected[best]))
            {
                return $"token {step} of an answer is {written}, expected {best} as on the CPU";
            }

            ids = [best];
        }

        return null;
    });

    static int IndexOfLargest(float[] logits) => LogitScan.IndexOf(logits, LogitScan.Maximum(logits));
}
