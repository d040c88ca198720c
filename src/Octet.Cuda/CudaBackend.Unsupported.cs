using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Cuda;

/// <summary>Operations of families that run on the CPU alone so far.</summary>
sealed partial class CudaBackend
{
    /// <summary>Why cards cannot compute a model, in one line; null: they can.</summary>
    internal static string? Lacks(ModelNeeds needs)
    {
        string? what = (needs.Parts & ModelParts.LatentAttention) != 0 ? "latent attention (MLA)"
            : (needs.Parts & ModelParts.Encoder) != 0 ? "the layers of an encoder"
            : (needs.Parts & ModelParts.AttentionCap) != 0 ? "a soft cap on scores of attention"
            : (needs.Parts & ModelParts.ChunkedAttention) != 0 ? "attention within chunks"
            : (needs.Parts & ModelParts.WeighedInputs) != 0 ? "experts whose inputs are weighed"
            : (needs.Parts & ModelParts.PlainExperts) != 0 ? "experts that are not gated"
            : (needs.Parts & ModelParts.ParallelMixers) != 0 ? "layers with two mixers"
            : (needs.Parts & ModelParts.ChannelDecay) != 0 ? "the delta rule with a decay for each channel"
            : (needs.Parts & ModelParts.SparseMixer) != 0 ? "experts chosen by SparseMixer"
            : needs.HeadDims.FirstOrDefault(size => !HasHeads(size)) is > 0 and int size ? $"attention heads of {size} dimensions, where there are those of 32 to 256 in steps of 8"
            : needs.StateDims.FirstOrDefault(size => !HasStates(size)) is > 0 and int keys ? $"recurrent states of {keys} keys, where there are those of 4 to {MostStateKeys} in steps of 4"
            : null;
        return what is null ? null : $"{needs.Architecture} needs {what}, for which this version has no kernels: use the CPU (--device cpu)";
    }

    static bool HasHeads(int size) => size % 8 == 0 && size is >= 32 and <= 256;

    internal override void PlainExperts(Activations input, Routes routes, ExpertWeights experts, Nonlinearity function, Activations output, bool adds, int rows)
        => throw Unsupported("experts that are not gated");

    internal override void LookUp(Weight table, ReadOnlySpan<int> ids, Activations output, bool adds) => throw Unsupported("an encoder's table");

    internal override void AttendWithin(Activations query, Activations key, Activations value, BidirectionalShape shape, ReadOnlySpan<int> starts, Activations output)
        => throw Unsupported("an encoder's attention");

    internal override void Average(Activations source, ReadOnlySpan<int> starts, Activations destination) => throw Unsupported("the mean of a text's rows");

    internal override void StoreLatent(Activations latent, Weight norm, float epsilon, LatentHeads heads, KvCache cache, int layer, Batch batch)
        => throw Unsupported("latent attention (MLA)");

    internal override void AbsorbQueries(Activations queries, Weight keyValue, LatentHeads heads, Batch batch, Activations absorbed)
        => throw Unsupported("latent attention (MLA)");

    internal override void ExpandValues(Activations means, Weight keyValue, LatentHeads heads, int rows, Activations values)
        => throw Unsupported("latent attention (MLA)");

    internal override void WeighInputs(Activations source, Routes routes, Activations destination, int rows) => throw Unsupported("experts whose inputs are weighed");
}
