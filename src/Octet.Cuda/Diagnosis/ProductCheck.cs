using System.Globalization;
using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Safetensors;

namespace Octet.Cuda.Diagnosis;

/// <summary>Whether a card's products are those of the CPU: of every FP8 code exactly, of FP8 and bfloat16 layers within what the numbers allow.</summary>
static class ProductCheck
{
    // No multiples of what kernels take at a time. One row, a few, and more than a step of a few takes.
    const int Columns = 320;
    const int Outputs = 144;
    static readonly int[] s_rows = [1, 5, 130];

    // Inputs of many rows have 11 bits; those that are quantised may round to a neighbour where both backends are a bit apart.
    const double Tolerance = 2e-3;

    /// <summary>Every code of E4M3, alone in its row, times 1.</summary>
    internal static CardCheck Codes(CudaDriver driver, int ordinal) => Try("FP8 codes", () =>
    {
        using var weights = TrialWeights.EveryCode(Columns);
        using var trial = new TrialBackend(CudaContext.Open(driver, ordinal), ActivationMode.WeightOnly);
        foreach (int rows in s_rows)
        {
            float[] ones = new float[rows * Columns];
            Array.Fill(ones, 1);
            (float[] card, float[] cpu) = trial.Multiply(weights.Tensor, ones);
            int wrong = card.AsSpan().CommonPrefixLength(cpu);
            if (wrong < card.Length)
            {
                return string.Create(CultureInfo.InvariantCulture, $"code 0x{wrong % 256:x2} of E4M3 is {card[wrong]:g9} in a product of {rows} rows, expected {cpu[wrong]:g9}");
            }
        }

        return null;
    });

    /// <summary>Random layers and inputs, in both ways to hold the inputs.</summary>
    internal static CardCheck Layers(CudaDriver driver, int ordinal, CancellationToken cancellationToken) => Try("products", () =>
    {
        var random = new Random(1);
        using var float8 = TrialWeights.Float8(Outputs, Columns, random);
        using var bfloat16 = TrialWeights.BFloat16(Outputs, Columns, random);
        foreach (ActivationMode mode in (ActivationMode[])[ActivationMode.WeightOnly, ActivationMode.Dynamic])
        {
            using var trial = new TrialBackend(CudaContext.Open(driver, ordinal), mode);
            foreach ((string name, LinearTensor tensor) in ((string, LinearTensor)[])[("FP8", float8.Tensor), ("bfloat16", bfloat16.Tensor)])
            {
                foreach (int rows in s_rows)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    (float[] card, float[] cpu) = trial.Multiply(tensor, [.. Enumerable.Range(0, rows * Columns).Select(_ => (4 * random.NextSingle()) - 2)]);
                    double error = Difference.Of(cpu, card);

                    // Written so that NaN is an error.
                    if (!(error <= Tolerance))
                    {
                        return string.Create(CultureInfo.InvariantCulture, $"a {name} layer of {rows} rows ({mode}) is {error:0.0e+0} off the CPU's, expected at most {Tolerance:0.0e+0}");
                    }
                }
            }
        }

        return null;
    });

    /// <summary>What a trial found, or what ended it.</summary>
    internal static CardCheck Try(string name, Func<string?> trial)
    {
        try
        {
            return new CardCheck(name, trial());
        }
        catch (Exception error) when (error is ModelException or SafetensorsException)
        {
            return new CardCheck(name, error.Message);
        }
    }
}
