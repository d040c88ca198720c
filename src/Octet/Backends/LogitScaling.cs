using System.Numerics.Tensors;

namespace Octet.Backends;

/// <summary>What logits become behind the output layer: times <paramref name="Factor"/>, then c * tanh(logit / c) where there is a <paramref name="Cap"/> c.</summary>
/// <param name="Factor">What they are multiplied with.</param>
/// <param name="Cap">Above 0; null: they stay.</param>
readonly record struct LogitScaling(float Factor, float? Cap)
{
    /// <summary>Whether they stay as they are.</summary>
    internal bool IsIdentity => Factor == 1 && Cap is null;

    /// <summary>The same of logits on the host.</summary>
    internal void Apply(Span<float> logits)
    {
        if (Factor != 1)
        {
            TensorPrimitives.Multiply(logits, Factor, logits);
        }

        if (Cap is { } cap)
        {
            TensorPrimitives.Divide(logits, cap, logits);
            TensorPrimitives.Tanh(logits, logits);
            TensorPrimitives.Multiply(logits, cap, logits);
        }
    }
}
