namespace Octet.Quantization;

/// <summary>A linear layer whose weight was encoded anew.</summary>
/// <param name="Name">The module, such as <c>model.layers.0.mlp.up_proj</c>.</param>
/// <param name="Rows">Outputs.</param>
/// <param name="Columns">Inputs.</param>
/// <param name="SquaredSignal">The sum of the squares of the source's weights.</param>
/// <param name="SquaredError">The sum of the squares of the differences between these and what the new codes and scales stand for.</param>
public sealed record QuantizedModule(string Name, long Rows, int Columns, double SquaredSignal, double SquaredError)
{
    /// <summary>Signal to noise in decibels, 10 log10(signal / error); infinite where nothing was lost.</summary>
    public double SignalToNoise => SquaredError == 0 ? double.PositiveInfinity : 10 * Math.Log10(SquaredSignal / SquaredError);
}
