using Octet.Backends;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// The tensors of a checkpoint, each handed out exactly once, with FP8 weights paired to their scales. What a model asks for and does
/// not find, and what is left when it has asked for everything, is an error: a dropped scale computes fluent nonsense.
/// </summary>
sealed class WeightLedger(SafetensorsCheckpoint checkpoint, QuantizationConfig? quantization)
{
    const string ScaleSuffix = "_scale_inv";
    readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    internal SafetensorsCheckpoint Checkpoint { get; } = checkpoint;

    /// <summary>A linear layer <c>name.weight</c> of [outputs, inputs], quantised exactly when its weight is FP8 and its scale is there.</summary>
    internal LinearTensor Linear(string name, long outputs, long inputs)
    {
        TensorView weight = Take(name + ".weight", outputs, inputs);
        bool scaled = Checkpoint.TryGetTensor(weight.Name + ScaleSuffix, out TensorView? scale);
        if (weight.DataType is not (DataType.Float8E4M3FN or DataType.Float8E5M2))
        {
            if (scaled)
            {
                throw Error(scale!, $"scales of {weight.Name}, whose type is {weight.DataType}: only FP8 weights have scales; the checkpoint contradicts itself");
            }

            RequireFloat(weight);
            return new LinearTensor(weight, null, 1, checked((int)inputs));
        }

        if (weight.DataType is DataType.Float8E5M2)
        {
            throw Error(weight, "an F8_E5M2 weight: supported are F8_E4M3 with block scales, BF16, F16 and F32");
        }

        if (quantization?.WeightBlockSize is not { } block)
        {
            throw Error(weight, $"an F8_E4M3 weight, but {ModelConfig.FileName} has no quantization_config with a weight_block_size: the layout of its scales is unknown");
        }

        if (!scaled)
        {
            throw Error(weight, $"an F8_E4M3 weight without its scale: expected a tensor {weight.Name}{ScaleSuffix} of {Ceiling(outputs, block.Rows)} x {Ceiling(inputs, block.Columns)}; the file is incomplete or of another scheme");
        }

        return new LinearTensor(weight, Scales(Take(scale!.Name, Ceiling(outputs, block.Rows), Ceiling(inputs, block.Columns)), weight), block.Rows, block.Columns);
    }

    /// <summary>A vector such as a norm's weight, of a wider float type.</summary>
    internal TensorView Vector(string name, long length)
    {
        TensorView tensor = Take(name, length);
        RequireFloat(tensor);
        return tensor;
    }

    /// <summary>A tensor that is known to be stored and not used; <paramref name="reason"/> is for the reader of the code.</summary>
    internal void Skip(string name, string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        if (Checkpoint.TryGetTensor(name, out _))
        {
            _taken.Add(name);
        }
    }

    /// <summary>Fails when a tensor was not asked for.</summary>
    internal void Close()
    {
        List<TensorView> left = [.. Checkpoint.Tensors.Where(tensor => !_taken.Contains(tensor.Name))];
        if (left.Count == 0)
        {
            return;
        }

        TensorView first = left[0];
        string others = left.Count == 1 ? "" : $" and {left.Count - 1} more";
        string why = first.Name.EndsWith(ScaleSuffix, StringComparison.Ordinal) ? ": a scale without the FP8 weight it belongs to" : "";
        throw Error(first, $"a tensor that the model does not have{others}{why}; the checkpoint is of another architecture or scheme than {ModelConfig.FileName} says");
    }

    TensorView Take(string name, params ReadOnlySpan<long> shape)
    {
        if (!Checkpoint.TryGetTensor(name, out TensorView? tensor))
        {
            throw new ModelException($"{Checkpoint.Path}: tensor {name} is missing; expected shape {Describe(shape)}. The download is incomplete or the files are of another model", Checkpoint.Path, name);
        }

        if (!tensor.Shape.SequenceEqual(shape))
        {
            throw Error(tensor, $"shape {Describe(tensor.Shape)}, expected {Describe(shape)} by {ModelConfig.FileName}");
        }

        if (!_taken.Add(name))
        {
            throw new InvalidOperationException($"tensor {name} is asked for twice");
        }

        return tensor;
    }

    static float[] Scales(TensorView scale, TensorView weight)
    {
        if (!FloatTensor.IsSupported(scale.DataType))
        {
            throw Error(scale, $"scales of type {scale.DataType}, expected F32, BF16 or F16");
        }

        float[] values = FloatTensor.Widen(scale);
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]) || values[i] < 0)
            {
                long columns = scale.Shape[1];
                throw Error(scale, $"the scale of block [{i / columns}, {i % columns}] of {weight.Name} is {values[i]}, expected a finite number from 0: the file is damaged");
            }
        }

        return values;
    }

    static void RequireFloat(TensorView tensor)
    {
        if (!FloatTensor.IsSupported(tensor.DataType))
        {
            throw Error(tensor, $"type {tensor.DataType}, expected BF16, F16 or F32");
        }
    }

    static long Ceiling(long count, int block) => (count + block - 1) / block;

    static string Describe(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    static ModelException Error(TensorView tensor, string what) => new($"{tensor.File.Path}: tensor {tensor.Name}: {what}", tensor.File.Path, tensor.Name);
}
