namespace Octet.Quantization;

/// <summary>How far a quantisation is.</summary>
/// <param name="Done">Bytes read so far, of the source and, at the end, of what was written.</param>
/// <param name="Total">Bytes to be read in all.</param>
public readonly record struct QuantizationProgress(long Done, long Total);
