using System.Numerics.Tensors;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Safetensors;

namespace Octet.Embeddings;

/// <summary>
/// A dense layer behind the pooling (sentence-transformers' <c>Dense</c>), which multiplies one vector a text. Its weights are small and in a file of their
/// own: they are widened when the model is opened.
/// </summary>
sealed class DenseLayer
{
    readonly float[] _weight;
    readonly float[]? _bias;
    readonly int _inputs;
    readonly bool _isTanh;

    DenseLayer(float[] weight, float[]? bias, int inputs, int outputs, bool isTanh)
    {
        (_weight, _bias, _inputs, Outputs, _isTanh) = (weight, bias, inputs, outputs, isTanh);
    }

    internal int Outputs { get; }

    /// <param name="directory">Of the module.</param>
    /// <param name="inputs">What the modules before it give.</param>
    /// <exception cref="ModelException">It is not right, or asks for what is not implemented.</exception>
    internal static DenseLayer Load(string directory, int inputs)
    {
        ConfigObject json = ConfigObject.Load(Path.Combine(directory, ModelConfig.FileName));
        if (json.Int32("in_features", 1) != inputs)
        {
            throw json.Unexpected("in_features", $"what the modules before it give, {inputs}");
        }

        int outputs = json.Int32("out_features", 1, 1 << 20);
        bool isTanh = (json.TryString("activation_function") ?? "torch.nn.modules.activation.Tanh") switch
        {
            { } name when name.EndsWith(".Tanh", StringComparison.Ordinal) => true,
            { } name when name.EndsWith(".Identity", StringComparison.Ordinal) => false,
            _ => throw json.Unsupported("activation_function", "torch's Tanh and Identity"),
        };
        using var checkpoint = SafetensorsCheckpoint.Open(directory);
        var weights = new WeightLedger(checkpoint, null);
        float[] weight = FloatTensor.Widen(weights.Floats("linear.weight", outputs, inputs));
        float[]? bias = json.TryBoolean("bias") ?? true ? FloatTensor.Widen(weights.Vector("linear.bias", outputs)) : null;
        weights.Close();
        return new DenseLayer(weight, bias, inputs, outputs, isTanh);
    }

    internal float[] Forward(float[] vector)
    {
        var result = new float[Outputs];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = TensorPrimitives.Dot(vector, _weight.AsSpan(i * _inputs, _inputs)) + (_bias is null ? 0 : _bias[i]);
        }

        if (_isTanh)
        {
            TensorPrimitives.Tanh(result, result);
        }

        return result;
    }
}
