using Octet.Backends;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>The matrices of a checkpoint of any architecture, found by the names and types of its tensors, and what is left beside them.</summary>
sealed class SourceModules
{
    readonly List<SourceModule> _modules = [];

    /// <param name="checkpoint">The files.</param>
    /// <param name="quantization">What their config says; null: none.</param>
    /// <param name="isModel">Whether the checkpoint was found to be a model that runs here, tensor by tensor.</param>
    /// <param name="experts">Of such a model, which layers its experts in one tensor are.</param>
    /// <exception cref="ModelException">Codes or scales do not belong together, are of a shape that cannot be encoded anew, or have something beside them that is not understood.</exception>
    internal SourceModules(SafetensorsCheckpoint checkpoint, QuantizationConfig? quantization, bool isModel, IReadOnlyList<StackedExperts> experts)
    {
        Checkpoint = checkpoint;
        Experts = [.. experts.Select(stacked => new SourceExperts(stacked))];
        var formats = LayerFormats.Read(checkpoint, quantization);
        var ledger = new WeightLedger(checkpoint, quantization, formats);
        Marks = formats.Marks;
        foreach (TensorView tensor in checkpoint.Tensors)
        {
            if (TryFind(checkpoint, tensor, quantization) is not var (name, rows, columns))
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

        HashSet<string> taken = [.. ledger.Taken, .. Marks.Select(mark => mark.Name)];

        // Scales may be of FP8 too: what is left when matrices have theirs.
        foreach (TensorView tensor in checkpoint.Tensors.Where(tensor => !taken.Contains(tensor.Name)))
        {
            if (CodeTensors.TryRead(checkpoint, quantization, tensor) is { } other)
            {
                _modules.Add(other);
                taken.UnionWith(other.Scales.Select(scale => scale.Name).Prepend(tensor.Name));
            }
        }

        RequireCodes(checkpoint, taken);
        var companions = new LayerCompanions(_modules.Where(module => module.IsQuantized).Select(module => module.Name), isModel);
        Others = [.. checkpoint.Tensors.Where(tensor => !taken.Contains(tensor.Name) && !companions.IsDead(tensor))];
        CacheScales = companions.TakeCacheScales(checkpoint, quantization);
        foreach (TensorView tensor in Others)
        {
            RequirePlain(tensor);
            companions.RequireKnown(tensor);
        }
    }

    internal SafetensorsCheckpoint Checkpoint { get; }

    internal IReadOnlyList<SourceModule> Modules => _modules;

    /// <summary>Experts in one tensor, as matrices of their own; their tensors are among <see cref="Modules"/> or <see cref="Others"/> all the same.</summary>
    internal IReadOnlyList<SourceExperts> Experts { get; }

    /// <summary>Tensors that say of what format layers are.</summary>
    internal IReadOnlyList<TensorView> Marks { get; }

    /// <summary>Scales of a key/value cache. Those among <see cref="Others"/> are to be copied only where the target has use of them.</summary>
    internal IReadOnlyList<TensorView> CacheScales { get; }

    /// <summary>Everything else, to be copied.</summary>
    internal IReadOnlyList<TensorView> Others { get; }

    /// <summary>The module and shape of the matrix whose weight or codes a tensor is; null for a tensor that is no such thing.</summary>
    static (string Name, long Rows, long Columns)? TryFind(SafetensorsCheckpoint checkpoint, TensorView tensor, QuantizationConfig? quantization)
    {
        ReadOnlySpan<long> shape = tensor.Shape;
        foreach (WeightScheme scheme in WeightScheme.All)
        {
            if (!tensor.Name.EndsWith(scheme.Codes, StringComparison.Ordinal))
            {
                continue;
            }

            string name = tensor.Name[..^scheme.Codes.Length];
            if (tensor.DataType is DataType.Float32 or DataType.BFloat16 or DataType.Float16)
            {
                if (shape.Length == 2 && scheme.Codes == WeightScheme.PlainSuffix)
                {
                    return (name, shape[0], shape[1]);
                }

                continue;
            }

            // Codes in a third dimension are blocks of a row (gpt-oss); other third dimensions are experts.
            checkpoint.TryGetTensor(name + scheme.Scale, out TensorView? scale);
            bool isMatrix = shape.Length == 2 || (shape.Length == 3 && tensor.DataType == DataType.UInt8);
            if (isMatrix && StoredCodes.Of(tensor, scale, quantization) is { } codes)
            {
                return (name, codes.Rows, codes.Columns);
            }
        }

        return null;
    }

    /// <summary>Whole numbers with scales beside them are codes too, of formats that are not of floats.</summary>
    static void RequireCodes(SafetensorsCheckpoint checkpoint, HashSet<string> taken)
    {
        foreach (TensorView tensor in checkpoint.Tensors.Where(tensor => !taken.Contains(tensor.Name) && tensor.DataType is DataType.Int8 or DataType.UInt8 or DataType.Int16 or DataType.Int32 or DataType.UInt32))
        {
            if (WeightScheme.All.FirstOrDefault(scheme => tensor.Name.EndsWith(scheme.Codes, StringComparison.Ordinal) && checkpoint.TryGetTensor(tensor.Name[..^scheme.Codes.Length] + scheme.Scale, out _)) is not null)
            {
                throw new ModelException(
                    ModelError.Unsupported,
                    $"{tensor.File.Path}: tensor {tensor.Name}: codes of type {tensor.DataType} are not implemented: expected FP8 (F8_E4M3, F8_E5M2 and their FNUZ forms) or FP4 (F4, or U8 with two in a byte)",
                    tensor.File.Path,
                    tensor.Name);
            }
        }
    }

    static void RequirePlain(TensorView tensor)
    {
        bool codes = tensor.DataType is DataType.Float8E4M3FN or DataType.Float8E5M2 or DataType.Float8E4M3FNUZ or DataType.Float8E5M2FNUZ or DataType.Float4E2M1FN;
        bool scale = WeightScheme.All.Any(scheme => scheme.Scale.Contains("weight", StringComparison.Ordinal) && tensor.Name.EndsWith(scheme.Scale, StringComparison.Ordinal));
        if (codes || scale)
        {
            string what = codes
                ? $"codes of type {tensor.DataType} and shape [{string.Join(", ", tensor.Shape.ToArray())}] whose scales are missing or under a name that is not known"
                : "a scale of weights that are not there, or of a type or shape";
            throw new ModelException(
                ModelError.Unsupported,
                $"{tensor.File.Path}: tensor {tensor.Name}: {what}, which is not implemented: expected FP8 or FP4 codes [outputs, inputs] or [experts, outputs, inputs] with their scales beside them",
                tensor.File.Path,
                tensor.Name);
        }
    }
}
