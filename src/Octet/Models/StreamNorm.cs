using Octet.Backends;

namespace Octet.Models;

/// <summary>A norm of the stream of hidden states, or of what is added to it: RMSNorm (Zhang and Sennrich, 2019), or LayerNorm (Ba et al., 2016).</summary>
/// <param name="Weight">What is multiplied.</param>
/// <param name="Bias">What is added, of a centred one; null: nothing.</param>
/// <param name="Epsilon">Added to the mean square.</param>
/// <param name="IsCentred">Whether the mean of a row is taken off first.</param>
sealed record StreamNorm(Weight Weight, Weight? Bias, float Epsilon, bool IsCentred)
{
    /// <summary>residual += delta (where there is one); output = the norm of residual. The output may be one of them.</summary>
    internal void Apply(Backend backend, Activations residual, Activations? delta, Activations output, int rows)
    {
        if (IsCentred)
        {
            backend.AddLayerNorm(residual, delta, Weight, Bias, Epsilon, output, rows);
        }
        else
        {
            backend.AddRmsNorm(residual, delta, Weight, Epsilon, output, rows);
        }
    }
}
