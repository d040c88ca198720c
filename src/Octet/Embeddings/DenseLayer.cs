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
    readonly bool _addsInput;
    readonly float[]? _residual;

    DenseLayer(float[] weight, float[]? bias, int inputs, int outputs, bool isTanh, bool addsInput, float[]? residual)
    {
        (_weight, _bias, _inputs, Outputs, _isTanh, _addsInput, _residual) = (weight, bias, inputs, outputs, isTanh, addsInput, residual);
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
        foreach (string key in (string[])["module_input_name", "module_output_name"])
        {
            if (json.TryString(key) is not (null or "sentence_embedding"))
            {
                throw json.Unsupported(key, "\"sentence_embedding\"");
            }
        }

        // What goes in is added to what comes out: as it is, or brought to the other size by a layer of its own.
        bool addsInput = json.TryBoolean("use_residual") ?? false;
        using var checkpoint = SafetensorsCheckpoint.Open(directory);
        var weights = new WeightLedger(checkpoint, null);
        float[] weight = FloatTensor.Widen(weights.Floats("linear.weight", outputs, inputs));
        float[]? bias = json.TryBoolean("bias") ?? true ? FloatTensor.Widen(weights.Vector("linear.bias", outputs)) : null;
        float[]? residual = addsInput && inputs != outputs ? FloatTensor.Widen(weights.Floats("residual.weight", outputs, inputs)) : null;
        weights.Close();
        return new DenseLayer(weight, bias, inputs, outputs, isTanh, addsInput, residual);
    }

    internal float[] Forward(float[] vector)
    {
        float[] result = Product(vector, _weight);
        if (_bias is not null)
        {
            TensorPrimitives.Add(result, _bias, result);
        }

        if (_isTanh)
        {
            TensorPrimitives.Tanh(result, result);
        }

        if (_addsInput)
        {
            TensorPrimitives.Add(result, _residual is null ? vector : Product(vector, _residual), result);
        }

        return result;
    }

    float[] Product(float[] vector, float[] weight)
    {
        var result = new float[Outputs];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = TensorPrimitives.Dot(vector, weight.AsSpan(i * _inputs, _inputs));
        }

        return result;
    }
}
