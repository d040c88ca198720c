namespace Octet.Quantization;

/// <summary>What a quantisation did.</summary>
/// <param name="Modules">The layers whose weights were encoded anew, in the order of the source.</param>
/// <param name="CopiedTensors">How many tensors were copied as they were.</param>
/// <param name="SourceBytes">Bytes of the source's tensors.</param>
/// <param name="DestinationBytes">Bytes of the tensors written.</param>
/// <param name="Files">The files written, with their paths.</param>
/// <param name="Notes">What a user should know: layers that could not be quantised, and why.</param>
public sealed record QuantizationReport(
    IReadOnlyList<QuantizedModule> Modules, int CopiedTensors, long SourceBytes, long DestinationBytes, IReadOnlyList<string> Files, IReadOnlyList<string> Notes)
{
    /// <summary>That of all weights together that were encoded anew, in decibels (<see cref="QuantizedModule.SignalToNoise"/>).</summary>
    public double SignalToNoise => new QuantizedModule("", 0, 0, Modules.Sum(module => module.SquaredSignal), Modules.Sum(module => module.SquaredError)).SignalToNoise;
}
