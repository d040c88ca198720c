using System.Numerics.Tensors;

namespace Octet.Quantization;

/// <summary>The largest magnitude of a matrix, or of several that an engine fuses and that share a scale, found band by band.</summary>
sealed class LargestMagnitude
{
    readonly Lock _lock = new();

    internal float Value { get; private set; }

    internal void Add(ReadOnlySpan<float> values)
    {
        float largest = values.IsEmpty ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude(values));
        lock (_lock)
        {
            Value = Math.Max(Value, largest);
        }
    }
}
