using Octet.Backends;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// A kind of tensor that published checkpoints have and that no weight depends on, known by the end of its name. One that is there is looked
/// at all the same: what is wrong with it is an error.
/// </summary>
/// <param name="Suffix">The end of its name.</param>
/// <param name="What">What it is.</param>
/// <param name="Why">Why nothing is lost without it.</param>
/// <param name="IsZero">Whether it must be all zero; else it holds numbers above 0.</param>
sealed record UnreadTensor(string Suffix, string What, string Why, bool IsZero = false)
{
    const string Queries = "a scale of queries";
    const string Probabilities = "a scale of attention's probabilities";
    const string InFloat8 = "for attention in FP8, which is computed in wider types here";
    const string Offset = "an offset of codes";
    const string Zero = "it is zero";
    const string Inputs = "a scale of the inputs of experts";
    const string OfCodes = "for inputs in FP8, whose scales are computed here";

    /// <summary>Every kind. Sources: llm-compressor, Quark and AutoRound as vLLM's loader reads them, vLLM's own names, and compressed-tensors.</summary>
    internal static IReadOnlyList<UnreadTensor> All { get; } =
    [
        new(".q_scale", Queries, InFloat8),
        new(".q_proj" + WeightScheme.OutputScale, Queries, InFloat8),
        new(".prob_output_scale", Probabilities, InFloat8),
        new(".prob_scale", Probabilities, InFloat8),
        new(".weight_zero_point", Offset, Zero, IsZero: true),
        new(".input_zero_point", Offset, Zero, IsZero: true),
        new(".output_zero_point", Offset, Zero, IsZero: true),
        new(".q_zero_point", Offset, Zero, IsZero: true),
        new(".k_zero_point", Offset, Zero, IsZero: true),
        new(".v_zero_point", Offset, Zero, IsZero: true),
    ];

    /// <summary>Those that stand beside experts in one tensor, after its name (Mistral Small 4): a number for each, or one.</summary>
    internal static IReadOnlyList<UnreadTensor> OfExperts { get; } = [new("_activation_scale", Inputs, OfCodes), new("_input_scale", Inputs, OfCodes)];

    internal string Reason => $"{What}, {Why}";

    /// <summary>The kind that a tensor is by its name; null: none of these.</summary>
    internal static UnreadTensor? Of(string name) => All.FirstOrDefault(kind => name.EndsWith(kind.Suffix, StringComparison.Ordinal));

    /// <summary>What is wrong with a tensor of this kind; null: nothing, and it may be skipped.</summary>
    internal string? Problem(TensorView tensor)
    {
        byte[] bytes = new byte[Math.Min(tensor.ByteLength, 1 << 24)];
        if (bytes.Length == tensor.ByteLength && IsZero)
        {
            tensor.CopyTo(bytes);
            return bytes.AsSpan().ContainsAnyExcept((byte)0) ? $"{What} that is not zero, which is not implemented" : null;
        }

        if (bytes.Length != tensor.ByteLength || !FloatTensor.IsSupported(tensor.DataType) || tensor.ElementCount == 0)
        {
            return $"{What} of type {tensor.DataType} and shape [{string.Join(", ", tensor.Shape.ToArray())}], expected numbers in F32, BF16 or F16";
        }

        float[] values = FloatTensor.Widen(tensor);
        int wrong = Array.FindIndex(values, value => !(float.IsFinite(value) && value > 0));
        return wrong < 0 ? null : $"{What} of {values[wrong]}, expected a finite number above 0: the file is damaged";
    }
}
