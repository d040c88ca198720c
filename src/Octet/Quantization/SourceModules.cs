using Octet.Backends;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>The matrices of a checkpoint of any architecture, found by the names and types of its tensors, and what is left beside them.</summary>
sealed class SourceModules
{
    readonly List<SourceModule> _modules = [];

    /// <exception cref="ModelException">Codes or scales do not belong together, or are of a shape that cannot be encoded anew.</exception>
    internal SourceModules(SafetensorsCheckpoint checkpoint, QuantizationConfig? quantization)
    {
        Checkpoint = checkpoint;
        var ledger = new WeightLedger(checkpoint, quantization);
        foreach (TensorView tensor in checkpoint.Tensors)
        {
            if (TryFind(checkpoint, tensor) is not var (name, rows, columns))
            {
                continue;
            }

            int before = ledger.Taken.Count;
            LinearTensor weight = ledger.Linear(name, rows, columns);
            List<TensorView> scales = [];
            for (int i = before; i < ledger.Taken.Count; i++)
            {
                if (ledger.Taken[i] != tensor.Name)
                {
                    scales.Add(checkpoint[ledger.Taken[i]]);
                }
            }

            _modules.Add(new SourceModule(name, weight, scales));
        }

        ledger.SkipUnread();
        HashSet<string> taken = new(ledger.Taken, StringComparer.Ordinal);
        Others = [.. checkpoint.Tensors.Where(tensor => !taken.Contains(tensor.Name))];
        foreach (TensorView tensor in Others)
        {
            RequirePlain(tensor);
        }
    }

    internal SafetensorsCheckpoint Checkpoint { get; }

    internal IReadOnlyList<SourceModule> Modules => _modules;

    /// <summary>Everything else, to be copied.</summary>
    internal IReadOnlyList<TensorView> Others { get; }

    /// <summary>The module and shape of the matrix whose weight or codes a tensor is; null for a tensor that is no such thing.</summary>
    static (string Name, long Rows, long Columns)? TryFind(SafetensorsCheckpoint checkpoint, TensorView tensor)
    {
        ReadOnlySpan<long> shape = tensor.Shape;
        foreach (WeightScheme scheme in WeightScheme.All)
        {
            if (!tensor.Name.EndsWith(scheme.Codes, StringComparison.Ordinal))
            {
                continue;
            }

            string name = tensor.Name[..^scheme.Codes.Length];
            bool scaled = checkpoint.TryGetTensor(name + scheme.Scale, out _);
            switch (tensor.DataType)
            {
                case DataType.Float32 or DataType.BFloat16 or DataType.Float16 when shape.Length == 2 && scheme.Codes == WeightScheme.PlainSuffix:
                    return (name, shape[0], shape[1]);
                case DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ or DataType.Float4E2M1FN when shape.Length == 2:
                    return (name, shape[0], shape[1]);
                case DataType.UInt8 when shape.Length == 2 && scaled:
                    return (name, shape[0], checked(shape[1] * 2));
                case DataType.UInt8 when shape.Length == 3 && scaled:
                    return (name, shape[0], checked(shape[1] * shape[2] * 2));
            }
        }

        return null;
    }

    static void RequirePlain(TensorView tensor)
    {
        bool codes = tensor.DataType is DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ or DataType.Float4E2M1FN;
        bool scale = WeightScheme.All.Any(scheme => scheme.Scale.Contains("weight", StringComparison.Ordinal) && tensor.Name.EndsWith(scheme.Scale, StringComparison.Ordinal));
        if (codes || scale)
        {
            string what = codes ? $"codes of shape {tensor}" : "a scale";
            throw new ModelException(
                ModelError.Unsupported,
                $"{tensor.File.Path}: tensor {tensor.Name}: {what} that belongs to no matrix this can encode: expected codes [outputs, inputs] with their scales beside them",
                tensor.File.Path,
                tensor.Name);
        }
    }
}
